//! Who carries a VirtualService that is bound to gateways (V:R4.9).

use super::attach::attached_gateways;
use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use crate::visibility::{Audience, VirtualService, audience};
use crate::workloads::{Proxy, Workload, gateway_workloads, proxy_of};
use meshscope_manifest::Str;
use std::sync::Arc;

/// The gateway workloads a Gateway (`namespace/name`) applies to. Invalidated by Gateways and by
/// gateway workloads, not by VirtualServices.
#[salsa::tracked]
pub fn workloads_of_gateway<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    gateway: Name<'db>,
) -> Arc<[(Proxy, Arc<Workload>)]> {
    let label = gateway.text(db);
    let applies = |proxy: &Proxy| {
        let attached = attached_gateways(db, mesh, proxy);
        attached.iter().any(|a| a.gateway.label() == *label)
    };
    gateway_workloads(db, mesh)
        .iter()
        .filter_map(|w| Some((proxy_of(w)?, w.clone())))
        .filter(|(proxy, _)| applies(proxy))
        .collect()
}

/// The gateway workloads that carry a VirtualService, each with the gateway it is bound through.
pub fn routers(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<(Str, Proxy, Arc<Workload>)> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let audience = audience(vs, defaults);
    let sees = |ns: &Str| match &audience {
        Audience::Public => true,
        Audience::Namespaces(list) => list.contains(ns),
        Audience::Nobody => false,
    };
    let mut found = Vec::new();
    for gateway in vs.gateways.iter().filter(|g| *g != "mesh") {
        for (proxy, workload) in workloads_of_gateway(db, mesh, name(db, gateway)).iter() {
            if sees(workload.namespace()) {
                found.push((gateway.clone(), proxy.clone(), workload.clone()));
            }
        }
    }
    found
}
