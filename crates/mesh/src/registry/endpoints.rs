//! Who stands behind a service: inline endpoints, selected WorkloadEntries and pods, the host itself
//! (V:R1.15, V:R1.16, O:2.3).
//!
//! Pods of files have no IPs and no readiness; an endpoint says what is known.

use super::{Resolution, Service, Source, services_in};
use crate::db::{Db, Mesh, name};
use crate::index::{facts, objects, resource};
use crate::workloads::{Workload, workloads_in};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::kubernetes::TargetPort;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::traffic::WorkloadEntry;
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::sync::Arc;

/// One endpoint of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is.
    pub kind: EndpointKind,
    /// The address, when a file says it.
    pub address: Option<Str>,
    /// Labels, for subsets.
    pub labels: Labels,
    /// Whether clients may speak Istio mutual TLS to it (label `security.istio.io/tlsMode`).
    pub istio_tls: bool,
    /// `locality`.
    pub locality: Str,
    /// Port overrides by service port name.
    pub ports: Vec<(Str, u32)>,
}

/// What an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// The pods of a workload.
    Workload(Arc<Workload>),
    /// A WorkloadEntry object.
    WorkloadEntry(ResourceKey),
    /// An inline endpoint, by index.
    Inline(usize),
    /// The service's own host, resolved by DNS.
    Host,
    /// An address of an Endpoints or EndpointSlice object.
    Address(ResourceKey),
}

/// The endpoints of a service. Reads only its own namespace.
pub fn endpoints(db: &dyn Db, mesh: Mesh, service: &Service) -> Vec<Endpoint> {
    match service.source {
        Source::Kubernetes => of_kubernetes(db, mesh, service),
        Source::External => of_service_entry(db, mesh, service),
    }
}

/// The endpoints istiod has for a host of a namespace on one port: those of every object that
/// defines the host there, seen or not.
pub fn shared_endpoints(db: &dyn Db, mesh: Mesh, service: &Service, port: u32) -> Vec<Endpoint> {
    let all = services_in(db, mesh, name(db, &service.namespace));
    let mut objects: Vec<&ResourceKey> = Vec::new();
    let mut found = Vec::new();
    for other in all.iter().filter(|s| s.host == service.host) {
        if other.port(port).is_none() || objects.contains(&&other.object) {
            continue;
        }
        objects.push(&other.object);
        let own = endpoints(db, mesh, other).into_iter();
        match other.resolution {
            // Only one endpoint is ever sent of these, and none beside others (G:CL-6).
            Resolution::DnsRoundRobin if !found.is_empty() => {}
            Resolution::DnsRoundRobin => found.extend(own.take(1)),
            _ => found.extend(own),
        }
    }
    found
}

fn of_kubernetes(db: &dyn Db, mesh: Mesh, service: &Service) -> Vec<Endpoint> {
    let ns = name(db, &service.namespace);
    if service.selector.is_empty() {
        return of_endpoint_objects(db, mesh, service);
    }
    let mut found: Vec<Endpoint> = workloads_in(db, mesh, ns)
        .iter()
        .filter(|w| service.selector.selects(&w.labels))
        .flat_map(pods)
        .collect();
    if service.resolution == Resolution::ClientSide
        && facts(db, mesh).flag(Flag::KubernetesSelectWorkloadEntries)
    {
        found.extend(selected_entries(db, mesh, service, |labels| {
            service.selector.selects(labels)
        }));
    }
    if found.is_empty() {
        // Files that describe no pod may still hold what a cluster made of them.
        found = of_endpoint_objects(db, mesh, service);
    }
    found
}

/// Endpoints and EndpointSlice objects of a Service.
fn of_endpoint_objects(db: &dyn Db, mesh: Mesh, service: &Service) -> Vec<Endpoint> {
    let ns = name(db, &service.namespace);
    [Kind::Endpoints, Kind::EndpointSlice]
        .into_iter()
        .flat_map(|kind| objects(db, mesh, ns, kind).to_vec())
        .filter_map(|r| Some((r.key.clone(), r.endpoints()?.clone())))
        .filter(|(_, e)| e.service == service.name)
        .flat_map(|(key, e)| {
            e.addresses.into_iter().map(move |address| Endpoint {
                kind: EndpointKind::Address(key.clone()),
                address: Some(address),
                labels: Labels::default(),
                istio_tls: false,
                locality: Str::default(),
                ports: Vec::new(),
            })
        })
        .collect()
}

