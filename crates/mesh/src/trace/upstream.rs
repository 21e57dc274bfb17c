//! What a cluster leads to: whether the proxy has it, and who stands behind it (O:9, O:14.6).

use crate::db::{Db, Mesh, name};
use crate::gateways::gateway_clusters;
use crate::index::{facts, resource};
use crate::outbound::{BLACK_HOLE, PASSTHROUGH, keeps_dialled_address, port_of};
use crate::registry::{
    Endpoint, EndpointKind, Resolution, Service, endpoints, host_namespaces, service_in,
    target_port,
};
use crate::visibility::{destination_rule_for, has_cluster, services_of};
use crate::workloads::{Proxy, Workload};
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use std::sync::Arc;

/// What a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Upstream {
    /// The dialled address, as it is.
    Passthrough,
    /// Nothing.
    BlackHole,
    /// The application beside an inbound sidecar.
    Application,
    /// Not there, and why.
    Missing(Str),
    /// The endpoints of a service.
    Service {
        service: Arc<Service>,
        port: u32,
        subset: Str,
    },
}

/// What a proxy has under a cluster's name.
pub(super) fn find(db: &dyn Db, mesh: Mesh, proxy: &Proxy, cluster: &str) -> Upstream {
    match cluster {
        PASSTHROUGH | crate::inbound::PASSTHROUGH => return Upstream::Passthrough,
        BLACK_HOLE => return Upstream::BlackHole,
        _ if cluster.starts_with("inbound|") => return Upstream::Application,
        _ => {}
    }
    let Some((port, subset, host)) = parts(cluster) else {
        return Upstream::Missing(format!("nothing is called {cluster}").into());
    };
    let services = services_of(db, mesh, proxy);
    let Some(member) = services.get(host) else {
        return Upstream::Missing(
            format!(
                "the proxy has no service {host}: not defined, not exported to it, or not \
                     imported by its Sidecar (O:9.1)"
            )
            .into(),
        );
    };
    let service = &member.service;
    if service.port(port).is_none() {
        return Upstream::Missing(format!("service {host} has no port {port} here (O:9.1)").into());
    }
    let slimmed = proxy.is_router()
        && facts(db, mesh).flag(Flag::FilterGatewayClusterConfig)
        && !gateway_clusters(db, mesh, proxy)
            .iter()
            .any(|c| c.name == cluster);
    if slimmed {
        return Upstream::Missing(
            "the gateway gets only clusters its routes can reach (G:CL-1)".into(),
        );
    }
    if !has_cluster(db, mesh, proxy, port, subset, host) {
        let why = if subset.is_empty() {
            format!("service {host} is found by DNS and has no endpoints (O:9.3)")
        } else {
            format!("no DestinationRule of this proxy gives {host} a subset {subset} (O:9.4)")
        };
        return Upstream::Missing(why.into());
    }
    Upstream::Service {
        service: service.clone(),
        port,
        subset: subset.into(),
    }
}

/// Port, subset and host of a cluster's name, `|` or `_.` between them.
pub(super) fn parts(cluster: &str) -> Option<(u32, &str, &str)> {
    let (rest, separator) = match cluster.strip_prefix("outbound|") {
        Some(rest) => (rest, "|"),
        None => (cluster.strip_prefix("outbound_.")?, "_."),
    };
    let mut parts = rest.splitn(3, separator);
    let port = parts.next()?.parse().ok()?;
    Some((port, parts.next()?, parts.next()?))
}

/// Who gets the bytes a cluster of a service sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A workload of the mesh, on this port inside the pod, and the endpoint it is.
    Workload {
        workload: Arc<Workload>,
        endpoint: Endpoint,
        port: u32,
        /// How many further workloads stand beside it.
        others: usize,
    },
    /// Somebody outside: a host or address.
    Outside(Str),
    /// The dialled address, whoever that is.
    Dialled,
    /// Nobody: the cluster is empty.
    Nobody,
    /// Pods that no file describes.
    Unknown,
}

