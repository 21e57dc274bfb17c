//! What becomes of a route's destination at one proxy: a cluster, or the reason there is none
//! (V:R4.25, V:R5.10).

use super::rule_lookup::{Entry, choose, find};
use super::service_set::ServiceSet;
use crate::db::{Db, Mesh, name};
use crate::index::facts;
use crate::registry::{
    Protocol, Service, alias_target, host_namespaces, is_importable, service_in, services_in,
};
use crate::workloads::Proxy;
use meshscope_manifest::spec::virtual_service::Destination;
use std::sync::Arc;

/// What a destination becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A cluster that exists.
    Cluster,
    /// No service of this host is in the scope.
    NoService,
    /// The service is there without this port, or the port is UDP.
    NoPort(Arc<Service>),
    /// The DestinationRule that applies, if any, does not define the subset.
    NoSubset(Arc<Service>, Option<Arc<Entry>>),
}

/// The services of any namespace for a destination host, hidden ones included; the target's for an
/// ExternalName.
pub fn declared(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<Arc<Service>> {
    let of = |host: &str| -> Vec<Arc<Service>> {
        let owners = host_namespaces(db, mesh, name(db, host));
        let services = owners
            .iter()
            .filter_map(|ns| service_in(db, mesh, name(db, ns), name(db, host)).clone());
        services.collect()
    };
    let found = of(host);
    match found.iter().find_map(|s| alias_target(s)) {
        Some(target) => of(target),
        None => found,
    }
}

/// Every service object of a host in one namespace: several ServiceEntries may share it.
pub fn declared_in(db: &dyn Db, mesh: Mesh, namespace: &str, host: &str) -> Vec<Arc<Service>> {
    services_in(db, mesh, name(db, namespace))
        .iter()
        .filter(|s| s.host == host)
        .cloned()
        .collect()
}

/// Whether a service is visible to a client namespace at all.
pub fn is_visible_to(db: &dyn Db, mesh: Mesh, service: &Service, client: &str) -> bool {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let set = if service.export_to.is_empty() {
        defaults
    } else {
        &service.export_to
    };
    is_importable(service, client, defaults)
        && (set.iter().any(|t| t == "*") || !set.iter().any(|t| t == "~"))
}

/// What `destination`, with `port` for one that writes none, becomes for a proxy with these services.
pub fn fate(
    db: &dyn Db,
    mesh: Mesh,
    services: &ServiceSet,
    proxy: &Proxy,
    destination: &Destination,
    port: u32,
) -> Fate {
    let Some(member) = services.get(&destination.host) else {
        return Fate::NoService;
    };
    let target = alias_target(&member.service).and_then(|t| services.get(t));
    let service = match (&target, member.service.is_alias()) {
        (Some(member), _) => &member.service,
        (None, true) => return Fate::NoService,
        (None, false) => &member.service,
    };
    let usable = |p: &&crate::registry::Port| p.number == port && p.protocol != Protocol::Udp;
    if !service.ports.iter().any(|p| usable(&p)) {
        return Fate::NoPort(service.clone());
    }
    if destination.subset.is_empty() {
        return Fate::Cluster;
    }
    let client = &proxy.config_namespace;
    let entry = find(db, mesh, client, &service.host, &service.namespace)
        .and_then(|(_, entries)| choose(&entries, client, &proxy.labels));
    match &entry {
        Some(e) if e.subset(&destination.subset).is_some() => Fate::Cluster,
        _ => Fate::NoSubset(service.clone(), entry),
    }
}
