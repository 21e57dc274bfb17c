//! AUTO_PASSTHROUGH: one chain per service port and subset, named by its SNI (G:8).

use crate::db::{Db, Mesh};
use crate::envoy::{Because, ChainMatch, ClusterWeight, Filter, FilterChain};
use crate::names::subset_of;
use crate::registry::{Protocol, Service};
use crate::visibility::{Cluster, destination_rule_for, services_of};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use std::sync::Arc;

/// The ALPN protocols of Istio mutual TLS.
const ISTIO_ALPN: [&str; 5] = [
    "istio-peer-exchange",
    "istio",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];

/// `outbound_.port_.subset_.host`.
fn sni_name(port: u32, subset: &str, host: &str) -> Str {
    format!("outbound_.{port}_.{subset}_.{host}").into()
}

/// The chains of a server with these hosts (G:APT-1).
pub(super) fn chains(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    hosts: &[Str],
    because: &Because,
) -> Vec<FilterChain> {
    let covered = |s: &Service| hosts.iter().any(|h| subset_of(&s.host, h));
    clusters_of(db, mesh, proxy, covered)
        .into_iter()
        .map(|cluster| FilterChain {
            name: Str::default(),
            matching: ChainMatch {
                server_names: vec![cluster.name.clone()],
                alpn: ISTIO_ALPN.map(Str::new_static).to_vec(),
                ..ChainMatch::default()
            },
            tls: None,
            filter: Filter::Tcp(vec![ClusterWeight::all(cluster.name.clone())]),
            because: vec![
                because.clone(),
                Because::new(
                    &cluster.service.object,
                    "",
                    "covered by its hosts (G:APT-1)",
                ),
            ],
        })
        .collect()
}

/// The clusters that go with AUTO_PASSTHROUGH servers (G:APT-2).
pub(super) fn clusters(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Cluster> {
    clusters_of(db, mesh, proxy, |_| true)
}

fn clusters_of(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    wanted: impl Fn(&Service) -> bool,
) -> Vec<Cluster> {
    let mut found = Vec::new();
    for member in services_of(db, mesh, proxy).iter() {
        let service: &Arc<Service> = &member.service;
        if service.mesh_external || !wanted(service) {
            continue;
        }
        let rule = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace);
        for port in service.ports.iter().filter(|p| p.protocol != Protocol::Udp) {
            let subsets = rule
                .iter()
                .flat_map(|r| r.subsets.iter().map(|(s, _, _)| &s.name));
            for subset in [&Str::default()].into_iter().chain(subsets) {
                found.push(Cluster {
                    name: sni_name(port.number, subset, &service.host),
                    service: service.clone(),
                    port: port.number,
                    subset: subset.clone(),
                    rule: rule.clone(),
                });
            }
        }
    }
    found
}
