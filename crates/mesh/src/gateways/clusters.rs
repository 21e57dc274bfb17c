//! The clusters of a gateway workload (G:9, V:R6.9).

use super::bindings::referencing;
use super::{attach, auto_passthrough, merge};
use crate::db::{Db, Mesh, Name, name, proxy_key};
use crate::index::facts;
use crate::registry::Service;
use crate::visibility::{Cluster, clusters, destinations};
use crate::workloads::{Proxy, selecting};
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, Str};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// All outbound clusters of a gateway workload: of every visible service, or only of those its
/// routes can reach when `PILOT_FILTER_GATEWAY_CLUSTER_CONFIG` is on (G:CL-1); with those of
/// AUTO_PASSTHROUGH (G:APT-2).
pub fn gateway_clusters(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Cluster> {
    let filtered = facts(db, mesh).flag(Flag::FilterGatewayClusterConfig);
    gateway_clusters_if(db, mesh, proxy, filtered)
}

/// The clusters of a gateway workload with and without filtering, whatever istiod's environment says.
pub fn gateway_clusters_if(db: &dyn Db, mesh: Mesh, proxy: &Proxy, filtered: bool) -> Vec<Cluster> {
    let mut found = clusters(db, mesh, proxy);
    if filtered {
        let reachable = reachable_hosts(db, mesh, proxy);
        found.retain(|c| {
            reachable.contains(&c.service.host) || reachable.contains(c.service.label().as_str())
        });
    }
    if merge::merged(db, mesh, proxy_key(db, proxy)).auto_passthrough {
        found.extend(auto_passthrough::clusters(db, mesh, proxy));
    }
    found
}

/// Whether a gateway workload that sees a service keeps clusters of it (V:R6.9); with
/// AUTO_PASSTHROUGH it keeps all (V:R9.11).
pub fn needs_service(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Service) -> bool {
    if !facts(db, mesh).flag(Flag::FilterGatewayClusterConfig) {
        return true;
    }
    if merge::merged(db, mesh, proxy_key(db, proxy)).auto_passthrough {
        return true;
    }
    let reachable = reachable_hosts(db, mesh, proxy);
    reachable.contains(&service.host) || reachable.contains(service.label().as_str())
}

/// The hosts, or `namespace/host`, that stay when clusters are filtered (V:R6.9).
fn reachable_hosts(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> FxHashSet<Str> {
    let facts = facts(db, mesh);
    let providers = facts.config.extension_providers.iter();
    let mut hosts: FxHashSet<Str> = providers.map(|(_, service)| service.clone()).collect();
    hosts.extend(key_hosts(db, mesh, proxy));
    hosts.extend(filter_hosts(db, mesh, proxy));
    for attached in attach::attached(db, mesh, proxy_key(db, proxy)).iter() {
        let label = attached.gateway.label();
        hosts.extend(destinations_of(db, mesh, name(db, &label)).iter().cloned());
    }
    hosts.remove("");
    hosts
}

/// The destination hosts of every VirtualService bound to a Gateway, exported or not.
#[salsa::tracked]
fn destinations_of<'db>(db: &'db dyn Db, mesh: Mesh, gateway: Name<'db>) -> Arc<[Str]> {
    let scoped = facts(db, mesh).flag(Flag::ScopeGatewayToNamespace);
    let namespace = gateway.text(db).split('/').next().unwrap_or_default();
    let mut hosts: Vec<Str> = Vec::new();
    for vs in referencing(db, mesh, gateway).iter() {
        if scoped {
            hosts.extend(
                destinations(vs, namespace)
                    .into_iter()
                    .map(|(host, _)| host),
            );
        } else {
            hosts.extend(vs.destinations().map(|(_, d)| d.host.clone()));
        }
    }
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

/// The hosts of JWKS URIs, when proxies fetch keys themselves.
fn key_hosts(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Str> {
    let mode = facts(db, mesh).env.get("PILOT_JWT_ENABLE_REMOTE_JWKS");
    if !matches!(mode, Some("true" | "hybrid" | "envoy")) {
        return Vec::new();
    }
    selecting(
        db,
        mesh,
        Kind::RequestAuthentication,
        &proxy.config_namespace,
        &proxy.labels,
    )
    .iter()
    .filter_map(|r| r.attached())
    .flat_map(|a| a.spec.list("jwtRules").to_vec())
    .filter_map(|rule| uri_host(&rule.str("jwksUri")?))
    .collect()
}

fn uri_host(uri: &str) -> Option<Str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    Some(authority.split(':').next()?.into())
}

/// The services EnvoyFilters name in their annotation.
fn filter_hosts(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Str> {
    selecting(
        db,
        mesh,
        Kind::EnvoyFilter,
        &proxy.config_namespace,
        &proxy.labels,
    )
    .iter()
    .filter_map(|r| {
        r.meta
            .annotations
            .get("envoyfilter.istio.io/referenced-services")
    })
    .flat_map(|list| list.split(',').map(|s| Str::new(s.trim())))
    .collect()
}
