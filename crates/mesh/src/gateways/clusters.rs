//! The clusters of a gateway workload (G:9, V:R6.9).

use super::{attach, auto_passthrough, merge};
use crate::db::{Db, Mesh, Name, name, proxy_key};
use crate::index::facts;
use crate::names::resolve_short_name;
use crate::visibility::{Cluster, clusters};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// All outbound clusters of a gateway workload: of every visible service, or only of those its
/// routes can reach when `PILOT_FILTER_GATEWAY_CLUSTER_CONFIG` is on (G:CL-1); with those of
/// AUTO_PASSTHROUGH (G:APT-2).
pub fn gateway_clusters(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Cluster> {
    let mut found = clusters(db, mesh, proxy);
    if facts(db, mesh).flag(Flag::FilterGatewayClusterConfig) {
        let reachable = reachable_hosts(db, mesh, proxy);
        found.retain(|c| {
            reachable.contains(&c.service.host)
                || reachable.contains(c.service.label().as_str())
        });
    }
    if merge::merged(db, mesh, proxy_key(db, proxy)).auto_passthrough {
        found.extend(auto_passthrough::clusters(db, mesh, proxy));
    }
    found
}

/// The hosts, or `namespace/host`, that stay when clusters are filtered.
fn reachable_hosts(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> FxHashSet<Str> {
    let facts = facts(db, mesh);
    let mut hosts = FxHashSet::default();
    for (_, service) in &facts.config.extension_providers {
        hosts.insert(service.clone());
    }
    for attached in attach::attached(db, mesh, proxy_key(db, proxy)).iter() {
        let label = attached.gateway.label();
        hosts.extend(destinations_of(db, mesh, name(db, &label)).iter().cloned());
    }
    hosts
}
