//! Hosts that several VirtualServices claim for the mesh (V:R4.20).

use super::virtual_service::virtual_services_in;
use crate::db::{Db, Mesh, Name};
use meshscope_manifest::{ResourceKey, Str};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The hosts one namespace claims for the mesh: unchanged by an edit of routes.
#[salsa::tracked]
fn claims_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[(Str, ResourceKey)]> {
    virtual_services_in(db, mesh, namespace)
        .iter()
        .filter(|vs| vs.is_bound_to("mesh") && !vs.gateway_semantics)
        .flat_map(|vs| vs.hosts.iter().map(|h| (h.clone(), vs.object.clone())))
        .collect()
}

whole! {
    /// The hosts that more than one VirtualService claims.
    fn claimed() -> Arc<FxHashMap<Str, Arc<[ResourceKey]>>> = claimed_gathered;
}

#[salsa::tracked]
pub(crate) fn claimed_gathered(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Arc<[ResourceKey]>>> {
    let mut claims: FxHashMap<Str, Vec<ResourceKey>> = FxHashMap::default();
    for (_, claimed) in each_claims(db, mesh) {
        for (host, object) in claimed.iter() {
            let list = claims.entry(host.clone()).or_default();
            if !list.contains(object) {
                list.push(object.clone());
            }
        }
    }
    claims.retain(|_, list| list.len() > 1);
    Arc::new(claims.into_iter().map(|(h, l)| (h, l.into())).collect())
}

across! {
    fn each_claims() -> Arc<[(Str, ResourceKey)]> = claims_in in claims_of_group;
}

/// The VirtualServices that claim `host` for the mesh, when they are several.
#[salsa::tracked]
pub fn claimants<'db>(db: &'db dyn Db, mesh: Mesh, host: Name<'db>) -> Arc<[ResourceKey]> {
    claimed(db, mesh)
        .get(host.text(db))
        .cloned()
        .unwrap_or_default()
}
