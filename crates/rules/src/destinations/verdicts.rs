//! What becomes of a destination at the proxies that carry it: sidecars and gateway workloads.

use super::written::{Layer, Matching, Use};
use meshscope_manifest::Str;
use meshscope_mesh::db::{Db, Mesh, name};
use meshscope_mesh::gateways::{find_gateway, routers};
use meshscope_mesh::registry::{Protocol, ProtocolClass};
use meshscope_mesh::visibility::{
    Client, Fate, ServiceSet, VirtualService, carriers, fate, gateway_services,
};
use meshscope_mesh::workloads::Proxy;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What becomes of a destination at some proxies that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Their namespaces, the first ones; for gateway workloads `namespace/name`.
    pub who: Arc<[Str]>,
    /// A client namespace it was judged for.
    pub namespace: Str,
    /// How many sidecar workloads they are.
    pub workloads: usize,
    /// How many gateway workloads they are.
    pub gateways: usize,
    /// The port meant.
    pub port: u32,
    /// What becomes of it.
    pub fate: Fate,
}

/// Sidecar and gateway workloads of some verdicts.
pub fn totals<'v>(verdicts: impl Iterator<Item = &'v Verdict>) -> (usize, usize) {
    verdicts.fold((0, 0), |(w, g), v| (w + v.workloads, g + v.gateways))
}

/// The proxies of some verdicts, in words.
pub fn clients_in_words(verdicts: &[&Verdict]) -> String {
    let names = |gateways: bool| {
        let of = verdicts.iter().filter(|v| (v.gateways > 0) == gateways);
        let mut names: Vec<Str> = of.flat_map(|v| v.who.iter().cloned()).collect();
        names.sort();
        names.dedup();
        names
    };
    let (sidecars, gateways) = (names(false), names(true));
    let mut parts = Vec::new();
    if !sidecars.is_empty() {
        parts.push(format!(
            "sidecars in {}",
            crate::finding::listing(&sidecars, 3)
        ));
    }
    if !gateways.is_empty() {
        parts.push(format!("gateway {}", crate::finding::listing(&gateways, 3)));
    }
    if parts.is_empty() {
        return "no workload of the files".into();
    }
    parts.join(" and ")
}

/// The services of clients already asked for: most destinations of a namespace are judged for the same
/// one or two.
pub(super) type Seen<'db> = FxHashMap<*const Client, &'db ServiceSet>;

/// One verdict per group of proxies that are alike, good ones included.
pub(super) fn verdicts<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    at: &Use,
    matching: &Matching<'_>,
    seen: &mut Seen<'db>,
) -> Vec<Verdict> {
    let mut found = Vec::new();
    for view in carriers(db, mesh, vs, &at.destination.host) {
        let services = seen.entry(Arc::as_ptr(&view.client));
        let services = *services.or_insert_with(|| view.client.services(db, mesh));
        let mut worst: Option<(u32, Fate)> = None;
        for proxy in &view.client.proxies {
            let ports = ports_at((db, mesh), &view.client, proxy, vs, at, matching);
            for port in ports.into_iter().flatten() {
                let fate = fate(db, mesh, services, proxy, &at.destination, port);
                keep_worse(&mut worst, port, fate);
            }
        }
        found.extend(worst.map(|(port, fate)| Verdict {
            who: view.namespaces.clone(),
            namespace: view.client.namespace.clone(),
            workloads: view.workloads,
            gateways: 0,
            port,
            fate,
        }));
    }
    for (gateway, proxy, workload) in routers(db, mesh, vs) {
        let ports = matching.ports(&gateway, &proxy);
        if ports.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let services = gateway_services(db, mesh, name(db, &proxy.config_namespace));
        let mut worst = None;
        for port in router_ports(db, mesh, &services, at, &gateway, ports.as_deref()) {
            let fate = fate(db, mesh, &services, &proxy, &at.destination, port);
            keep_worse(&mut worst, port, fate);
        }
        found.extend(worst.map(|(port, fate)| Verdict {
            who: Arc::from([workload.label().into()]),
            namespace: proxy.namespace.clone(),
            workloads: 0,
            gateways: 1,
            port,
            fate,
        }));
    }
    found
}

fn keep_worse(worst: &mut Option<(u32, Fate)>, port: u32, fate: Fate) {
    if worst.as_ref().is_none_or(|(_, w)| *w == Fate::Cluster) {
        *worst = Some((port, fate));
    }
}

/// The ports a sidecar of a client may give a destination; `None` where its rule never applies there.
pub(super) fn ports_at(
    (db, mesh): (&dyn Db, Mesh),
    client: &Client,
    proxy: &Proxy,
    vs: &VirtualService,
    at: &Use,
    matching: &Matching<'_>,
) -> Option<Vec<u32>> {
    let ports = matching.ports("mesh", proxy);
    let never = ports.as_ref().is_some_and(Vec::is_empty);
    (!never).then(|| sidecar_ports(db, mesh, client, vs, at, ports.as_deref()))
}

/// The ports a sidecar may give a destination: the written one, else the rule of its layer (O:8.17,
/// O:6.11).
fn sidecar_ports(
    db: &dyn Db,
    mesh: Mesh,
    client: &Client,
    vs: &VirtualService,
    at: &Use,
    matched: Option<&[u32]>,
) -> Vec<u32> {
    if at.destination.port != 0 {
        return vec![at.destination.port];
    }
    let http = matches!(at.layer, Layer::Http | Layer::Mirror);
    let target = client.services(db, mesh).get(&at.destination.host);
    if let (false, Some([only])) = (http, target.map(|m| &m.service.ports[..])) {
        return vec![only.number];
    }
    let fits = |p: Protocol| match p.class() {
        ProtocolClass::Http => http,
        ProtocolClass::Auto => true,
        ProtocolClass::Tcp => !http,
        ProtocolClass::Udp => false,
    };
    let mut ports: Vec<u32> = Vec::new();
    for imported in client.imported(db, mesh) {
        for host in &vs.hosts {
            let members = imported.of_host(host);
            let of_host = members.flat_map(|m| m.service.ports.iter());
            ports.extend(of_host.filter(|p| fits(p.protocol)).map(|p| p.number));
        }
    }
    ports.retain(|p| matched.is_none_or(|m| m.contains(p)));
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() && target.is_none() {
        // No port to judge, but the host is missing whatever the port.
        ports.push(0);
    }
    ports
}

/// The ports a gateway workload may give a destination: the written one, the only one of the
/// service, else the ports of the servers (G:RT-16).
fn router_ports(
    db: &dyn Db,
    mesh: Mesh,
    services: &ServiceSet,
    at: &Use,
    gateway: &str,
    matched: Option<&[u32]>,
) -> Vec<u32> {
    if at.destination.port != 0 {
        return vec![at.destination.port];
    }
    if let Some([only]) = services
        .get(&at.destination.host)
        .map(|m| &m.service.ports[..])
    {
        return vec![only.number];
    }
    let http = matches!(at.layer, Layer::Http | Layer::Mirror);
    let gateway = find_gateway(db, mesh, gateway);
    let servers = gateway.iter().flat_map(|g| &g.servers);
    servers
        .filter(|s| {
            let protocol = Protocol::parse(&s.protocol);
            http == (protocol.is_http() || protocol == Protocol::Https)
        })
        .map(|s| s.port)
        .filter(|p| matched.is_none_or(|m| m.contains(p)))
        .collect()
}
