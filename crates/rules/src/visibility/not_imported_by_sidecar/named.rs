//! Which namespaces name a host in objects of their own.

use crate::prelude::*;
use meshscope_mesh::across;
use meshscope_mesh::visibility::virtual_services_in;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The hosts that mesh VirtualServices and DestinationRules of one namespace name.
#[salsa::tracked]
fn named_in<'db>(db: &'db dyn Db, mesh: Mesh, ns: Name<'db>) -> Arc<[Str]> {
    let rules = objects(db, mesh, ns, Kind::DestinationRule);
    let of_rules = rules
        .iter()
        .filter_map(|r| Some(r.destination_rule()?.host.clone()));
    let all = virtual_services_in(db, mesh, ns);
    let carried = all.iter().filter(|vs| vs.is_bound_to("mesh"));
    let mut hosts: Vec<Str> = of_rules
        .chain(carried.flat_map(|vs| vs.hosts.clone()))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

/// The namespaces whose own objects name a host.
#[salsa::tracked]
pub(super) fn named_by(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Str>>> {
    let mut by_host: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    for (ns, hosts) in each_named(db, mesh) {
        for host in hosts.iter() {
            by_host.entry(host.clone()).or_default().push(ns.clone());
        }
    }
    Arc::new(by_host)
}

across! {
    fn each_named() -> Arc<[Str]> = named_in in named_of_group;
}
