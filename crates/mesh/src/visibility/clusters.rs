//! The outbound clusters a proxy is sent (O:9, G:CL).

use super::{DestinationRuleEntry, destination_rule_for, services_of};
use crate::db::{Db, Mesh};
use crate::index::facts;
use crate::registry::{Endpoint, Protocol, Resolution, Service, endpoints};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use std::sync::Arc;

/// One outbound cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `outbound|port|subset|host`.
    pub name: Str,
    /// The service.
    pub service: Arc<Service>,
    /// The port.
    pub port: u32,
    /// The subset; empty for none.
    pub subset: Str,
    /// The DestinationRule entry that applies.
    pub rule: Option<Arc<DestinationRuleEntry>>,
}

/// `outbound|port|subset|host` (O:0.3).
pub fn cluster_name(port: u32, subset: &str, host: &str) -> Str {
    format!("outbound|{port}|{subset}|{host}").into()
}

/// All outbound clusters of a proxy, in scope order (O:9.1). DNS clusters without endpoints are not
/// sent (O:9.3).
pub fn clusters(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Cluster> {
    let mut found = Vec::new();
    for member in services_of(db, mesh, proxy).iter() {
        of_service(db, mesh, proxy, &member.service, &mut found);
    }
    found
}

/// The clusters of one service on a proxy that has it.
pub fn clusters_of(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Arc<Service>) -> Vec<Cluster> {
    let mut found = Vec::new();
    of_service(db, mesh, proxy, service, &mut found);
    found
}

fn of_service(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Arc<Service>,
    found: &mut Vec<Cluster>,
) {
    if service.is_alias() {
        return;
    }
    let rule = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace);
    let by_dns = matches!(
        service.resolution,
        Resolution::Dns | Resolution::DnsRoundRobin
    );
    let endpoints = if by_dns {
        endpoints(db, mesh, service)
    } else {
        Vec::new()
    };
    for port in service.ports.iter().filter(|p| p.protocol != Protocol::Udp) {
        if service.resolution == Resolution::DynamicDns
            && !matches!(
                port.protocol,
                Protocol::Http | Protocol::Tls | Protocol::Grpc | Protocol::Http2
            )
        {
            continue;
        }
        let mut push = |subset: &Str| {
            found.push(Cluster {
                name: cluster_name(port.number, subset, &service.host),
                service: service.clone(),
                port: port.number,
                subset: subset.clone(),
                rule: rule.clone(),
            });
        };
        if !by_dns || !endpoints.is_empty() {
            push(&Str::default());
        }
        if service.resolution == Resolution::DynamicDns {
            continue;
        }
        for (subset, _, _) in rule.iter().flat_map(|r| &r.subsets) {
            let selects = |e: &Endpoint| subset.labels.subset_of(&e.labels);
            if !by_dns || endpoints.iter().any(selects) {
                push(&subset.name);
            }
        }
    }
}

/// Whether a proxy has a cluster by that name.
pub fn has_cluster(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    port: u32,
    subset: &str,
    host: &str,
) -> bool {
    let services = services_of(db, mesh, proxy);
    let Some(member) = services.get(host) else {
        return false;
    };
    let mut found = Vec::new();
    of_service(db, mesh, proxy, &member.service, &mut found);
    found.iter().any(|c| c.port == port && c.subset == subset)
}

/// Whether headless services get EDS clusters here (O:9.5).
pub fn headless_by_eds(db: &dyn Db, mesh: Mesh) -> bool {
    facts(db, mesh).flag(Flag::EdsForHeadless)
}
