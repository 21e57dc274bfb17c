//! MeshConfig, MeshNetworks and the proxies' defaultConfig (validation-rules.md §11). Rule
//! invalid-resource: istiod loads the file, and one error makes it keep the file it had.
//!
//! Only what is written is checked: the rest has istiod's defaults. Must not know where the file is.

use super::common::{self, filled};
use super::locality;
use super::names::{self, is_label};
use super::traffic_policy::client_tls;
use crate::validate::Severity;
use crate::validate::duration;
use crate::validate::go;
use crate::validate::report::At;

/// Names of curves that BoringSSL knows.
const CURVES: &[&str] = &[
    "P-224",
    "P-256",
    "P-521",
    "P-384",
    "X25519",
    "X25519Kyber768Draft00",
    "X25519MLKEM768",
];

pub(super) fn check(mesh: At<'_>) {
    port(mesh, "proxyListenPort");
    if let Some(timeout) = mesh.field("connectTimeout")
        && common::duration(timeout).is_some_and(|ns| ns > 3_600_000_000_000)
    {
        timeout.kind_error("§11", "connectTimeout is at most 1h");
    }
    if let Some(timeout) = mesh.field("protocolDetectionTimeout") {
        match duration::parse_go(timeout.text()) {
            Some(ns) if ns % 1_000_000 == 0 => {}
            _ => {
                let fact = format!(
                    "\"{}\" is no duration in whole milliseconds",
                    timeout.text()
                );
                timeout.kind_error("§11", fact);
            }
        }
    }
    if let Some(config) = mesh.field("defaultConfig") {
        default_config(config);
    }
    // Outlier detection is set by whoever uses the setting.
    locality::check(mesh.field("localityLbSetting"), true);
    for host in mesh
        .list("serviceSettings")
        .flat_map(|setting| setting.list("hosts"))
    {
        fails(host, names::wildcard_domain(host.text()));
    }
    let domains = mesh
        .field("trustDomain")
        .into_iter()
        .chain(mesh.list("trustDomainAliases"));
    domains.for_each(trust_domain);
    mesh_tls(mesh);
    providers(mesh);
}

/// Rule invalid-resource, where a check fails.
fn fails(at: At<'_>, check: Result<(), String>) {
    if let Err(fact) = check {
        at.kind_error("§11", fact);
    }
}

fn port(at: At<'_>, key: &'static str) {
    if let Some(field) = at.field(key) {
        fails(field, names::port(at.int(key)));
    }
}

fn trust_domain(at: At<'_>) {
    let parts: Vec<&str> = at.text().split('.').collect();
    let last = parts.len() - 1;
    let fits =
        |(i, part): (usize, &&str)| is_label(part) || (i == last && i > 0 && part.is_empty());
    if !parts.iter().enumerate().all(fits) {
        at.kind_error("§11", format!("\"{}\" is no trust domain", at.text()));
    }
}

fn mesh_tls(mesh: At<'_>) {
    if let Some(curves) = mesh.get("meshMTLS").field("ecdhCurves") {
        curves
            .kind_error("§11", "TLS inside the mesh takes no ecdhCurves")
            .at_key();
    }
    let mut seen: Vec<&str> = Vec::new();
    for curve in mesh.get("tlsDefaults").list("ecdhCurves") {
        let name = curve.text();
        if !CURVES.contains(&name) && !name.is_empty() {
            curve.no_effect("§11", format!("Envoy knows no curve {name}"));
        } else if seen.contains(&name) {
            curve
                .no_effect("§11", "it is listed twice")
                .fix_delete(curve, true);
        }
        seen.push(name);
    }
}

/// istiod only logs these: a provider that nobody uses does no harm.
fn providers(mesh: At<'_>) {
    let warn = |at: At<'_>, fact: String| {
        at.kind_warning(
            "§11",
            format!("extension provider: {fact}; istiod cannot use it"),
        );
    };
    let mut seen: Vec<&str> = Vec::new();
    for provider in mesh.list("extensionProviders") {
        let name = provider.get("name");
        if name.text().is_empty() {
            warn(name, "it has no name".into());
        } else if seen.contains(&name.text()) {
            warn(name, format!("two are called {}", name.text()));
        }
        seen.push(name.text());
        for (kind, config) in provider.entries().filter(|(key, _)| *key != "name") {
            let addressed = !matches!(kind, "prometheus" | "stackdriver" | "envoyFileAccessLog");
            if !addressed || config.value.as_map().is_none() {
                continue;
            }
            if let Err(fact) = names::port(config.int("port")) {
                warn(config.get("port"), fact);
            }
            if let Err(fact) = service(config.str("service")) {
                warn(config.get("service"), fact);
            }
            let prefix = config.str("pathPrefix");
            if !prefix.is_empty() && !prefix.starts_with('/') {
                warn(config.get("pathPrefix"), "pathPrefix begins with /".into());
            }
            let status = config.get("statusOnError");
            let code = go::atoi(status.text()).filter(|code| (100..600).contains(code));
            if !status.text().is_empty() && code.is_none() {
                warn(status, format!("\"{}\" is no HTTP status", status.text()));
            }
            if kind == "lightstep" && !filled(config, "accessToken") {
                warn(
                    config.get("accessToken"),
                    "an access token is missing".into(),
                );
            }
            if kind == "opentelemetry" && config.has("grpc") && config.has("http") {
                warn(
                    config.get("grpc"),
                    "grpc and http exclude each other".into(),
                );
            }
        }
    }
}