/// The target of a service's cluster. `address` is what the caller dialled.
pub(super) fn target(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Arc<Service>,
    port: u32,
    subset: &str,
    address: &str,
) -> Target {
    let all = endpoints(db, mesh, service);
    let mut chosen: Vec<&Endpoint> = all.iter().collect();
    if !subset.is_empty() {
        let rule = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace);
        let labels = rule
            .as_ref()
            .and_then(|r| r.subset(subset))
            .map(|(s, _, _)| s.labels.clone());
        chosen.retain(|e| labels.as_ref().is_none_or(|l| l.subset_of(&e.labels)));
    }
    let keeps_address = service.resolution == Resolution::Passthrough
        || is_passthrough(db, mesh, proxy, service, port, subset);
    match (keeps_address, proxy.is_router()) {
        (true, false) => {
            let symbolic = address == service.host;
            chosen.retain(|e| symbolic || e.address.as_deref() == Some(address));
            if chosen.is_empty() {
                return Target::Dialled;
            }
        }
        // A gateway has nowhere to keep: it asks istiod, which knows endpoints or none (G:CL-4).
        (true, true) if chosen.is_empty() && !service.is_kubernetes() => return Target::Nobody,
        _ => {}
    }
    if service.resolution == Resolution::DynamicDns {
        // The filters it needs exist in sidecars only (G:CL-4).
        return if proxy.is_router() {
            Target::Nobody
        } else {
            Target::Outside(service.host.clone())
        };
    }
    let Some(first) = chosen.first() else {
        return if !all.is_empty() || (!service.is_kubernetes() && !service.has_selector) {
            Target::Nobody
        } else {
            Target::Unknown
        };
    };
    let reached: Vec<(Arc<Workload>, Endpoint, u32)> = chosen
        .iter()
        .flat_map(|e| workloads_of(db, mesh, service, port, e))
        .collect();
    match reached.first() {
        Some((workload, endpoint, port)) => {
            let others = reached
                .iter()
                .filter(|(w, _, _)| w.object != workload.object)
                .count();
            Target::Workload {
                workload: workload.clone(),
                endpoint: endpoint.clone(),
                port: *port,
                others,
            }
        }
        None => Target::Outside(
            first
                .address
                .clone()
                .unwrap_or_else(|| service.host.clone()),
        ),
    }
}

/// Whether a DestinationRule turns the cluster into one that keeps the dialled address (O:9.5).
fn is_passthrough(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Service,
    port: u32,
    subset: &str,
) -> bool {
    let rule = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace);
    rule.is_some_and(|r| keeps_dialled_address(&r, port, subset))
}

/// The workloads an endpoint is, with the port inside the pod: its own pods, or those behind a
/// Service that it names as its address.
fn workloads_of(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    port: u32,
    endpoint: &Endpoint,
) -> Vec<(Arc<Workload>, Endpoint, u32)> {
    let port = port_of(service, port, endpoint);
    match &endpoint.kind {
        EndpointKind::Workload(workload) => {
            let target = container_port_of(db, mesh, service, port, workload);
            vec![(workload.clone(), endpoint.clone(), target)]
        }
        EndpointKind::Host | EndpointKind::Inline(_) | EndpointKind::WorkloadEntry(_) => {
            let Some(address) = &endpoint.address else {
                return Vec::new();
            };
            let host = name(db, address);
            let owners = host_namespaces(db, mesh, host);
            let behind = owners
                .iter()
                .filter_map(|ns| service_in(db, mesh, name(db, ns), host).clone())
                .find(|s| s.is_kubernetes() && s.port(port).is_some());
            let Some(behind) = behind else {
                return Vec::new();
            };
            endpoints(db, mesh, &behind)
                .into_iter()
                .filter_map(|pod| match &pod.kind {
                    EndpointKind::Workload(workload) => {
                        let target = container_port_of(db, mesh, &behind, port, workload);
                        // TLS goes to the endpoint as it is written, not to the pod behind it.
                        Some((workload.clone(), endpoint.clone(), target))
                    }
                    _ => None,
                })
                .collect()
        }
        EndpointKind::Address(_) => Vec::new(),
    }
}

/// The port inside a pod that a port of a Kubernetes Service leads to.
fn container_port_of(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    port: u32,
    workload: &Workload,
) -> u32 {
    if !service.is_kubernetes() {
        return port;
    }
    let object = resource(db, mesh, &service.object);
    let spec = object.as_ref().and_then(|r| r.service());
    let written = spec.and_then(|s| s.ports.iter().find(|p| p.port == port));
    written
        .and_then(|p| target_port(&p.target_port, p.port, &p.protocol, workload))
        .unwrap_or(port)
}
