//! ServiceEntry (validation-rules.md §4). Rule invalid-service-entry.
//!
//! Must not know other entries for the same host.

use super::Meta;
use super::common;
use super::names::{self, Protocol, is_label};
use super::workload;
use crate::validate::Edit;
use crate::validate::report::At;
use crate::validate::similar;

pub(super) fn check(meta: &Meta<'_>, spec: At<'_>) {
    if !common::workload_selector(spec) {
        return;
    }
    if spec.has("workloadSelector") && spec.len("endpoints") > 0 {
        let fact = "workloadSelector and endpoints exclude each other";
        let selector = spec.get("workloadSelector");
        spec.get("endpoints")
            .kind_error("§4", fact)
            .at_key()
            .related(selector)
            .covers(spec);
    }
    let resolution = match spec.str("resolution") {
        "" => "NONE",
        resolution => resolution,
    };
    hosts(spec, resolution);
    addresses(spec, resolution);
    ports(meta, spec, resolution);
    match resolution {
        "NONE" => resolution_none(spec),
        "STATIC" => {
            let ports = PortNames::of(spec);
            spec.list("endpoints")
                .for_each(|e| workload::check_endpoint(e, &ports));
        }
        "DNS" | "DNS_ROUND_ROBIN" => resolution_dns(spec, resolution),
        "DYNAMIC_DNS" => resolution_dynamic_dns(meta, spec),
        _ => {}
    }
    if resolution != "NONE" && spec.len("hosts") > 1 {
        several_hosts(spec);
    }
    common::export_to(spec, meta.namespace, false);
}

/// The names of the ports, which those of endpoints must be among.
pub(super) struct PortNames<'a>(Vec<&'a str>);

