//! What a gateway workload makes of an object: the questions this folder asks of `gateways`.

use crate::db::{Db, Mesh};
use crate::gateways::{BoundServer, bindings, merged_servers, needs_service};
use crate::registry::Service;
use crate::visibility::VirtualService;
use crate::workloads::Proxy;
use meshscope_manifest::ResourceKey;

/// Whether the workload keeps clusters of a service it can see: all, or only those its routes reach
/// (V:R6.9).
pub(super) fn has_cluster_of(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Service) -> bool {
    needs_service(db, mesh, proxy, service)
}

/// Whether a server of the Gateway survived merging.
pub(super) fn uses_gateway(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> bool {
    let merged = merged_servers(db, mesh, proxy);
    let mut servers = merged.keys.iter().flat_map(|k| &k.servers);
    servers.any(|s| s.gateway.object == *key)
}

/// The servers a VirtualService is programmed on.
pub(super) fn bound_servers(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    vs: &VirtualService,
) -> Vec<BoundServer> {
    let bindings = bindings(db, mesh, proxy);
    let of_vs = bindings
        .iter()
        .filter(|b| b.virtual_service.object == vs.object && b.virtual_service.name == vs.name);
    of_vs.flat_map(|b| b.bound.clone()).collect()
}
