//! Which policies select a proxy by its labels, and which side of it EnvoyFilter patches are for
//! (O:18.1, O:18.2). It must not know what a policy does.

use crate::db::{Db, Mesh, name};
use crate::index::{facts, objects};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, Resource, Str, Value};
use std::sync::Arc;

/// A side of a proxy, as `context` of a patch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchedSide {
    /// `SIDECAR_INBOUND`.
    Inbound,
    /// `SIDECAR_OUTBOUND`.
    Outbound,
    /// `GATEWAY`.
    Gateway,
}

/// The policies of a kind in the root namespace and in that of the pods whose selector takes the
/// pods: in this order. Those with `targetRefs` are left out.
pub fn selecting(
    db: &dyn Db,
    mesh: Mesh,
    kind: Kind,
    namespace: &Str,
    labels: &Labels,
) -> Vec<Arc<Resource>> {
    let mut namespaces = vec![facts(db, mesh).root(), namespace];
    namespaces.dedup();
    let all = namespaces
        .into_iter()
        .flat_map(|ns| objects(db, mesh, name(db, ns), kind).iter());
    all.filter(|r| {
        r.attached()
            .is_some_and(|a| a.target_refs.is_empty() && a.selector.subset_of(labels))
    })
    .cloned()
    .collect()
}

/// The patches of an EnvoyFilter for a side of a proxy: those of its context, of `ANY` and of none.
pub fn patches_for(spec: &Value, side: PatchedSide) -> impl Iterator<Item = &Value> {
    spec.list("configPatches").iter().filter(move |patch| {
        match patch.get("match").str("context").as_deref() {
            Some("SIDECAR_INBOUND") => side == PatchedSide::Inbound,
            Some("SIDECAR_OUTBOUND") => side == PatchedSide::Outbound,
            Some("GATEWAY") => side == PatchedSide::Gateway,
            _ => true,
        }
    })
}