impl<'a> PortNames<'a> {
    fn of(spec: At<'a>) -> PortNames<'a> {
        let mut names: Vec<&str> = spec.list("ports").map(|port| port.str("name")).collect();
        names.sort_unstable();
        names.dedup();
        PortNames(names)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

fn hosts(spec: At<'_>, resolution: &str) {
    if spec.len("hosts") == 0 {
        spec.get("hosts")
            .kind_error("§4", "there are no hosts")
            .covers(spec);
    }
    for at in spec.list("hosts") {
        let host = at.text();
        if host == "*" {
            at.kind_error(
                "§4",
                "a ServiceEntry cannot be for *: name the hosts, or use *.domain",
            );
            continue;
        }
        at.check("WILD", names::wildcard_domain(host));
        if resolution != "DYNAMIC_DNS" && names::is_partial_wildcard(host) {
            let fact = format!("\"{host}\": a wildcard stands for whole labels, as in *.a.b");
            at.kind_warning("PWILD", fact);
        }
    }
}

fn addresses(spec: At<'_>, resolution: &str) {
    for at in spec.list("addresses") {
        at.check("SUBNET", names::subnet(at.text()));
    }
    let cidr = spec.list("addresses").find(|at| at.text().contains('/'));
    if let Some(at) = cidr.filter(|_| !matches!(resolution, "NONE" | "STATIC")) {
        let fact = format!("CIDR addresses need resolution NONE or STATIC, not {resolution}");
        at.kind_error("§4", fact)
            .related(spec.get("resolution"))
            .covers(spec);
    }
}

fn ports(meta: &Meta<'_>, spec: At<'_>, resolution: &str) {
    let mut seen: Vec<At<'_>> = Vec::new();
    // META: the label takes the entry out of auto-allocation.
    let opted_out = meta
        .labels
        .str("networking.istio.io/enable-autoallocate-ip")
        .eq_ignore_ascii_case("false");
    let allocated = spec.report.context.ip_autoallocate && resolution != "NONE" && !opted_out;
    let unaddressed = spec.len("addresses") == 0 && !allocated;
    for port in spec.list("ports") {
        let (name, number) = (port.get("name"), port.get("number"));
        for first in &seen {
            if !name.text().is_empty() && first.str("name") == name.text() {
                let fact = format!("two ports are called {}", name.text());
                name.kind_error("§4", fact).related(first.get("name"));
            }
            if first.int("number") == port.int("number") && number.value.as_int().is_some() {
                let fact = format!("two ports have the number {}", port.int("number"));
                let list = spec.get("ports");
                number
                    .kind_error("§4", fact)
                    .related(first.get("number"))
                    .covers(list);
            }
        }
        seen.push(port);
        if port.int("targetPort") != 0 {
            port.get("targetPort")
                .check("PORT", names::port(port.int("targetPort")));
        }
        if unaddressed && matches!(port.str("protocol"), "" | "TCP") {
            let fact = "a TCP port without addresses takes every connection to its number; add \
                        addresses, or name another protocol";
            port.in_vain("§4", fact);
        }
        if !is_label(name.text()) {
            let fact = match name.text() {
                "" => "a port needs a name".to_string(),
                other => format!("\"{other}\" is no port name (a DNS label)"),
            };
            name.value_error("PNAME", fact);
        }
        protocol(port.get("protocol"));
        number.check("PORT", names::port(port.int("number")));
    }
}

/// PROTO.
pub(super) fn protocol(at: At<'_>) {
    if at.text().is_empty() || Protocol::parse(at.text()).is_some() {
        return;
    }
    let known = names::PROTOCOLS;
    let fact = format!(
        "no protocol is called {}; there are {}",
        at.text(),
        known.join(", ")
    );
    let found = at.value_error("PROTO", fact);
    if let Some(near) = similar::nearest(at.text(), known.iter().copied()) {
        found.fix_replace(at, near, false);
    }
}

fn resolution_none(spec: At<'_>) {
    if spec.len("endpoints") > 0 {
        let fact =
            "resolution NONE sends to the address the client asked for, so it takes no endpoints";
        spec.get("endpoints")
            .kind_error("§4", fact)
            .at_key()
            .covers(spec);
    }
    if spec.has("workloadSelector") {
        let fact = "resolution NONE sends to the address the client asked for";
        spec.get("workloadSelector").no_effect("§4", fact).at_key();
    }
}

fn resolution_dns(spec: At<'_>, resolution: &str) {
    if spec.len("endpoints") == 0 {
        let bad = spec
            .list("hosts")
            .find(|host| names::fqdn(host.text()).is_err());
        // Other faults of the name are reported with the hosts.
        if let Some(at) = bad.filter(|at| at.text() != "*") {
            let host = at.text();
            let fact = if host.contains('*') {
                format!("{host} cannot be looked up by resolution {resolution} without endpoints")
            } else {
                format!("{host} is no name that resolution {resolution} could look up")
            };
            let path = spec.get("resolution").path();
            at.kind_error("§4", fact)
                .related(spec.get("resolution"))
                .help("use resolution NONE, or DYNAMIC_DNS where only sidecars call it")
                .fix(
                    "change resolution to NONE",
                    false,
                    vec![Edit::Replace {
                        path,
                        value: "NONE".into(),
                    }],
                );
        }
    }
    if resolution == "DNS_ROUND_ROBIN" && spec.len("endpoints") > 1 {
        let fact = "resolution DNS_ROUND_ROBIN takes one endpoint at most";
        spec.get("endpoints")
            .kind_error("§4", fact)
            .at_key()
            .related(spec.get("resolution"))
            .covers(spec);
    }
    let ports = PortNames::of(spec);
    for endpoint in spec.list("endpoints") {
        workload::check_dns_endpoint(endpoint, &ports);
    }
    let tcp = spec
        .list("ports")
        .any(|p| Protocol::parse(p.str("protocol")).is_some_and(Protocol::is_tcp));
    if spec.len("addresses") > 0 && tcp && spec.len("hosts") > 1 {
        let fact = "on a TCP port one address can only stand for one of several hosts";
        spec.get("addresses")
            .no_effect("§4", fact)
            .at_key()
            .related(spec.get("hosts"));
    }
}

fn resolution_dynamic_dns(meta: &Meta<'_>, spec: At<'_>) {
    for at in spec.list("hosts").filter(|at| !at.text().starts_with('*')) {
        at.kind_error(
            "§4",
            format!(
                "resolution DYNAMIC_DNS needs wildcard hosts, {} is none",
                at.text()
            ),
        );
    }
    for key in ["addresses", "endpoints"] {
        if spec.len(key) > 0 {
            let fact = format!(
                "resolution DYNAMIC_DNS takes the host from the request, so it takes no {key}"
            );
            spec.get(key).kind_error("§4", fact).at_key();
        }
    }
    for port in spec.list("ports") {
        use Protocol::{Grpc, Http, Http2, Tls};
        let protocol = Protocol::parse(port.str("protocol"));
        if !matches!(protocol, Some(Http | Tls | Grpc | Http2)) {
            let fact = "resolution DYNAMIC_DNS takes only HTTP, TLS, GRPC and HTTP2 ports";
            port.get("protocol").kind_error("§4", fact);
        }
    }
    let waypoint = meta.labels.str("istio.io/use-waypoint");
    let external = spec.str("location") != "MESH_INTERNAL";
    if !external && !waypoint.is_empty() && !waypoint.eq_ignore_ascii_case("none") {
        let fact = "resolution DYNAMIC_DNS behind a waypoint must be MESH_EXTERNAL";
        spec.get("location").kind_error("§4", fact);
    }
}

/// Several hosts that nothing in the traffic tells apart.
fn several_hosts(spec: At<'_>) {
    let port = spec.list("ports").find(|port| {
        let protocol = Protocol::parse(port.str("protocol"));
        !protocol.is_some_and(|p| p.is_http() || p.is_tls())
    });
    if let Some(port) = port {
        let protocol = match port.str("protocol") {
            "" => "without protocol",
            protocol => protocol,
        };
        let fact =
            format!("on a port {protocol} several hosts cannot be told apart: one entry per host");
        port.get("protocol")
            .kind_error("§4", fact)
            .related(spec.get("hosts"));
    }
}
