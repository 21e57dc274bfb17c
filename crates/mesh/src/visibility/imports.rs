//! Services a scope gets because a VirtualService routes to them (V:3.5).

use super::merge::Merged;
use super::scopes::Listener;
use super::service_set::{Member, Reason};
use super::virtual_service::{HttpRoute, VirtualService};
use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use crate::registry::{
    Service, exported_to, host_namespaces, is_importable, service_in, service_order, services_in,
};
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The destinations of one VirtualService as a client namespace sees them: host to ports, 0 for "no
/// port given", in order of first mention (V:R3.16.2).
pub fn destinations(vs: &VirtualService, client: &str) -> Vec<(Str, Vec<u32>)> {
    let mut found: Vec<(Str, Vec<u32>)> = Vec::new();
    for (route, destination) in vs.destinations() {
        if route.is_some_and(|r| !applies_to_namespace(r, client)) {
            continue;
        }
        match found.iter_mut().find(|(host, _)| *host == destination.host) {
            Some((_, ports)) if ports.contains(&destination.port) => {}
            Some((_, ports)) => ports.push(destination.port),
            None => found.push((destination.host.clone(), vec![destination.port])),
        }
    }
    found
}

/// A route is skipped when a match names a source namespace and none names the client's; matches
/// without one do not rescue it.
fn applies_to_namespace(route: &HttpRoute, client: &str) -> bool {
    let mut named = route.rule.matches.iter().map(|m| &m.source_namespace);
    let any = named.clone().any(|ns| !ns.is_empty());
    !any || named.any(|ns| ns == client)
}

/// The services the VirtualServices of one listener bring in. `have` is what the scope holds so far:
/// a host it has completely needs no look-up.
pub(super) fn of_listener<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    index: usize,
    listener: &Listener,
    have: &Merged,
) -> Vec<Member> {
    let ns = client.text(db);
    let mut found = Vec::new();
    for vs in listener.virtual_services.iter(db, mesh) {
        for (host, ports) in destinations(vs, ns) {
            let Some(service) = pick(db, mesh, client, name(db, &host)).clone() else {
                continue;
            };
            if have
                .get(&host)
                .is_some_and(|m| Arc::ptr_eq(&m.service, &service))
            {
                continue;
            }
            let service = match listener.match_port() {
                Some(port) => service.trimmed(port),
                None if ports.contains(&0) => Some(service),
                None => with_ports(&service, &ports),
            };
            let reason = Reason::Destination {
                listener: index,
                virtual_service: vs.object.clone(),
            };
            found.extend(service.map(|service| Member { service, reason }));
        }
    }
    found
}

/// What destinations add to a listener that imports everything: only services that are importable
/// without being listed.
pub(super) fn unlisted<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    listener: &Listener,
) -> Vec<Member> {
    let candidates = unlisted_hosts(db, mesh, client);
    if candidates.is_empty() {
        return Vec::new();
    }
    let ns = client.text(db);
    let mut found = Vec::new();
    for vs in listener.virtual_services.iter(db, mesh) {
        for (host, ports) in destinations(vs, ns) {
            if !candidates.contains(&host) {
                continue;
            }
            let Some(service) = pick(db, mesh, client, name(db, &host)).clone() else {
                continue;
            };
            let service = if ports.contains(&0) {
                Some(service)
            } else {
                with_ports(&service, &ports)
            };
            let reason = Reason::Destination {
                listener: 0,
                virtual_service: vs.object.clone(),
            };
            found.extend(service.map(|service| Member { service, reason }));
        }
    }
    found
}

/// Hosts a client may import though they are not listed for it: its own hidden services, and those
/// that write `~` beside a namespace (V:R2.4).
#[salsa::tracked]
fn unlisted_hosts<'db>(db: &'db dyn Db, mesh: Mesh, client: Name<'db>) -> Arc<FxHashSet<Str>> {
    let ns = client.text(db);
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let listed: FxHashSet<Str> = exported_to(db, mesh, client)
        .iter()
        .map(|s| s.label().into())
        .collect();
    let public = |s: &Service| {
        let set = if s.export_to.is_empty() {
            defaults
        } else {
            &s.export_to
        };
        set.iter().any(|t| t == "*")
    };
    let mut hosts: FxHashSet<Str> = services_in(db, mesh, client)
        .iter()
        .filter(|s| !public(s) && !listed.contains(s.label().as_str()))
        .map(|s| s.host.clone())
        .collect();
    for service in contradictory(db, mesh).iter() {
        if is_importable(service, ns, defaults) {
            hosts.insert(service.host.clone());
        }
    }
    Arc::new(hosts)
}

whole! {
    /// Services whose exportTo holds `~` and something else.
    fn contradictory() -> Arc<[Arc<Service>]> = contradictory_gathered;
}

#[salsa::tracked]
pub(crate) fn contradictory_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Service>]> {
    let each = each_contradictory(db, mesh);
    each.flat_map(|(_, services)| services.iter().cloned())
        .collect()
}

across! {
    fn each_contradictory() -> Arc<[Arc<Service>]> = contradictory_in in contradictory_of_group;
}

#[salsa::tracked]
fn contradictory_in<'db>(db: &'db dyn Db, mesh: Mesh, ns: Name<'db>) -> Arc<[Arc<Service>]> {
    services_in(db, mesh, ns)
        .iter()
        .filter(|s| s.export_to.len() > 1 && s.export_to.iter().any(|t| t == "~"))
        .cloned()
        .collect()
}

/// The service a destination host means to a client (V:R3.16.3, V:R3.16.4): the one of its own
/// namespace, exported or not; else the best of the namespaces it may import from.
#[salsa::tracked]
pub fn pick<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    host: Name<'db>,
) -> Option<Arc<Service>> {
    let ns = client.text(db);
    let owners = host_namespaces(db, mesh, host);
    if owners.contains(ns) {
        return service_in(db, mesh, client, host).clone();
    }
    let facts = facts(db, mesh);
    let defaults = &facts.config.default_service_export_to;
    let mut visible: Vec<Arc<Service>> = owners
        .iter()
        .filter_map(|owner| service_in(db, mesh, name(db, owner), host).clone())
        .filter(|s| is_importable(s, ns, defaults))
        .collect();
    if facts.flag(Flag::PickBestServiceNamespace) {
        visible.sort_by(|a, b| service_order(a, b));
        let kubernetes = visible.iter().find(|s| s.is_kubernetes()).cloned();
        kubernetes.or_else(|| visible.into_iter().next())
    } else {
        visible
            .into_iter()
            .min_by(|a, b| a.namespace.cmp(&b.namespace))
    }
}

/// The service with only the ports named; `None` when it has none of them.
fn with_ports(service: &Arc<Service>, ports: &[u32]) -> Option<Arc<Service>> {
    let kept: Vec<_> = service
        .ports
        .iter()
        .filter(|p| ports.contains(&p.number))
        .cloned()
        .collect();
    if kept.is_empty() {
        None
    } else if kept.len() == service.ports.len() {
        Some(service.clone())
    } else {
        Some(Arc::new(Service {
            ports: kept.into(),
            ..Service::clone(service)
        }))
    }
}
