//! Who sees a service and who calls it: sidecars and gateway workloads, counted.

use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::db::{Db, Mesh, name};
use meshscope_mesh::registry::Service;
use meshscope_mesh::visibility::{
    Client, ServiceSet, gateway_services, open_views, restricted_clients,
};
use meshscope_mesh::workloads::{Proxy, gateway_workloads, proxy_of};
use std::sync::Arc;

/// The proxies that see a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewers {
    /// Workloads with a sidecar.
    pub sidecars: usize,
    /// Those of them that reach nothing the registry does not have (REGISTRY_ONLY).
    pub strict: usize,
    /// Gateway workloads.
    pub gateways: Vec<ResourceKey>,
}

/// The sidecars that see a service, no gateways.
pub fn sidecars_seeing(db: &dyn Db, mesh: Mesh, service: &Service) -> Viewers {
    let mut viewers = Viewers::default();
    for (client, workloads) in all_clients(db, mesh, &service.host) {
        if has(client.services(db, mesh), service) {
            viewers.sidecars += workloads;
            viewers.strict += match client.allows_any(db, mesh) {
                true => 0,
                false => workloads,
            };
        }
    }
    viewers
}

/// The proxies that see a service.
pub fn viewers(db: &dyn Db, mesh: Mesh, service: &Service) -> Viewers {
    let mut viewers = sidecars_seeing(db, mesh, service);
    for workload in gateway_workloads(db, mesh).iter() {
        if has(
            &gateway_services(db, mesh, name(db, workload.namespace())),
            service,
        ) {
            viewers.gateways.push(workload.object.clone());
        }
    }
    viewers
}

/// Proxies that call alike.
pub struct Caller {
    /// One of them.
    pub proxy: Proxy,
    /// How many sidecar workloads they are.
    pub workloads: usize,
    /// How many gateway workloads they are.
    pub gateways: usize,
    /// They, as the subject of a sentence with its verb: `sidecars in shop are`.
    pub who: Str,
}

/// The proxies that have a cluster for a host.
pub fn callers(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<Caller> {
    let mut found = Vec::new();
    for (client, workloads) in all_clients(db, mesh, host) {
        if client.services(db, mesh).get(host).is_none() {
            continue;
        }
        found.extend(client.proxies.first().map(|proxy| Caller {
            proxy: proxy.clone(),
            workloads,
            gateways: 0,
            who: format!("sidecars in {} are", client.namespace).into(),
        }));
    }
    for workload in gateway_workloads(db, mesh).iter() {
        let services = gateway_services(db, mesh, name(db, workload.namespace()));
        let proxy = proxy_of(workload).filter(|_| services.get(host).is_some());
        found.extend(proxy.map(|proxy| Caller {
            proxy,
            workloads: 0,
            gateways: 1,
            who: format!("gateway {} is", workload.label()).into(),
        }));
    }
    found
}

/// The services that sidecars see together with one, on one port.
pub struct Meeting {
    /// They.
    pub others: Vec<Arc<Service>>,
    /// How many sidecar workloads see the service.
    pub seeing: usize,
    /// How many of them see one of the others, too.
    pub meeting: usize,
}

/// The services on a port that pass a test, for the sidecars that see `service` in the same listener.
pub fn meet_at(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    port: u32,
    test: impl Fn(&Service) -> bool,
) -> Meeting {
    let mut met = Meeting {
        others: Vec::new(),
        seeing: 0,
        meeting: 0,
    };
    for (client, workloads) in all_clients(db, mesh, &service.host) {
        let mut listeners = client.imported(db, mesh);
        let Some(imported) = listeners.find(|services| has(services, service)) else {
            continue;
        };
        met.seeing += workloads;
        let on_port = imported.with_port(port).map(|m| &m.service);
        let hit: Vec<&Arc<Service>> = on_port.filter(|s| test(s)).collect();
        met.meeting += if hit.is_empty() { 0 } else { workloads };
        for other in hit {
            if !met.others.iter().any(|o| o.object == other.object) {
                met.others.push(other.clone());
            }
        }
    }
    met
}

/// Clients that stand for all sidecars as far as a host goes, each with the number of its workloads.
fn all_clients(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<(Arc<Client>, usize)> {
    let views = open_views(db, mesh, name(db, host));
    let open = views.iter().map(|v| (v.client.clone(), v.workloads));
    let restricted = restricted_clients(db, mesh).into_iter();
    let restricted = restricted.map(|c| (c.clone(), c.workloads));
    open.chain(restricted).collect()
}

fn has(services: &ServiceSet, service: &Service) -> bool {
    let mut of_host = services.of_host(&service.host);
    of_host.any(|m| m.service.object == service.object)
}
