//! The Services a proxy stands behind, port by port (G:SEL-5, G:SEL-6), and the listener ports that
//! follow for a Gateway's server port (G:SEL-7, G:SEL-8).
//!
//! Also what inbound listeners of sidecars are made of. It must not know Gateways.

use crate::db::{Db, Mesh, ProxyKey, name, proxy_key};
use crate::gateway_api;
use crate::index::{facts, objects};
use crate::registry::{
    EndpointKind, Port, Protocol, Resolution, Service, container_port, endpoints, services_in,
};
use crate::workloads::Proxy;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::kubernetes::Service as ServiceSpec;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, Resource, Str};
use std::sync::Arc;

/// One port of a Service that leads to the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceTarget {
    /// The Service.
    pub service: Arc<Service>,
    /// Its port.
    pub port: Port,
    /// The port inside the pod.
    pub target_port: u32,
}

/// The label of Services that take no part in port translation (G:SEL-7).
const NO_TRANSLATION: &str = "experimental.istio.io/disable-gateway-port-translation";

/// The service targets of a proxy, sidecar or gateway workload, oldest Service first.
pub fn service_targets(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<[ServiceTarget]> {
    targets(db, mesh, proxy_key(db, proxy)).clone()
}

/// Per proxy class. Invalidated by the Services, ServiceEntries and WorkloadEntries of its namespace.
#[salsa::tracked]
pub(super) fn targets<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ProxyKey<'db>,
) -> Arc<[ServiceTarget]> {
    let proxy = key.proxy(db);
    let mut found = of_kubernetes(db, mesh, proxy);
    found.extend(of_service_entries(db, mesh, proxy));
    found.sort_by(|a, b| {
        let age = |t: &ServiceTarget| t.service.created.unwrap_or(i64::MIN);
        age(a)
            .cmp(&age(b))
            .then_with(|| a.service.host.cmp(&b.service.host))
    });
    found.into()
}

