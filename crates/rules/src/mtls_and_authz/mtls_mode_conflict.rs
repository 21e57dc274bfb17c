//! mtls-mode-conflict: clients are told to send what the workload refuses (O:11.2-11.6, V:R5.9).

use crate::prelude::*;
use meshscope_manifest::spec::policy::MtlsMode;
use meshscope_manifest::spec::traffic::{ClientTlsMode, DestinationRule, TrafficPolicy};
use meshscope_mesh::inbound::effective;
use meshscope_mesh::index::resource;
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::outbound::sent_tls;
use meshscope_mesh::registry::{
    Endpoint, EndpointKind, Service, endpoints, host_namespaces, service_in, target_port,
};
use meshscope_mesh::visibility::{gateway_services, open_views, restricted_clients};
use meshscope_mesh::workloads::{Workload, gateway_workloads, proxy_of};
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
        .filter_map(|s| s.traffic_policy.as_ref());
    rule.traffic_policy.iter().chain(subsets).any(own)
}

/// What clients of a rule may be told to send: every mode it writes, and plaintext where a credential
/// makes it so (O:11.2).
fn modes(rule: &DestinationRule) -> Vec<Option<ClientTlsMode>> {
    let subsets = rule
        .subsets
        .iter()
        .filter_map(|s| s.traffic_policy.as_ref());
    let all = rule.traffic_policy.iter().chain(subsets);
    let all = all.flat_map(|p| std::iter::once(p).chain(p.port_level.iter().map(|(_, p)| p)));
    let mut modes: Vec<_> = all
        .filter_map(|p| p.tls.as_ref().map(|t| Some(t.mode)))
        .collect();
    if modes.iter().any(|m| *m != Some(ClientTlsMode::IstioMutual)) {
        modes.push(None);
    }
    modes
}

