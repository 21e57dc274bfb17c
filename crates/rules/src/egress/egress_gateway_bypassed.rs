//! egress-gateway-bypassed: a call that some route means to pass an egress gateway goes out without
//! it (O:15A, O:15B). Every answer is a trace.

mod bypass;
mod shared_leg;

use crate::finding::listing;
use crate::prelude::*;
use bypass::bypass;
use meshscope_mesh::egress::{Intended, intended, meant_to_pass};
use meshscope_mesh::trace::Call;
use meshscope_mesh::visibility::virtual_services_in;
use shared_leg::shared_leg;
use std::collections::BTreeSet;

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-gateway-bypassed",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "calls that a route means to pass an egress gateway go out without it",
    equivalents: &[],
    page: include_str!("../../pages/egress-gateway-bypassed.md"),
    check: Check::Namespace(check),
};

/// A bypass before clients of several namespaces are put together.
struct Bypass {
    object: ResourceKey,
    path: String,
    call: Call,
    reason: String,
    gateways: Vec<Str>,
    /// Whether no gateway workload of the files runs them.
    elsewhere: bool,
    clients: Vec<Str>,
    related: Vec<(ResourceKey, String, String)>,
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) {
        return Vec::new();
    }
    let own_services = virtual_services_in(db, mesh, namespace);
    let mut found: Vec<Finding> = own_services
        .iter()
        .filter_map(|vs| shared_leg(db, mesh, vs))
        .collect();
    // Without a leg of the mesh, or a service that says the host is outside, a route through a gateway
    // is one for those who come in there.
    let is_promise = |i: &&Intended| {
        let mut all = own_services.iter();
        i.service.is_some() || all.any(|v| v.object == i.virtual_service && v.is_bound_to("mesh"))
    };
    let all = intended(db, mesh);
    let of_own: Vec<&Intended> = all
        .iter()
        .filter(|i| i.virtual_service.namespace == *own)
        .filter(is_promise)
        .filter(|i| {
            !found
                .iter()
                .any(|f| f.resource() == Some(&i.virtual_service))
        })
        .collect();
    let clients: BTreeSet<&Str> = of_own.iter().flat_map(|i| &i.namespaces).collect();
    let mut bypasses: Vec<Bypass> = Vec::new();
    for client in clients.into_iter().filter(|c| !is_unknown(c)) {
        for host in meant_to_pass(db, mesh, name(db, client)).iter() {
            let meant = of_own.iter().filter(|i| i.host == host.host);
            let meant: Vec<&Intended> = meant
                .copied()
                .filter(|i| i.namespaces.contains(client))
                .collect();
            for path in &host.paths {
                if let Some(new) = bypass(db, mesh, client, host, &meant, path) {
                    add(&mut bypasses, new);
                }
            }
        }
    }
    found.extend(bypasses.into_iter().map(finding));
    found
}

fn add(all: &mut Vec<Bypass>, new: Bypass) {
    let same = all.iter_mut().find(|b| {
        (&b.object, &b.path, &b.call, &b.reason) == (&new.object, &new.path, &new.call, &new.reason)
    });
    match same {
        Some(known) => known.clients.extend(new.clients),
        None => all.push(new),
    }
}

fn finding(b: Bypass) -> Finding {
    let message = format!(
        "{} of {} does not pass {}: {}",
        b.call,
        listing(&b.clients, 3),
        listing(&b.gateways, 2),
        b.reason
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &b.object, &b.path, message)
        .reach(b.clients.len(), 0);
    for (object, path, why) in b.related {
        finding = finding.related(&object, &path, why);
    }
    match b.elsewhere {
        true => finding.certainty(Certainty::Assumed),
        false => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, egress_mesh, egress_passthrough, egress_route};

    const TLS: &str = "{number: 443, name: tls, protocol: TLS}";

    fn found(ports: &str, route: &str) -> Vec<String> {
        check_rule("egress-gateway-bypassed", &(egress_mesh(ports) + route))
    }

    #[test]
    fn one_rule_for_both_legs_never_passes_the_gateway() {
        let server = "port: {number: 443, name: tls, protocol: TLS}, tls: {mode: PASSTHROUGH}";
        let rule = "tls: [{match: [{sniHosts: [a.org]}], route: [{destination: {host: a.org}}]}]";
        assert_eq!(
            found(TLS, &egress_route(server, rule)),
            ["error VirtualService shop/v spec.tls[0]"]
        );
        assert!(found(TLS, &egress_passthrough()).is_empty());
    }

    #[test]
    fn a_port_without_a_route_goes_round() {
        let both = format!("{TLS}, {{number: 80, name: http, protocol: HTTP}}");
        assert_eq!(
            found(&both, &egress_passthrough()),
            ["warning ServiceEntry shop/ext spec.ports[1]"]
        );
    }
}
