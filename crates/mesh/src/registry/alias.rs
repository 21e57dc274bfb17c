//! ExternalName Services: names for other services (V:1.5).

use super::{Resolution, Service, export_to::ServiceList, services_in};
use crate::db::{Db, Mesh, Name};
use meshscope_manifest::Str;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

whole! {
    /// All ExternalName Services of the mesh, in namespace order. Invalidated only by a namespace that
    /// has one.
    pub fn all_aliases() -> ServiceList = all_aliases_gathered;
}

#[salsa::tracked]
pub(crate) fn all_aliases_gathered(db: &dyn Db, mesh: Mesh) -> ServiceList {
    let each = each_aliases(db, mesh);
    each.flat_map(|(_, aliases)| aliases.iter().cloned())
        .collect()
}

across! {
    fn each_aliases() -> ServiceList = aliases_in in aliases_of_group;
}

#[salsa::tracked]
fn aliases_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> ServiceList {
    services_in(db, mesh, namespace)
        .iter()
        .filter(|s| s.is_alias())
        .cloned()
        .collect()
}

/// For each concrete host, its aliases sorted by (namespace, host): chains are followed by hostname
/// only; a loop discards the alias (V:R1.22).
#[salsa::tracked]
fn resolved(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Arc<Service>>>> {
    let aliases = all_aliases(db, mesh);
    let target_of = |service: &Service| match &service.resolution {
        Resolution::Alias(target) => Some(target.clone()),
        _ => None,
    };
    let targets: FxHashMap<Str, Str> = aliases
        .iter()
        .filter_map(|s| Some((s.host.clone(), target_of(s)?)))
        .collect();
    let mut by_target: FxHashMap<Str, Vec<Arc<Service>>> = FxHashMap::default();
    for alias in aliases.iter() {
        let mut seen = FxHashSet::default();
        let mut host = alias.host.clone();
        while let Some(next) = targets.get(&host) {
            if !seen.insert(host.clone()) {
                break;
            }
            host = next.clone();
        }
        if !targets.contains_key(&host) {
            by_target.entry(host).or_default().push(alias.clone());
        }
    }
    for list in by_target.values_mut() {
        list.sort_by(|a, b| (&a.namespace, &a.host).cmp(&(&b.namespace, &b.host)));
    }
    Arc::new(by_target)
}

/// The ExternalName Services that stand for `host`.
#[salsa::tracked]
pub fn aliases_of<'db>(db: &'db dyn Db, mesh: Mesh, host: Name<'db>) -> ServiceList {
    resolved(db, mesh)
        .get(host.text(db))
        .map(|v| v.as_slice().into())
        .unwrap_or_default()
}

/// The hosts that an ExternalName host finally stands for: several when namespaces disagree.
#[salsa::tracked]
pub fn concrete_of<'db>(db: &'db dyn Db, mesh: Mesh, alias: Name<'db>) -> Arc<[Str]> {
    let alias = alias.text(db);
    let all = resolved(db, mesh);
    let stands_for = all
        .iter()
        .filter(|(_, aliases)| aliases.iter().any(|a| a.host == *alias));
    let mut found: Vec<Str> = stands_for.map(|(concrete, _)| concrete.clone()).collect();
    found.sort();
    found.into()
}

/// The host an ExternalName Service names: a single hop, as route building takes it (V:R1.23).
pub fn alias_target(service: &Service) -> Option<&Str> {
    match &service.resolution {
        Resolution::Alias(target) => Some(target),
        _ => None,
    }
}