/// The proxies that see a service, each standing for a number of sidecar and gateway workloads.
fn clients(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<(Proxy, usize, usize, Str)> {
    let mut found = Vec::new();
    let views = open_views(db, mesh, name(db, host));
    let open = views.iter().map(|v| (v.client.clone(), v.workloads));
    let restricted = restricted_clients(db, mesh)
        .into_iter()
        .map(|c| (c.clone(), c.workloads));
    for (client, workloads) in open.chain(restricted) {
        if client.scope(db, mesh).services.get(host).is_some() {
            let who = format!("sidecars in {}", client.namespace).into();
            found.extend(
                client
                    .proxies
                    .first()
                    .map(|p| (p.clone(), workloads, 0, who)),
            );
        }
    }
    for workload in gateway_workloads(db, mesh).iter() {
        let services = gateway_services(db, mesh, name(db, workload.namespace()));
        if services.get(host).is_some() {
            let who = format!("gateway {}", workload.label()).into();
            found.extend(proxy_of(workload).map(|p| (p, 0, 1, who)));
        }
    }
    found
}

fn of_service(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    service: &Arc<Service>,
) -> Vec<Finding> {
    let object = resource(db, mesh, &service.object);
    let ports = object
        .as_ref()
        .and_then(|o| o.service())
        .map_or(&[][..], |s| &s.ports);
    let endpoints = endpoints(db, mesh, service);
    if endpoints.is_empty() {
        return unknown_workload(db, mesh, rule, spec, service)
            .into_iter()
            .collect();
    }
    // Most rules agree with their workloads whoever calls: no need to look at the clients.
    let modes = modes(spec);
    let refuses = |w: &Workload| {
        let effective = effective(db, mesh, w.namespace(), &w.labels);
        let all = std::iter::once(0).chain(effective.ports.iter().map(|(p, _)| *p));
        all.into_iter()
            .any(|p| modes.iter().any(|m| meets(db, mesh, *m, w, p).is_some()))
    };
    if !endpoints.iter().filter_map(of_workload).any(|w| refuses(w)) {
        return Vec::new();
    }
    let mut found: Vec<Finding> = Vec::new();
    for (proxy, workloads, gateways, who) in clients(db, mesh, &service.host) {
        let subsets = spec.subsets.iter().map(|s| s.name.as_str());
        for subset in std::iter::once("").chain(subsets) {
            let labels = spec
                .subsets
                .iter()
                .find(|s| s.name == subset)
                .map(|s| &s.labels);
            let hit = endpoints
                .iter()
                .filter(|e| labels.is_none_or(|l| l.subset_of(&e.labels)));
            for (endpoint, workload) in hit.filter_map(|e| Some((e, of_workload(e)?))) {
                for port in ports {
                    let Some(target) =
                        target_port(&port.target_port, port.port, &port.protocol, workload)
                    else {
                        continue;
                    };
                    let to = Some((endpoint, target));
                    let sent = sent_tls(db, mesh, &proxy, service, port.port, subset, to);
                    let Some(because) = sent.because.iter().find(|b| b.object == rule.key) else {
                        continue;
                    };
                    let path = format!("{}.mode", because.path);
                    let met = meets(db, mesh, sent.mode, workload, target);
                    let Some((server, by)) = met else { continue };
                    let mode = sent.mode.map_or("plaintext", ClientTlsMode::name);
                    let message = format!(
                        "{who} are told to send {mode} to {}, {server}: connections fail",
                        service.host
                    );
                    let mut finding = Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
                        .help("remove tls (Istio then sends what the workload takes), or write mode ISTIO_MUTUAL where it has a sidecar")
                        .related(&workload.object, "", "is the workload")
                        .reach(workloads, gateways);
                    if let Some(by) = by {
                        finding = finding.related(&by, "spec", "decides what it takes");
                    }
                    // One finding per field: further clients add to its reach.
                    match found.iter_mut().find(|f| f.anchor == finding.anchor) {
                        Some(first) if !first.message.starts_with(who.as_str()) => {
                            if let Some(reach) = &mut first.reach {
                                reach.workloads += workloads;
                                reach.gateways += gateways;
                            }
                        }
                        Some(_) => {}
                        None => found.push(finding),
                    }
                }
            }
        }
    }
    found
}

/// The pods are not in the files: those the Service selects have at least its labels.
fn unknown_workload(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    service: &Service,
) -> Option<Finding> {
    let tls = spec.traffic_policy.as_ref()?.tls.as_ref()?;
    let effective = effective(db, mesh, &service.namespace, &service.selector);
    let by = effective.by.clone()?;
    let mutual = tls.mode == ClientTlsMode::IstioMutual;
    let server = match effective.mode {
        MtlsMode::Strict if !mutual && effective.ports.is_empty() => "makes STRICT",
        MtlsMode::Disable if mutual && effective.ports.is_empty() => "turns mutual TLS off for",
        _ => return None,
    };
    if service.selector.is_empty() {
        return None;
    }
    let message = format!(
        "clients are told to send {} to {}, which {by} {server}: connections fail if its pods, which are not in these files, have sidecars",
        tls.mode.name(),
        service.host
    );
    let path = "spec.trafficPolicy.tls.mode";
    Some(
        Finding::new(RULE.name, RULE.severity, &rule.key, path, message)
            .help("remove tls, or write mode ISTIO_MUTUAL")
            .related(&by, "spec.mtls", "decides what the pods take")
            .certainty(Certainty::Assumed),
    )
}

fn of_workload(endpoint: &Endpoint) -> Option<&Arc<Workload>> {
    match &endpoint.kind {
        EndpointKind::Workload(workload) => Some(workload),
        _ => None,
    }
}

/// Why a workload refuses what is sent, and the object that says so.
fn meets(
    db: &dyn Db,
    mesh: Mesh,
    sent: Option<ClientTlsMode>,
    workload: &Workload,
    port: u32,
) -> Option<(String, Option<ResourceKey>)> {
    let mutual = sent == Some(ClientTlsMode::IstioMutual);
    match workload.proxy {
        Some(ProxyKind::Sidecar) => {
            let effective = effective(db, mesh, workload.namespace(), &workload.labels);
            let by = effective.decided_by(port).cloned();
            let name = by
                .as_ref()
                .map_or_else(|| "the default".to_owned(), ResourceKey::to_string);
            match effective.on_port(port) {
                MtlsMode::Strict if !mutual => Some((format!("which {name} makes STRICT"), by)),
                MtlsMode::Disable if mutual => {
                    Some((format!("where {name} turns mutual TLS off"), by))
                }
                _ => None,
            }
        }
        // Without a Namespace object nobody knows whether it is injected after all.
        None if mutual && !workload.injection.assumed => {
            Some(("which has no sidecar to answer it".into(), None))
        }
        Some(ProxyKind::Router) | None => None,
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
