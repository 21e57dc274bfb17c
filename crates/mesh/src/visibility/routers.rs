//! The scope of a gateway workload: what its namespace sees, whatever Sidecars there are (V:R6.8).

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

/// The services of the gateway workloads of a namespace (V:R6.8).
pub fn gateway_services<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<ServiceSet> {
    if shares_default_scope(db, mesh, namespace) {
        let none = name(db, "");
        scope(db, mesh, namespace, none, none).services.clone()
    } else {
        router_services(db, mesh, namespace).clone()
    }
}

/// Whether the gateway workloads of a namespace are given the default scope of its sidecars: istiod
/// does so once a sidecar without any applicable Sidecar has asked for it (V:R6.8, V:R8.5 N3). A
/// namespace that runs such a sidecar is taken to have asked; where both scopes differ the result is
/// ambiguous.
#[salsa::tracked(returns(copy))]
pub fn shares_default_scope<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> bool {
    let text = namespace.text(db);
    workloads_in(db, mesh, namespace).iter().any(|w| {
        w.proxy == Some(ProxyKind::Sidecar) && sidecar_for(db, mesh, text, &w.labels).is_none()
    })
}

/// The services of a gateway workload: all that are visible to its namespace, without own-namespace
/// preference (V:R6.8).
#[salsa::tracked]
pub fn router_services<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<ServiceSet> {
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
    Arc::new(ServiceSet::with_base(
        Some(base.clone()),
        hidden,
        merged.into_members(),
        Vec::new(),
    ))
}

#[salsa::tracked]
pub(crate) fn router_base(db: &dyn Db, mesh: Mesh) -> Arc<Base> {
    let mut merged = Merged::default();
    for member in as_members(public_services(db, mesh), &Reason::Visible) {
        merged.append(member);
    }
    Arc::new(Base::new(merged.into_members()))
}
