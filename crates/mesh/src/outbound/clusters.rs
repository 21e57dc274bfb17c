//! Outbound clusters in Envoy's terms (O:9.2, O:14.6).

use super::client_tls::Policy;
use crate::db::{Db, Mesh};
use crate::envoy::{Cluster, ClusterType};
use crate::registry::{Endpoint, Resolution, Service, shared_endpoints};
use crate::visibility::{self, DestinationRuleEntry, headless_by_eds};
use meshscope_manifest::Str;

/// A cluster a proxy is sent, described.
///
/// `router` says that the proxy is a gateway workload: it never keeps the dialled address (G:CL-4).
pub fn described(db: &dyn Db, mesh: Mesh, router: bool, cluster: &visibility::Cluster) -> Cluster {
    let kind = kind(db, mesh, router, cluster);
    let written = matches!(kind, ClusterType::StrictDns | ClusterType::LogicalDns);
    let endpoints = if written {
        chosen(db, mesh, cluster)
    } else {
        Vec::new()
    };
    let mut localities: Vec<&Str> = endpoints.iter().map(|e| &e.locality).collect();
    localities.sort();
    localities.dedup();
    Cluster {
        name: cluster.name.clone(),
        kind,
        locality_groups: localities.len(),
        endpoints: endpoints
            .iter()
            .filter_map(|e| {
                let address = e.address.as_ref()?;
                if let Some(path) = address.strip_prefix("unix://") {
                    return Some(path.into());
                }
                Some(format!("{address}:{}", port_of(&cluster.service, cluster.port, e)).into())
            })
            .collect(),
        services: vec![cluster.service.host.clone()],
    }
}

/// Whether a DestinationRule turns a cluster into one that keeps the dialled address (O:9.5).
pub fn keeps_dialled_address(rule: &DestinationRuleEntry, port: u32, subset: &str) -> bool {
    Policy::new(rule, port, subset).passthrough
}

fn kind(db: &dyn Db, mesh: Mesh, router: bool, cluster: &visibility::Cluster) -> ClusterType {
    let service = &cluster.service;
    let rule = cluster.rule.as_ref();
    let passthrough = rule.is_some_and(|r| keeps_dialled_address(r, cluster.port, &cluster.subset));
    match &service.resolution {
        _ if passthrough => ClusterType::OriginalDst,
        Resolution::Dns if service.race_first_connect => ClusterType::LogicalDns,
        Resolution::Dns => ClusterType::StrictDns,
        Resolution::DnsRoundRobin => ClusterType::LogicalDns,
        Resolution::Passthrough if service.is_kubernetes() && headless_by_eds(db, mesh) => {
            ClusterType::Eds
        }
        Resolution::Passthrough if router => ClusterType::Eds,
        Resolution::Passthrough => ClusterType::OriginalDst,
        Resolution::DynamicDns => ClusterType::Dynamic,
        Resolution::ClientSide | Resolution::Alias(_) => ClusterType::Eds,
    }
}

fn chosen(db: &dyn Db, mesh: Mesh, cluster: &visibility::Cluster) -> Vec<Endpoint> {
    let mut endpoints = shared_endpoints(db, mesh, &cluster.service, cluster.port);
    if let Some(rule) = &cluster.rule
        && let Some((subset, _, _)) = rule.subset(&cluster.subset)
    {
        endpoints.retain(|e| subset.labels.subset_of(&e.labels));
    }
    endpoints
}

/// The port of an endpoint: its own for the port's name, the target port, the number (O:2.3).
pub fn port_of(service: &Service, port: u32, endpoint: &Endpoint) -> u32 {
    if service.is_kubernetes() {
        return port;
    }
    let Some(known) = service.port(port) else {
        return port;
    };
    let own = endpoint.ports.iter().find(|(n, _)| *n == known.name);
    match (own, known.target_port) {
        (Some((_, number)), _) => *number,
        (None, 0) => port,
        (None, target) => target,
    }
}
