//! The scope of a gateway workload (V:R6.8).
//!
//! Sidecar objects never apply to it. What it sees is either computed for gateways, or borrowed from
//! the sidecars beside it: istiod takes whichever of the two scopes of a namespace it has at hand.

use super::merge::Merged;
use super::scopes::{as_members, contested, scope};
use super::service_set::{Base, Member, Reason, ServiceSet};
use super::sidecar::sidecar_for;
use crate::db::{Db, Mesh, Name, name};
use crate::registry::{Service, exported_to, public_services};
use crate::workloads::{ProxyKind, workloads_in};
use meshscope_manifest::Str;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The services of the gateway workloads of a namespace.
pub fn router_services<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> ServiceSet {
    if borrows_sidecar_scope(db, mesh, namespace) {
        let none = name(db, "");
        scope(db, mesh, namespace, none, none).services.clone()
    } else {
        gateway_scope(db, mesh, namespace).clone()
    }
}

/// Whether the gateway workloads of a namespace get the default scope of the sidecars beside them:
/// a sidecar lives there that no Sidecar object applies to. istiod reuses that scope when the sidecar
/// connected first, which at the latest is so after some pushes; where [`gateway_scope`] differs, the
/// answer is ambiguous (V:R6.8).
#[salsa::tracked(returns(copy))]
pub fn borrows_sidecar_scope<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> bool {
    let workloads = workloads_in(db, mesh, namespace);
    let mut sidecars = workloads
        .iter()
        .filter(|w| w.proxy == Some(ProxyKind::Sidecar));
    sidecars.any(|w| sidecar_for(db, mesh, namespace.text(db), &w.labels).is_none())
}

/// The scope computed for gateways: all services visible to the namespace, without own-namespace
/// preference and without destinations of VirtualServices.
#[salsa::tracked]
pub fn gateway_scope<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> ServiceSet {
    let base = router_base(db, mesh);
    let named = exported_to(db, mesh, namespace);
    let contested = contested(db, mesh);
    let mut hosts: Vec<&Str> = named.iter().map(|s| &s.host).collect();
    hosts.sort();
    hosts.dedup();
    let mut merged = Merged::default();
    let mut hidden = FxHashSet::default();
    for host in hosts {
        let of_host = named.iter().filter(|s| s.host == *host).cloned();
        let public: Vec<Arc<Service>> = match contested.get(host) {
            Some(list) => list.clone(),
            None => public_services(db, mesh)
                .iter()
                .filter(|s| s.host == *host)
                .cloned()
                .collect(),
        };
        for service in of_host.chain(public) {
            merged.append(Member {
                service,
                reason: Reason::Visible,
            });
        }
        hidden.insert(host.clone());
    }
    ServiceSet::with_base(
        Some(base.clone()),
        hidden,
        merged.into_members(),
        Vec::new(),
    )
}

#[salsa::tracked]
fn router_base(db: &dyn Db, mesh: Mesh) -> Arc<Base> {
    let mut merged = Merged::default();
    for member in as_members(public_services(db, mesh), &Reason::Visible) {
        merged.append(member);
    }
    Arc::new(Base::new(merged.into_members()))
}