fn of_service_entry(db: &dyn Db, mesh: Mesh, service: &Service) -> Vec<Endpoint> {
    let Some(object) = resource(db, mesh, &service.object) else {
        return Vec::new();
    };
    let Some(spec) = object.service_entry() else {
        return Vec::new();
    };
    if spec.workload_selector.is_some() {
        let selects = |labels: &Labels| service.selector.subset_of(labels);
        let mut found = selected_entries(db, mesh, service, selects);
        if facts(db, mesh).flag(Flag::ServiceEntrySelectPods) {
            let ns = name(db, &service.namespace);
            let workloads = workloads_in(db, mesh, ns);
            found.extend(
                workloads
                    .iter()
                    .filter(|w| selects(&w.labels))
                    .flat_map(pods),
            );
        }
        return found;
    }
    let by_dns = matches!(
        service.resolution,
        Resolution::Dns | Resolution::DnsRoundRobin
    );
    if spec.endpoints.is_empty() && by_dns {
        return vec![Endpoint {
            kind: EndpointKind::Host,
            address: Some(service.host.clone()),
            labels: Labels::default(),
            istio_tls: false,
            locality: Str::default(),
            ports: Vec::new(),
        }];
    }
    spec.endpoints
        .iter()
        .enumerate()
        .map(|(i, e)| entry_endpoint(EndpointKind::Inline(i), e, e.labels.clone()))
        .collect()
}

fn selected_entries(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    selects: impl Fn(&Labels) -> bool,
) -> Vec<Endpoint> {
    objects(db, mesh, name(db, &service.namespace), Kind::WorkloadEntry)
        .iter()
        .filter_map(|r| {
            let entry = r.workload_entry()?;
            // Labels of the spec, overridden by those of the metadata (V:R1.16).
            let mut labels = entry.labels.clone();
            for (key, value) in &r.meta.labels.0 {
                labels.set(key, value);
            }
            selects(&labels)
                .then(|| entry_endpoint(EndpointKind::WorkloadEntry(r.key.clone()), entry, labels))
        })
        .collect()
}

fn entry_endpoint(kind: EndpointKind, entry: &WorkloadEntry, labels: Labels) -> Endpoint {
    let istio_tls = match labels.get("security.istio.io/tlsMode") {
        Some(mode) => mode == "istio",
        None => !entry.service_account.is_empty(),
    };
    Endpoint {
        kind,
        address: Some(entry.address.clone()),
        labels,
        istio_tls,
        locality: entry.locality.clone(),
        ports: entry.ports.clone(),
    }
}

/// One endpoint per known pod IP, else one for all the pods.
fn pods(workload: &Arc<Workload>) -> Vec<Endpoint> {
    let endpoint = |address: Option<Str>| Endpoint {
        kind: EndpointKind::Workload(workload.clone()),
        address,
        labels: workload.labels.clone(),
        istio_tls: workload
            .labels
            .get("security.istio.io/tlsMode")
            .is_some_and(|m| m == "istio"),
        locality: Str::default(),
        ports: Vec::new(),
    };
    if workload.pod_ips.is_empty() {
        vec![endpoint(None)]
    } else {
        workload
            .pod_ips
            .iter()
            .map(|ip| endpoint(Some(ip.clone())))
            .collect()
    }
}

/// The port inside the pods of `workload` that a port of a Kubernetes Service leads to: a number, or
/// the container port of that name and protocol (G:SEL-5). `None` when no container has it.
pub fn target_port(
    target: &TargetPort,
    port: u32,
    protocol: &str,
    workload: &Workload,
) -> Option<u32> {
    container_port(target, port, protocol, &workload.container_ports)
}

/// The same for container ports given as (name, number, protocol).
pub fn container_port(
    target: &TargetPort,
    port: u32,
    protocol: &str,
    container_ports: &[(Str, u32, Str)],
) -> Option<u32> {
    match target {
        TargetPort::Same => Some(port),
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(port_name) => container_ports
            .iter()
            .find(|(n, _, p)| n == port_name && same_l4(p, protocol))
            .map(|(_, number, _)| *number),
    }
}

fn same_l4(a: &str, b: &str) -> bool {
    let or_tcp = |p: &str| {
        if p.is_empty() {
            "TCP".to_owned()
        } else {
            p.to_uppercase()
        }
    };
    or_tcp(a) == or_tcp(b)
}
