//! WorkloadEntry, endpoints of ServiceEntries, WorkloadGroup and ProxyConfig (validation-rules.md §8).
//! Rule invalid-resource.
//!
//! Must not know services, except the port names it is told.

use super::common::{self, filled, not_negative};
use super::headers;
use super::names::{self, is_label};
use super::service_entry::PortNames;
use crate::validate::report::At;

/// A WorkloadEntry: address or name, ports unknown to it.
pub(super) fn check_entry(spec: At<'_>) {
    workload(spec, None, true);
}

/// An endpoint of a STATIC ServiceEntry.
pub(super) fn check_endpoint(endpoint: At<'_>, ports: &PortNames<'_>) {
    workload(endpoint, Some(ports), false);
}

/// An endpoint of a ServiceEntry that is resolved by DNS.
pub(super) fn check_dns_endpoint(endpoint: At<'_>, ports: &PortNames<'_>) {
    address(endpoint.get("address"), true);
    common::labels(endpoint.field("labels"));
    endpoint_ports(endpoint, Some(ports));
}

fn workload(at: At<'_>, ports: Option<&PortNames<'_>>, names_allowed: bool) {
    let address_at = at.get("address");
    let text = address_at.text();
    if text.is_empty() {
        if !filled(at, "network") {
            address_at
                .kind_error("§8", "an address is missing")
                .covers(at);
            return;
        }
        let fact = format!(
            "{} is reached through network {}",
            at.path(),
            at.str("network")
        );
        at.kind_warning(
            "§8",
            format!("{fact}: without an address its gateway must be known"),
        );
    }
    let unix = text.strip_prefix("unix://");
    if let Some(path) = unix {
        address_at.check("UDS", names::unix_path(path));
        if at
            .value
            .get("ports")
            .as_map()
            .is_some_and(|ports| !ports.is_empty())
        {
            at.get("ports")
                .kind_error("§8", "a unix socket has no ports")
                .at_key()
                .covers(at);
        }
    } else if !text.is_empty() {
        address(address_at, names_allowed);
    }
    endpoint_ports(at, ports);
    common::labels(at.field("labels"));
    if unix.is_some() && ports.is_some_and(|ports| ports.count() != 1) {
        address_at.kind_error(
            "§8",
            "a unix socket can stand for one port of the service only",
        );
    }
}

fn address(at: At<'_>, names_allowed: bool) {
    let address = at.text();
    if names::is_ip(address) || (names_allowed && names::fqdn(address).is_ok()) {
        return;
    }
    let or_name = if names_allowed {
        " and no host name"
    } else {
        " (resolution STATIC takes no names)"
    };
    at.value_error("§8", format!("\"{address}\" is no IP address{or_name}"));
}

fn endpoint_ports(at: At<'_>, ports: Option<&PortNames<'_>>) {
    for (name, port) in at.map("ports") {
        if ports.is_some_and(|ports| !ports.has(name)) {
            port.kind_error("§8", format!("the entry has no port called {name}"))
                .at_key();
        }
        if !is_label(name) {
            port.value_error("PNAME", format!("\"{name}\" is no port name (a DNS label)"))
                .at_key();
        }
        port.check("PORT", names::port(port.value.as_int().unwrap_or(0)));
    }
}

/// A WorkloadGroup; its template is not checked.
pub(super) fn check_group(spec: At<'_>) {
    if !spec.has("template") {
        spec.get("template")
            .kind_error("§8", "a template is missing");
        return;
    }
    let labels = spec
        .field("metadata")
        .and_then(|metadata| metadata.field("labels"));
    common::labels(labels);
    if let Some(probe) = spec.field("probe") {
        readiness_probe(probe);
    }
}

fn readiness_probe(probe: At<'_>) {
    let counts = [
        "periodSeconds",
        "initialDelaySeconds",
        "timeoutSeconds",
        "successThreshold",
        "failureThreshold",
    ];
    not_negative(probe, "§8", &counts);
    let port = |at: At<'_>| at.get("port").check("PORT", names::port(at.int("port")));
    if let Some(get) = probe.field("httpGet") {
        port(get);
        if !matches!(get.str("scheme"), "" | "HTTP" | "HTTPS") {
            get.get("scheme").value_error("§8", "must be HTTP or HTTPS");
        }
        for header in get.list("httpHeaders") {
            header
                .get("name")
                .check("§8", headers::strict_name(header.str("name"), false));
        }
    } else if let Some(socket) = probe.field("tcpSocket") {
        port(socket);
    } else if let Some(exec) = probe.field("exec") {
        if exec.len("command") == 0 {
            exec.get("command")
                .value_error("§8", "a command is missing");
        }
    } else if !probe.has("grpc") {
        probe.kind_error("§8", "a probe needs httpGet, tcpSocket or exec");
    } else {
        probe
            .get("grpc")
            .kind_error("§8", "istiod 1.30 does not take grpc probes");
    }
}

/// A ProxyConfig resource.
pub(super) fn check_proxy_config(spec: At<'_>) {
    common::selector(spec.field("selector"));
    not_negative(spec, "§8", &["concurrency"]);
}
