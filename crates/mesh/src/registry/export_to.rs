//! Who a service is exported to (V:2.1), and the lookups by host that follow.
//!
//! Firewalls: [`services_in`] per namespace; [`exports`] splits them by audience, so that a change
//! of a private service stops there; [`public_services`] is the one list every unscoped proxy
//! shares.

use super::{Service, kubernetes, service_entry, service_order};
use crate::db::{Db, Mesh, Name};
use crate::gateway_api::managed;
use crate::index::{facts, objects};
use meshscope_manifest::{Kind, Str};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A list of services in istiod's order.
pub type ServiceList = Arc<[Arc<Service>]>;

/// The services of one namespace by audience.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Exported to everyone.
    pub public: Vec<Arc<Service>>,
    /// Exported to the named namespaces only.
    pub targeted: Vec<(Str, Arc<Service>)>,
}

/// Every service one namespace defines, in order, exported or not. Invalidated by its Services and
/// ServiceEntries.
#[salsa::tracked]
pub fn services_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> ServiceList {
    let domain = &facts(db, mesh).domain;
    let mut services: Vec<Arc<Service>> = objects(db, mesh, namespace, Kind::Service)
        .iter()
        .chain(managed(db, mesh, namespace, Kind::Service))
        .filter_map(|r| kubernetes::service(r, domain))
        .map(Arc::new)
        .collect();
    for entry in objects(db, mesh, namespace, Kind::ServiceEntry).iter() {
        services.extend(service_entry::services(entry).into_iter().map(Arc::new));
    }
    services.sort_by(|a, b| service_order(a, b));
    services.into()
}

/// The services of one namespace by audience (V:R2.2).
#[salsa::tracked]
pub fn exports<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<Exports> {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let own = namespace.text(db);
    let mut exports = Exports::default();
    for service in services_in(db, mesh, namespace).iter() {
        let set = if service.export_to.is_empty() {
            defaults
        } else {
            &service.export_to
        };
        if set.iter().any(|t| t == "*") {
            exports.public.push(service.clone());
        } else if !set.iter().any(|t| t == "~") {
            let mut targets: Vec<&Str> = Vec::new();
            for target in set.iter().map(|t| if t == "." { own } else { t }) {
                if !targets.contains(&target) {
                    targets.push(target);
                    exports.targeted.push((target.clone(), service.clone()));
                }
            }
        }
    }
    Arc::new(exports)
}

/// The public services of one namespace.
#[salsa::tracked]
fn public_of<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> ServiceList {
    exports(db, mesh, namespace).public.clone().into()
}

whole! {
    /// All public services of the mesh in istiod's order: the list every unscoped proxy shares.
    pub fn public_services() -> ServiceList = public_services_gathered;
}

#[salsa::tracked]
pub(crate) fn public_services_gathered(db: &dyn Db, mesh: Mesh) -> ServiceList {
    let mut all: Vec<Arc<Service>> = each_public(db, mesh)
        .flat_map(|(_, services)| services.iter().cloned())
        .collect();
    all.sort_by(|a, b| service_order(a, b));
    all.into()
}

across! {
    fn each_public() -> ServiceList = public_of in public_of_group;
}

across! {
    fn each_exports() -> Arc<Exports> = exports in exports_of_group;
}

across! {
    /// The services of every namespace, in the order of namespaces.
    pub(super) fn each_services() -> ServiceList = services_in in services_of_group;
}

whole! {
    /// Services exported to named namespaces, by target.
    fn targeted() -> Arc<FxHashMap<Str, ServiceList>> = targeted_gathered;
}

#[salsa::tracked]
pub(crate) fn targeted_gathered(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, ServiceList>> {
    let mut by_target: FxHashMap<Str, Vec<Arc<Service>>> = FxHashMap::default();
    for (_, exports) in each_exports(db, mesh) {
        for (target, service) in &exports.targeted {
            by_target
                .entry(target.clone())
                .or_default()
                .push(service.clone());
        }
    }
    Arc::new(
        by_target
            .into_iter()
            .map(|(target, mut services)| {
                services.sort_by(|a, b| service_order(a, b));
                (target, services.into())
            })
            .collect(),
    )
}

/// The services exported to `client` by name, in order (V:R2.3, first part).
#[salsa::tracked]
pub fn exported_to<'db>(db: &'db dyn Db, mesh: Mesh, client: Name<'db>) -> ServiceList {
    targeted(db, mesh)
        .get(client.text(db))
        .cloned()
        .unwrap_or_default()
}

/// Services exported by name, then public ones.
pub type Between = (Vec<Arc<Service>>, Vec<Arc<Service>>);

/// What of one namespace a client namespace sees: first what is exported to it by name, then what
/// is public. A scope that imports only `owner` reads this and nothing of the others.
#[salsa::tracked]
pub fn exports_between<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    owner: Name<'db>,
    client: Name<'db>,
) -> Arc<Between> {
    let exports = exports(db, mesh, owner);
    let client = client.text(db);
    let named = exports
        .targeted
        .iter()
        .filter(|(target, _)| target == client)
        .map(|(_, s)| s.clone());
    Arc::new((named.collect(), exports.public.clone()))
}