/// The labels of the WorkloadEntry that has the proxy's IP (G:SEL-5 i).
fn workload_entry_labels(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Option<Labels> {
    let ip = proxy.ips.first()?;
    let entries = objects(db, mesh, name(db, &proxy.namespace), Kind::WorkloadEntry);
    entries.iter().find_map(|r| {
        let entry = r.workload_entry().filter(|e| e.address == *ip)?;
        let mut labels = entry.labels.clone();
        for (key, value) in &r.meta.labels.0 {
            labels.set(key, value);
        }
        Some(labels)
    })
}

fn of_kubernetes(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<ServiceTarget> {
    let ns = name(db, &proxy.namespace);
    let services = services_in(db, mesh, ns);
    let kubernetes = || services.iter().filter(|s| s.is_kubernetes());
    if let Some(labels) = workload_entry_labels(db, mesh, proxy) {
        let selecting: Vec<&Arc<Service>> = kubernetes()
            .filter(|s| s.resolution == Resolution::ClientSide && s.selector.selects(&labels))
            .collect();
        if !selecting.is_empty() {
            return selecting
                .into_iter()
                .flat_map(|s| ports(db, mesh, proxy, s, true))
                .collect();
        }
    }
    let selecting: Vec<&Arc<Service>> = kubernetes()
        .filter(|s| s.selector.selects(&proxy.labels))
        .collect();
    if !selecting.is_empty() {
        return selecting
            .into_iter()
            .flat_map(|s| ports(db, mesh, proxy, s, false))
            .collect();
    }
    if proxy.ips.is_empty() {
        return Vec::new();
    }
    kubernetes()
        .filter(|s| !s.has_selector)
        .filter(|s| {
            let mut addresses = endpoints(db, mesh, s).into_iter().filter_map(|e| e.address);
            addresses.any(|a| proxy.ips.contains(&a))
        })
        .flat_map(|s| ports(db, mesh, proxy, s, false))
        .collect()
}

/// The Kubernetes Service object behind a service, generated ones included.
pub(super) fn service_spec(db: &dyn Db, mesh: Mesh, service: &Service) -> Option<Arc<Resource>> {
    let ns = name(db, &service.namespace);
    let written = objects(db, mesh, ns, Kind::Service);
    let generated = gateway_api::managed_in(db, mesh, ns);
    written
        .iter()
        .chain(generated.iter())
        .find(|r| r.key == service.object)
        .cloned()
}

/// The ports of a Service that lead to the proxy: ports of equal target and protocol collapse to the
/// first (G:SEL-5).
fn ports(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Arc<Service>,
    of_entry: bool,
) -> Vec<ServiceTarget> {
    let object = service_spec(db, mesh, service);
    let Some(spec) = object.as_ref().and_then(|r| r.service()) else {
        return Vec::new();
    };
    let mut found: Vec<ServiceTarget> = Vec::new();
    for (port, target_port) in resolved_ports(spec, service, proxy) {
        let is_double =
            |t: &ServiceTarget| t.target_port == target_port && t.port.protocol == port.protocol;
        if (of_entry && port.protocol == Protocol::Udp) || found.iter().any(is_double) {
            continue;
        }
        found.push(ServiceTarget {
            service: service.clone(),
            port: port.clone(),
            target_port,
        });
    }
    found
}

fn resolved_ports<'a>(
    spec: &'a ServiceSpec,
    service: &'a Service,
    proxy: &'a Proxy,
) -> impl Iterator<Item = (&'a Port, u32)> {
    spec.ports.iter().filter_map(|written| {
        let port = service
            .ports
            .iter()
            .find(|p| p.name == written.name && p.number == written.port)?;
        let target = container_port(
            &written.target_port,
            written.port,
            &written.protocol,
            &proxy.container_ports,
        )?;
        Some((port, target))
    })
}

/// ServiceEntries of the proxy's namespace that have it as an endpoint (G:SEL-5).
fn of_service_entries(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<ServiceTarget> {
    let selects_pods = facts(db, mesh).flag(Flag::ServiceEntrySelectPods);
    let mut found = Vec::new();
    for service in services_in(db, mesh, name(db, &proxy.namespace)).iter() {
        if service.is_kubernetes() {
            continue;
        }
        let overrides: Option<Vec<(Str, u32)>> = if service.has_selector
            && selects_pods
            && (proxy.ips.is_empty() || !proxy.workload.is_empty())
            && service.selector.subset_of(&proxy.labels)
        {
            Some(Vec::new())
        } else if proxy.ips.is_empty() {
            None
        } else {
            endpoints(db, mesh, service)
                .into_iter()
                .filter(|e| !matches!(e.kind, EndpointKind::Host))
                .find(|e| e.address.as_ref().is_some_and(|a| proxy.ips.contains(a)))
                .map(|e| e.ports)
        };
        let Some(overrides) = overrides else { continue };
        for port in service.ports.iter() {
            let written = overrides.iter().find(|(n, _)| *n == port.name);
            let default = match port.target_port {
                0 => port.number,
                target => target,
            };
            found.push(ServiceTarget {
                service: service.clone(),
                port: port.clone(),
                target_port: written.map_or(default, |(_, number)| *number),
            });
        }
    }
    found
}

/// What a server port becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// Listener ports, sorted.
    pub ports: Vec<u32>,
    /// The Service that translated it, for selectors.
    pub by: Option<Arc<Service>>,
}

/// The listener port of a server port for a Gateway with a selector: that of the first Service with
/// such a port, else the number itself (G:SEL-7).
pub(super) fn resolve_by_selector(number: u32, targets: &[ServiceTarget]) -> Resolved {
    let hit = targets
        .iter()
        .find(|t| t.port.number == number && t.service.labels.get(NO_TRANSLATION).is_none());
    Resolved {
        ports: vec![hit.map_or(number, |t| t.target_port)],
        by: hit.map(|t| t.service.clone()),
    }
}

/// The listener ports of a Service port: all targets of the named Services, none when they do not
/// have it (G:SEL-8).
pub(super) fn resolve_by_service(
    number: u32,
    targets: &[ServiceTarget],
    hosts: &[Str],
    namespace: &str,
) -> Resolved {
    let mut ports: Vec<u32> = targets
        .iter()
        .filter(|t| t.service.namespace == namespace && hosts.contains(&t.service.host))
        .filter(|t| t.port.number == number)
        .map(|t| t.target_port)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    Resolved { ports, by: None }
}