/// A service: a name, an address, or `namespace/host`.
fn service(text: &str) -> Result<(), String> {
    match text.split_once('/') {
        None if names::is_ip(text) => Ok(()),
        None => names::fqdn(text),
        Some((namespace, host)) => {
            let special = matches!(namespace, "*" | "." | "~");
            if !special && !is_label(namespace) {
                return Err(format!("\"{namespace}\" is no namespace"));
            }
            if host != "*" && !host.contains('.') {
                return Err(format!("{host} is a short name"));
            }
            names::wildcard_domain(host)
        }
    }
}

/// `host:port`.
fn address(at: At<'_>) {
    if at.text().is_empty() {
        return;
    }
    let text = at.text().replacen("$(HOST_IP)", "127.0.0.1", 1);
    let fits = go::split_host_port(&text).is_ok_and(|(host, port)| {
        let port = go::atoi(port).is_some_and(|port| names::port(port).is_ok());
        port && (names::is_ip(host) || names::fqdn(host).is_ok())
    });
    if !fits {
        at.kind_error("§11", format!("\"{}\" is no host:port", at.text()));
    }
}

/// `defaultConfig`, and the annotation proxy.istio.io/config.
pub(super) fn default_config(config: At<'_>) {
    for key in [
        "configPath",
        "binaryPath",
        "serviceCluster",
        "discoveryAddress",
    ] {
        if config.value.get(key).as_str() == Some("") {
            config
                .get(key)
                .kind_error("§11", format!("{key} must not be empty"));
        }
    }
    if let Some(drain) = config.field("drainDuration")
        && common::duration(drain).is_some_and(|ns| ns % 1_000_000_000 != 0)
    {
        drain.kind_error("§11", "drainDuration is in whole seconds");
    }
    let tracing = config.get("tracing");
    for tracer in ["lightstep", "zipkin", "datadog"] {
        address(tracing.get(tracer).get("address"));
    }
    client_tls(tracing.field("tlsSettings"), "");
    for at in [
        config.get("discoveryAddress"),
        config.get("statsdUdpAddress"),
        config.get("envoyMetricsServiceAddress"),
        config.get("envoyMetricsService").get("address"),
        config.get("envoyAccessLogService").get("address"),
    ] {
        address(at);
    }
    let allocate = config
        .get("proxyMetadata")
        .field("ISTIO_META_DNS_AUTO_ALLOCATE");
    if let Some(allocate) = allocate {
        let new = "istiod allocates addresses itself (PILOT_ENABLE_IP_AUTOALLOCATE)";
        allocate
            .deprecated("§11", new)
            .at_key()
            .severity(Severity::Warning);
    }
    port(config, "proxyAdminPort");
    port(config, "statusPort");
    if let Some(provider) = config.field("privateKeyProvider") {
        let known = ["cryptomb", "qat"]
            .into_iter()
            .find(|key| provider.has(key));
        match known {
            None => {
                provider.kind_error("§11", "a privateKeyProvider is cryptomb or qat");
            }
            Some(key) => {
                let delay = provider.get(key).get("pollDelay");
                if duration::parse_go(delay.text()).is_none_or(|ns| ns == 0) {
                    delay.kind_error("§11", "pollDelay must be more than 0");
                }
            }
        }
    }
}

/// MeshNetworks.
pub(super) fn check_networks(networks: At<'_>) {
    for (_, network) in networks.map("networks") {
        for endpoint in network.list("endpoints") {
            if let Some(cidr) = endpoint.field("fromCidr") {
                fails(cidr, names::subnet(cidr.text()));
            }
            if let Some(registry) = endpoint
                .field("fromRegistry")
                .filter(|r| !is_label(r.text()))
            {
                registry.kind_error(
                    "§11",
                    format!("\"{}\" is no name of a cluster", registry.text()),
                );
            }
        }
        for gateway in network.list("gateways") {
            if let Some(service) = gateway.field("registryServiceName") {
                fails(service, names::fqdn(service.text()));
            }
            if let Some(at) = gateway
                .field("address")
                .filter(|at| !names::is_ip(at.text()))
            {
                fails(at, names::fqdn(at.text()));
            }
            fails(gateway.get("port"), names::port(gateway.int("port")));
        }
    }
}