/// The second visibility predicate, used for route destinations and gateway routes (V:R2.4): it
/// ignores `~`.
pub fn is_importable(service: &Service, client: &str, defaults: &[Str]) -> bool {
    let set = if service.export_to.is_empty() {
        defaults
    } else {
        &service.export_to[..]
    };
    set.iter()
        .any(|t| t == "*" || t == client || (t == "." && service.namespace == client))
}

whole! {
    /// Which namespaces define a host, sorted (V:R1.19: exported or not).
    fn hosts() -> Arc<FxHashMap<Str, Vec<Str>>> = hosts_gathered;
}

#[salsa::tracked]
pub(crate) fn hosts_gathered(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Str>>> {
    let mut hosts: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    for (ns, own) in each_hosts(db, mesh) {
        for host in own.iter() {
            hosts.entry(host.clone()).or_default().push(ns.clone());
        }
    }
    Arc::new(hosts)
}

across! {
    fn each_hosts() -> Arc<[Str]> = hosts_of in hosts_of_group;
}

/// The hosts one namespace defines: unchanged by an edit of ports or exports.
#[salsa::tracked]
fn hosts_of<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let services = services_in(db, mesh, namespace);
    let mut hosts: Vec<Str> = services.iter().map(|s| s.host.clone()).collect();
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

/// The hosts that several namespaces define, sorted. Unchanged by an edit of ports or exports.
#[salsa::tracked]
pub fn shared_hosts(db: &dyn Db, mesh: Mesh) -> Arc<[Str]> {
    let shared = hosts(db, mesh)
        .iter()
        .filter(|(_, owners)| owners.len() > 1);
    let mut shared: Vec<Str> = shared.map(|(host, _)| host.clone()).collect();
    shared.sort();
    shared.into()
}

/// The hosts that several ServiceEntries of one namespace define, sorted.
#[salsa::tracked]
pub fn doubled_hosts<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let services = services_in(db, mesh, namespace);
    let external = services.iter().filter(|s| !s.is_kubernetes());
    let mut hosts: Vec<(&Str, &meshscope_manifest::ResourceKey)> =
        external.map(|s| (&s.host, &s.object)).collect();
    hosts.sort();
    hosts.dedup();
    let pairs = hosts.windows(2).filter_map(|pair| match pair {
        [(a, _), (b, _)] if a == b => Some((*a).clone()),
        _ => None,
    });
    let mut doubled: Vec<Str> = pairs.collect();
    doubled.dedup();
    doubled.into()
}

/// The namespaces that define `host`.
#[salsa::tracked]
pub fn host_namespaces<'db>(db: &'db dyn Db, mesh: Mesh, host: Name<'db>) -> Arc<[Str]> {
    hosts(db, mesh)
        .get(host.text(db))
        .map(|v| v.as_slice().into())
        .unwrap_or_default()
}

/// The service of `host` in `namespace` for lookups by host: the first in order, but a Kubernetes
/// Service replaces a ServiceEntry (V:R1.19).
#[salsa::tracked]
pub fn service_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    host: Name<'db>,
) -> Option<Arc<Service>> {
    let host = host.text(db);
    let services = services_in(db, mesh, namespace);
    let mut candidates = services.iter().filter(|s| s.host == *host);
    let first = candidates.next()?;
    if first.is_kubernetes() {
        return Some(first.clone());
    }
    Some(
        candidates
            .find(|s| s.is_kubernetes())
            .unwrap_or(first)
            .clone(),
    )
}

whole! {
    /// Hosts that are exported to named namespaces only, with those namespaces.
    fn targets_by_host() -> Arc<FxHashMap<Str, Vec<Str>>> = targets_by_host_gathered;
}

#[salsa::tracked]
pub(crate) fn targets_by_host_gathered(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Str>>> {
    let mut targets: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    for (_, exports) in each_exports(db, mesh) {
        for (target, service) in &exports.targeted {
            let list = targets.entry(service.host.clone()).or_default();
            if !list.contains(target) {
                list.push(target.clone());
            }
        }
    }
    Arc::new(targets)
}

/// The namespaces that `host` is exported to by name. Whoever asks depends on what is exported by name
/// anywhere.
pub(crate) fn targets_of<'db>(db: &'db dyn Db, mesh: Mesh, host: &str) -> &'db [Str] {
    let targets = targets_by_host(db, mesh).get(host);
    targets.map(Vec::as_slice).unwrap_or_default()
}

/// Every host by its first label and by what follows it: for suggestions.
#[salsa::tracked]
fn host_parts(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Str>>> {
    let mut parts: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    let mut all: Vec<&Str> = hosts(db, mesh).keys().collect();
    all.sort();
    for host in all {
        if let Some((first, parent)) = host.split_once('.') {
            for part in [format!("{first}."), parent.to_owned()] {
                parts.entry(part.into()).or_default().push(host.clone());
            }
        }
    }
    Arc::new(parts)
}

/// The hosts that differ from `host` in the first label only, then those that share only that label;
/// both sorted. For suggestions.
#[salsa::tracked]
pub fn similar_hosts<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    host: Name<'db>,
) -> Arc<(Vec<Str>, Vec<Str>)> {
    let (first, parent) = host.text(db).split_once('.').unwrap_or((host.text(db), ""));
    let parts = host_parts(db, mesh);
    let of = |part: &str| parts.get(part).cloned().unwrap_or_default();
    Arc::new((of(parent), of(&format!("{first}."))))
}
