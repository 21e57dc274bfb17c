//! VirtualService as a whole, its tls and tcp routes (validation-rules.md §2). Rule
//! invalid-virtual-service.
//!
//! Must not know Gateways or other VirtualServices.

use super::Meta;
use super::common::{self, destination, gateway_names};
use super::headers;
use super::http_route;
use super::names;
use super::unreachable;
use crate::validate::report::At;

pub(super) fn check(meta: &Meta<'_>, spec: At<'_>) {
    let delegate = spec.len("hosts") == 0;
    if delegate {
        for (key, what) in [
            ("gateways", "gateways"),
            ("tls", "tls routes"),
            ("tcp", "tcp routes"),
        ] {
            if spec.len(key) > 0 {
                let fact =
                    format!("without hosts this is a delegate, and a delegate has no {what}");
                spec.get(key).kind_error("§2", fact).at_key();
            }
        }
    }
    gateway_names(spec.list("gateways"), true);
    let bound = is_bound_to_gateways(spec);
    if !bound {
        claims_without_gateway(spec);
    }
    hosts(spec, bound);
    if spec.len("http") == 0 && spec.len("tcp") == 0 && spec.len("tls") == 0 {
        spec.kind_error("§2", "there is none of http, tls and tcp");
    }
    spec.list("http")
        .for_each(|route| http_route::check(route, delegate));
    spec.list("tls")
        .for_each(|route| tls_route(route, spec, bound));
    spec.list("tcp").for_each(tcp_route);
    common::export_to(spec, meta.namespace, false);
    if spec.report.context.webhook_warnings {
        unreachable::check(spec);
    }
}

/// Whether only gateways are named, not the sidecars (`mesh`).
fn is_bound_to_gateways(spec: At<'_>) -> bool {
    let gateways = spec.value.list("gateways");
    !gateways.is_empty() && !gateways.iter().any(|name| name.as_str() == Some("mesh"))
}

/// Matches on JWT claims, which only gateways can make.
fn claims_without_gateway(spec: At<'_>) {
    for matcher in spec.list("http").flat_map(|route| route.list("match")) {
        for (name, header) in matcher.map("headers").chain(matcher.map("withoutHeaders")) {
            if headers::is_jwt_claim(name) {
                let fact =
                    format!("{name} can be matched only by gateways; name gateways without mesh");
                header.kind_error("§2", fact).at_key();
            }
        }
    }
}

fn hosts(spec: At<'_>, bound: bool) {
    let with_sni = spec
        .list("tls")
        .flat_map(|tls| tls.list("match"))
        .any(|m| m.len("sniHosts") > 0);
    let mut valid = true;
    for at in spec.list("hosts") {
        let host = at.text();
        let verdict = if bound && with_sni {
            names::sni_domain(host)
        } else {
            names::wildcard_domain(host)
        };
        match verdict {
            Err(fact) if !names::is_ip(host) => {
                at.value_error("WILD", fact);
                valid = false;
            }
            Ok(()) if !bound && host == "*" => {
                at.kind_error(
                    "§2",
                    "host * is not allowed for sidecars: name the hosts, or only gateways",
                );
                valid = false;
            }
            _ => {}
        }
    }
    if valid {
        overlaps(&spec.list("hosts").collect::<Vec<_>>());
    }
}

/// Hosts of one VirtualService that cover each other.
fn overlaps(hosts: &[At<'_>]) {
    for (i, second) in hosts.iter().enumerate() {
        let (b, earlier) = (second.text(), &hosts[..i]);
        let Some(first) = earlier.iter().find(|a| names::hosts_overlap(a.text(), b)) else {
            continue;
        };
        let a = first.text();
        let (fact, covered) = if a == b {
            (format!("host {b} is here twice"), *second)
        } else if names::host_covered_by(a, b) {
            (
                format!("hosts {a} and {b} overlap: {a} is covered by {b}"),
                *first,
            )
        } else {
            (
                format!("hosts {a} and {b} overlap: {b} is covered by {a}"),
                *second,
            )
        };
        second
            .kind_error("§2", fact)
            .related(*first)
            // Of two that only overlap nobody knows which one is meant.
            .fix_delete(covered, a == b);
    }
}

fn tls_route(route: At<'_>, spec: At<'_>, bound: bool) {
    if route.len("match") == 0 {
        route
            .get("match")
            .kind_error("§2", "a tls route needs a match with sniHosts");
    }
    for matcher in route.list("match") {
        if matcher.len("sniHosts") == 0 {
            matcher
                .get("sniHosts")
                .kind_error("§2", "a tls match needs sniHosts");
        }
        matcher
            .list("sniHosts")
            .for_each(|sni| sni_host(sni, spec, bound));
        // Here the warning about legacy names survives.
        layer_4(matcher, true);
    }
    if route.len("route") == 0 {
        route
            .get("route")
            .kind_error("§2", "a tls route needs a destination");
    }
    destinations(route);
}

fn sni_host(at: At<'_>, spec: At<'_>, bound: bool) {
    let sni = at.text();
    let verdict = if bound {
        names::sni_domain(sni)
    } else {
        names::wildcard_domain(sni)
    };
    if let Err(fact) = verdict {
        if names::is_ip(sni) {
            at.no_effect("§2", "clients put no IP address into the SNI");
        } else {
            at.value_error("WILD", fact);
        }
        return;
    }
    let mut hosts = spec.list("hosts");
    if !hosts.any(|host| names::host_covered_by(sni, host.text())) {
        let hosts: Vec<&str> = spec.list("hosts").map(At::text).collect();
        let fact = format!("SNI {sni} is in none of the hosts ({})", hosts.join(", "));
        at.kind_error("§2", fact).related(spec.get("hosts"));
    }
}

fn tcp_route(route: At<'_>) {
    route
        .list("match")
        .for_each(|matcher| layer_4(matcher, false));
    if route.len("route") == 0 {
        route
            .get("route")
            .kind_error("§2", "a tcp route needs a destination");
    }
    destinations(route);
}

/// What matches of tls and tcp share.
fn layer_4(matcher: At<'_>, warn: bool) {
    for subnet in matcher.list("destinationSubnets") {
        subnet.check("SUBNET", names::subnet(subnet.text()));
    }
    let port = matcher.get("port");
    if matcher.int("port") != 0 {
        port.check("PORT", names::port(matcher.int("port")));
    }
    common::labels(matcher.field("sourceLabels"));
    gateway_names(matcher.list("gateways"), warn);
}

/// The destinations of a tls or tcp route.
fn destinations(route: At<'_>) {
    for target in route.list("route") {
        if !target.has("destination") {
            target
                .get("destination")
                .kind_error("§2", "a destination is missing");
        }
        destination(target.field("destination"));
    }
    weights(route);
}

/// Weights of the destinations of a route.
pub(super) fn weights(route: At<'_>) {
    let mut total = 0;
    for target in route.list("route") {
        let weight = target.int("weight");
        if weight < 0 {
            target
                .get("weight")
                .value_error("§2", "a weight must not be negative");
        }
        total += weight;
    }
    if route.len("route") > 1 && total == 0 {
        let fact = "the weights of these destinations make 0, so none gets traffic";
        route.get("route").kind_error("§2", fact).at_key();
    }
}
