//! mtls-mode-conflict: clients are told to send what the workload refuses (O:11.2-11.6, V:R5.9).

mod clients;
mod server;

use crate::prelude::*;
use clients::of_clients;
use meshscope_manifest::spec::traffic::{ClientTlsMode, DestinationRule, TrafficPolicy};
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::registry::{
    Endpoint, EndpointKind, Service, endpoints, host_namespaces, service_in,
};
use meshscope_mesh::workloads::Workload;
use server::{refuses_some, unknown_workload};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "mtls-mode-conflict",
    group: Group::MtlsAndAuthz,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a DestinationRule's tls mode is refused by the PeerAuthentication of the workload",
    equivalents: &["KIA0207", "KIA0208"],
    page: include_str!("../../pages/mtls-mode-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let rules = objects(db, mesh, namespace, Kind::DestinationRule);
    let mut found = Vec::new();
    for rule in rules.iter() {
        let Some(spec) = rule.destination_rule().filter(|d| says_tls(d)) else {
            continue;
        };
        let domain = &facts(db, mesh).config_domain;
        let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
        if is_wildcard(&host) || is_unknown(&host) {
            continue;
        }
        for owner in host_namespaces(db, mesh, name(db, &host)).iter() {
            let service = service_in(db, mesh, name(db, owner), name(db, &host)).clone();
            if let Some(service) = service.filter(|s| s.is_kubernetes()) {
                found.extend(of_service(db, mesh, rule, spec, &service));
            }
        }
    }
    found
}

fn says_tls(rule: &DestinationRule) -> bool {
    let own =
        |p: &TrafficPolicy| p.tls.is_some() || p.port_level.iter().any(|(_, p)| p.tls.is_some());
    let subsets = rule
        .subsets
        .iter()
        .filter_map(|s| s.traffic_policy.as_deref());
    rule.traffic_policy
        .as_deref()
        .into_iter()
        .chain(subsets)
        .any(own)
}

/// What clients of a rule may be told to send: every mode it writes, and plaintext where a credential
/// makes it so (O:11.2).
fn modes(rule: &DestinationRule) -> Vec<Option<ClientTlsMode>> {
    let subsets = rule
        .subsets
        .iter()
        .filter_map(|s| s.traffic_policy.as_deref());
    let all = rule.traffic_policy.as_deref().into_iter().chain(subsets);
    let all = all.flat_map(|p| std::iter::once(p).chain(p.port_level.iter().map(|(_, p)| p)));
    let mut modes: Vec<_> = all
        .filter_map(|p| p.tls.as_ref().map(|t| Some(t.mode)))
        .collect();
    if modes.iter().any(|m| *m != Some(ClientTlsMode::IstioMutual)) {
        modes.push(None);
    }
    modes
}

fn of_service(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    service: &Arc<Service>,
) -> Vec<Finding> {
    let endpoints = endpoints(db, mesh, service);
    if endpoints.is_empty() {
        return unknown_workload(db, mesh, rule, spec, service)
            .into_iter()
            .collect();
    }
    // Most rules agree with their workloads whoever calls: no need to look at the clients.
    let modes = modes(spec);
    let workloads = || endpoints.iter().filter_map(of_workload);
    if !workloads().any(|w| refuses_some(db, mesh, &modes, w)) {
        return Vec::new();
    }
    of_clients(db, mesh, rule, spec, service, &endpoints)
}

fn of_workload(endpoint: &Endpoint) -> Option<&Arc<Workload>> {
    match &endpoint.kind {
        EndpointKind::Workload(workload) => Some(workload),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service, workload};

    fn with(mode: &str, peer: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: back}}\nspec: {{host: api, trafficPolicy: {{tls: {{mode: {mode}}}}}}}\n---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: default, namespace: back}}\nspec: {{mtls: {{mode: {peer}}}}}\n"
        );
        let api = service("back", "api", "{name: http, port: 80}") + &workload("back", "api");
        check_rule("mtls-mode-conflict", &(yaml + &api + &client("shop")))
    }

    #[test]
    fn both_sides_must_agree() {
        let at = "error DestinationRule back/d spec.trafficPolicy.tls.mode";
        assert_eq!(with("DISABLE", "STRICT"), [at]);
        assert_eq!(with("SIMPLE", "STRICT"), [at]);
        assert_eq!(with("ISTIO_MUTUAL", "DISABLE"), [at]);
        assert!(with("ISTIO_MUTUAL", "STRICT").is_empty());
        assert!(with("DISABLE", "PERMISSIVE").is_empty());
    }
}
