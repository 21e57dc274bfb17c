//! mtls-to-unmeshed-workload: clients are told to use mutual TLS with pods that have no proxy
//! (O:11.2, O:11.6, V:R7.12).

use crate::finding::listing;
use crate::prelude::*;
use crate::viewers::callers;
use meshscope_manifest::spec::traffic::{ClientTlsMode, DestinationRule};
use meshscope_mesh::index::namespaces;
use meshscope_mesh::names::{resolve_short_name, subset_of};
use meshscope_mesh::outbound::sent_tls;
use meshscope_mesh::registry::{EndpointKind, Service, endpoints, services_in};
use meshscope_mesh::workloads::Workload;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "mtls-to-unmeshed-workload",
    group: Group::MtlsAndAuthz,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a DestinationRule asks for ISTIO_MUTUAL towards workloads without a sidecar",
    equivalents: &[],
    page: include_str!("../../pages/mtls-to-unmeshed-workload.md"),
    check: Check::Namespace(check),
};

/// A Service with workloads that have no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unmeshed {
    service: Arc<Service>,
    /// The first of these workloads.
    workload: Arc<Workload>,
    /// Whether all of them are so.
    all: bool,
}

/// Those of one namespace. Workloads of a namespace without a Namespace object may be injected after
/// all.
#[salsa::tracked]
fn unmeshed_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Unmeshed]> {
    let services = services_in(db, mesh, namespace);
    let of_service = |service: &Arc<Service>| {
        let behind = endpoints(db, mesh, service);
        let mut workloads = Vec::new();
        for endpoint in &behind {
            match &endpoint.kind {
                EndpointKind::Workload(workload) => workloads.push(workload),
                _ => return None,
            }
        }
        let bare = |w: &&&Arc<Workload>| w.proxy.is_none() && !w.injection.assumed;
        let first = workloads.iter().find(bare)?;
        Some(Unmeshed {
            service: service.clone(),
            workload: (*first).clone(),
            all: workloads.iter().all(|w| bare(&w)),
        })
    };
    let kubernetes = services.iter().filter(|s| s.is_kubernetes());
    kubernetes.filter_map(of_service).collect()
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let rules = objects(db, mesh, namespace, Kind::DestinationRule);
    let mutual = rules
        .iter()
        .filter_map(|r| Some((r, r.destination_rule()?)));
    let mutual = mutual.filter(|(_, d)| asks_for_mutual(d));
    mutual.flat_map(|(r, d)| of_rule(db, mesh, r, d)).collect()
}

fn asks_for_mutual(rule: &DestinationRule) -> bool {
    let subsets = rule
        .subsets
        .iter()
        .filter_map(|s| s.traffic_policy.as_deref());
    let mut policies = rule.traffic_policy.as_deref().into_iter().chain(subsets);
    policies.any(|p| {
        let ports = p.port_level.iter().map(|(_, p)| p);
        std::iter::once(p).chain(ports).any(|p| {
            p.tls
                .as_ref()
                .is_some_and(|t| t.mode == ClientTlsMode::IstioMutual)
        })
    })
}

fn of_rule(db: &dyn Db, mesh: Mesh, rule: &Resource, spec: &DestinationRule) -> Vec<Finding> {
    let domain = &facts(db, mesh).config_domain;
    let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
    if is_unknown(&host) {
        return Vec::new();
    }
    // Per field that says so: the services it breaks, the first of them in full.
    let mut broken: Vec<(String, Vec<Unmeshed>, usize, usize)> = Vec::new();
    for ns in namespaces(db, mesh).iter() {
        for unmeshed in unmeshed_in(db, mesh, name(db, ns)).iter() {
            if !subset_of(&unmeshed.service.host, &host) {
                continue;
            }
            for (path, workloads, gateways) in fields(db, mesh, rule, spec, unmeshed) {
                match broken.iter_mut().find(|(p, ..)| *p == path) {
                    Some((_, hit, ..)) => hit.push(unmeshed.clone()),
                    None => broken.push((path, vec![unmeshed.clone()], workloads, gateways)),
                }
            }
        }
    }
    broken
        .into_iter()
        .map(|(path, hit, workloads, gateways)| {
            finding(rule, &path, &hit).reach(workloads, gateways)
        })
        .collect()
}

/// The fields of a rule that make some client use mutual TLS with a service, and how many they are.
fn fields(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    unmeshed: &Unmeshed,
) -> Vec<(String, usize, usize)> {
    let mut found: Vec<(String, usize, usize)> = Vec::new();
    let service = &unmeshed.service;
    for caller in callers(db, mesh, &service.host) {
        for subset in std::iter::once("").chain(spec.subsets.iter().map(|s| s.name.as_str())) {
            for port in service.ports.iter() {
                let sent = sent_tls(db, mesh, &caller.proxy, service, port.number, subset, None);
                let by = sent.because.iter().find(|b| b.object == rule.key);
                let Some(by) = by.filter(|_| sent.mode == Some(ClientTlsMode::IstioMutual)) else {
                    continue;
                };
                let path = format!("{}.mode", by.path);
                if !found.iter().any(|(p, ..)| *p == path) {
                    found.push((path, caller.workloads, caller.gateways));
                }
            }
        }
    }
    found
}

fn finding(rule: &Resource, path: &str, hit: &[Unmeshed]) -> Finding {
    let hosts: Vec<Str> = hit.iter().map(|u| u.service.host.clone()).collect();
    let all = hit.iter().any(|u| u.all);
    let (severity, whose) = match all {
        true => (RULE.severity, "whose workloads have no sidecar"),
        false => (Severity::Warning, "of whose workloads some have no sidecar"),
    };
    let message = format!(
        "ISTIO_MUTUAL to {}, {whose}: handshakes fail",
        listing(&hosts, 3)
    );
    let mut finding = Finding::new(RULE.name, severity, &rule.key, path, message).help(
        "except the host with a rule of its own (tls {mode: DISABLE}), or inject its workloads",
    );
    for unmeshed in hit.iter().take(3) {
        finding = finding.related(&unmeshed.workload.object, "", "has no sidecar");
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service, workload};

    fn with(host: &str, label: &str) -> Vec<String> {
        let rule = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: shop}}\nspec: {{host: '{host}', trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}}}\n"
        );
        let back = workload("back", "api").replace("istio-injection: enabled", label);
        let api = service("back", "api", "{name: http, port: 80}");
        check_rule(
            "mtls-to-unmeshed-workload",
            &(rule + &back + &api + &client("shop")),
        )
    }

    #[test]
    fn pods_without_a_proxy_cannot_answer() {
        let at = "error DestinationRule shop/d spec.trafficPolicy.tls.mode";
        let host = "api.back.svc.cluster.local";
        assert_eq!(with(host, "istio-injection: disabled"), [at]);
        assert_eq!(with("*", "istio-injection: disabled"), [at]);
        assert!(with(host, "istio-injection: enabled").is_empty());
        assert!(with("*.example.com", "istio-injection: disabled").is_empty());
    }
}
