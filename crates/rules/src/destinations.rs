//! The destinations of VirtualServices and what becomes of each at every proxy that carries it.
//!
//! Several rules read this one judgement: unknown hosts, ports and subsets, hidden services.

use crate::known::is_unknown;
use meshscope_manifest::spec::virtual_service::{Destination, HttpMatch, L4Match};
use meshscope_manifest::{Kind, ResourceKey, Str};
use meshscope_mesh::db::{Db, Mesh, Name, name};
use meshscope_mesh::gateways::{find_gateway, routers};
use meshscope_mesh::index::{objects, resource};
use meshscope_mesh::registry::{Protocol, ProtocolClass, Service};
use meshscope_mesh::visibility::{
    Fate, HttpRoute, Scope, ServiceSet, VirtualService, carriers, completed, declared,
    delegates_named, fate, gateway_services, virtual_services_in,
};
use meshscope_mesh::workloads::Proxy;
use std::sync::Arc;

/// The kind of rule a destination is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// An http route.
    Http,
    /// An http mirror.
    Mirror,
    /// A tls route.
    Tls,
    /// A tcp route.
    Tcp,
}

/// A destination as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The object it is written in: the delegate for delegated routes.
    pub object: ResourceKey,
    /// Where: `spec.http[0].route[0].destination`.
    pub path: String,
    /// The destination, host completed.
    pub destination: Destination,
    /// The kind of rule.
    pub layer: Layer,
    /// Whether an earlier rule leaves requests for it.
    pub live: bool,
}

/// What becomes of a destination at some proxies that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Their namespaces, the first ones; for gateway workloads `namespace/name`.
    pub who: Vec<Str>,
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

/// A destination with something wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The destination.
    pub at: Use,
    /// The VirtualService that proxies carry it with.
    pub carried_by: ResourceKey,
    /// The services its host names anywhere in the mesh, hidden ones included.
    pub declared: Vec<Arc<Service>>,
    /// One verdict per group of proxies, good ones included.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// Sidecar and gateway workloads that carry the route.
    pub fn carriers(&self) -> (usize, usize) {
        totals(self.verdicts.iter())
    }

    /// The verdicts that pass a test.
    pub fn where_fate<'j>(&'j self, test: impl Fn(&Verdict) -> bool + 'j) -> Vec<&'j Verdict> {
        self.verdicts.iter().filter(|v| test(v)).collect()
    }
}

/// Sidecar and gateway workloads of some verdicts.
pub fn totals<'v>(verdicts: impl Iterator<Item = &'v Verdict>) -> (usize, usize) {
    verdicts.fold((0, 0), |(w, g), v| (w + v.workloads, g + v.gateways))
}

/// The proxies of some verdicts, in words.
pub fn clients_in_words(verdicts: &[&Verdict]) -> String {
    let names = |gateways: bool| {
        let of = verdicts.iter().filter(|v| (v.gateways > 0) == gateways);
        let mut names: Vec<Str> = of.flat_map(|v| v.who.clone()).collect();
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

/// The destinations of the VirtualServices of one namespace that have something wrong. Reads per
/// destination what its host means to each group of clients, nothing else.
#[salsa::tracked]
pub fn judged_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Judged]> {
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if !vs.gateway_semantics && vs.object.kind == Kind::VirtualService {
            judge(db, mesh, vs, true, &mut found);
        }
    }
    // Delegates are judged with the roots that name them; those nobody names, by themselves.
    for resource in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let key = (resource.key.namespace.clone(), resource.key.name.clone());
        let delegate = resource.virtual_service().is_some_and(|v| v.is_delegate());
        if delegate
            && !delegates_named(db, mesh).contains(&key)
            && let Some(vs) = completed(db, mesh, resource)
        {
            judge(db, mesh, &vs, false, &mut found);
        }
    }
    found.into()
}

fn judge(db: &dyn Db, mesh: Mesh, vs: &VirtualService, carried: bool, found: &mut Vec<Judged>) {
    for (at, matching) in uses(db, mesh, vs) {
        let host = &at.destination.host;
        if host.is_empty() || is_unknown(host) || is_unknown(&at.destination.subset) {
            continue;
        }
        let declared = declared(db, mesh, host);
        let verdicts = if carried {
            verdicts(db, mesh, vs, &at, &matching)
        } else {
            Vec::new()
        };
        if declared.is_empty() || verdicts.is_empty() || !fine(&verdicts) {
            found.push(Judged {
                at,
                carried_by: vs.object.clone(),
                declared,
                verdicts,
            });
        }
    }
}

fn fine(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|v| v.fate == Fate::Cluster)
}

/// The static conditions of the rule a destination belongs to.
enum Matching<'v> {
    Http(&'v [HttpMatch]),
    L4(&'v [L4Match]),
}

impl Matching<'_> {
    /// The ports the rule may apply on at a proxy; `None` for any, empty for never.
    fn ports(&self, gateway: &str, proxy: &Proxy) -> Option<Vec<u32>> {
        let of_proxy = |labels: &meshscope_manifest::spec::Labels, ns: &Str| {
            labels.subset_of(&proxy.labels) && (ns.is_empty() || *ns == proxy.namespace)
        };
        let bound = |gateways: &[Str]| gateways.iter().any(|g| g == gateway);
        let ports: Vec<u32> = match self {
            Matching::Http(list) => list
                .iter()
                .filter(|m| match m.gateways.is_empty() {
                    true => of_proxy(&m.source_labels, &m.source_namespace),
                    false => bound(&m.gateways),
                })
                .map(|m| m.port)
                .collect(),
            Matching::L4(list) => list
                .iter()
                .filter(|m| m.gateways.is_empty() || bound(&m.gateways))
                .filter(|m| proxy.is_router() || of_proxy(&m.source_labels, &m.source_namespace))
                .map(|m| m.port)
                .collect(),
        };
        let none = match self {
            Matching::Http(list) => list.is_empty(),
            Matching::L4(list) => list.is_empty(),
        };
        (!none && !ports.contains(&0)).then_some(ports)
    }
}

/// The destinations of a VirtualService as written.
pub fn written(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<Use> {
    uses(db, mesh, vs).into_iter().map(|(at, _)| at).collect()
}

fn uses<'v>(db: &dyn Db, mesh: Mesh, vs: &'v VirtualService) -> Vec<(Use, Matching<'v>)> {
    let mut found = Vec::new();
    let mut live = true;
    for route in &vs.http {
        for (path, destination, layer) in of_route(db, mesh, route) {
            let at = Use {
                object: route.object.clone(),
                path,
                destination,
                layer,
                live,
            };
            found.push((at, Matching::Http(&route.rule.matches)));
        }
        live &= !takes_everything(&route.rule.matches);
    }
    for (kind, layer, routes) in [("tls", Layer::Tls, &vs.tls), ("tcp", Layer::Tcp, &vs.tcp)] {
        for route in routes {
            for (i, r) in route.route.iter().enumerate() {
                let at = Use {
                    object: vs.object.clone(),
                    path: format!("spec.{kind}[{}].route[{i}].destination", route.index),
                    destination: r.destination.clone(),
                    layer,
                    live: true,
                };
                found.push((at, Matching::L4(&route.matches)));
            }
        }
    }
    found
}

fn of_route(db: &dyn Db, mesh: Mesh, route: &HttpRoute) -> Vec<(String, Destination, Layer)> {
    let index = route.index;
    let mut found: Vec<_> = route
        .rule
        .route
        .iter()
        .enumerate()
        .map(|(i, r)| {
            let path = format!("spec.http[{index}].route[{i}].destination");
            (path, r.destination.clone(), Layer::Http)
        })
        .collect();
    // A delegated route inherits the mirrors of its root; those are the root's to answer for.
    let own = route.delegated_by.is_none()
        || resource(db, mesh, &route.object)
            .and_then(|r| Some(!r.virtual_service()?.http.get(index)?.mirrors.is_empty()))
            .unwrap_or(false);
    for (i, mirror) in route.rule.mirrors.iter().enumerate().filter(|_| own) {
        let path = match (route.rule.has_mirror, i) {
            (true, 0) => format!("spec.http[{index}].mirror"),
            (true, i) => format!("spec.http[{index}].mirrors[{}].destination", i - 1),
            (false, i) => format!("spec.http[{index}].mirrors[{i}].destination"),
        };
        found.push((path, mirror.destination.clone(), Layer::Mirror));
    }
    found
}

/// Whether a rule leaves nothing to later ones, at any proxy (V:R4.14).
fn takes_everything(matches: &[HttpMatch]) -> bool {
    matches.is_empty() || matches.iter().any(|m| *m == HttpMatch::default())
}

fn verdicts(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    at: &Use,
    matching: &Matching<'_>,
) -> Vec<Verdict> {
    let mut found = Vec::new();
    for view in carriers(db, mesh, vs, &at.destination.host) {
        let scope = view.client.scope(db, mesh);
        let mut worst: Option<(u32, Fate)> = None;
        for proxy in &view.client.proxies {
            let ports = matching.ports("mesh", proxy);
            if ports.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            for port in sidecar_ports(&scope, vs, at, ports.as_deref()) {
                let fate = fate(db, mesh, &scope.services, proxy, &at.destination, port);
                keep_worse(&mut worst, port, fate);
            }
        }
        found.extend(worst.map(|(port, fate)| Verdict {
            who: view.namespaces.to_vec(),
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
            who: vec![workload.label().into()],
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

/// The ports a sidecar may give a destination: the written one, else the rule of its layer (O:8.17,
/// O:6.11).
fn sidecar_ports(
    scope: &Scope,
    vs: &VirtualService,
    at: &Use,
    matched: Option<&[u32]>,
) -> Vec<u32> {
    if at.destination.port != 0 {
        return vec![at.destination.port];
    }
    let http = matches!(at.layer, Layer::Http | Layer::Mirror);
    let target = scope.services.get(&at.destination.host);
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
    for listener in &scope.listeners {
        for host in &vs.hosts {
            let members = listener.services.of_host(host);
            let of_host = members.flat_map(|m| m.service.ports.iter());
            ports.extend(of_host.filter(|p| fits(p.protocol)).map(|p| p.number));
        }
    }
    ports.retain(|p| matched.is_none_or(|m| m.contains(p)));
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() && scope.services.get(&at.destination.host).is_none() {
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

/// The host as the object writes it.
pub fn written_host(db: &dyn Db, mesh: Mesh, at: &Use) -> Option<Str> {
    let object = resource(db, mesh, &at.object)?;
    let spec = object.virtual_service()?;
    let numbers: Vec<usize> = at
        .path
        .split(['[', ']'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let rule = *numbers.first()?;
    let index = numbers.get(1).copied();
    let destination = match at.layer {
        Layer::Http => &spec.http.get(rule)?.route.get(index?)?.destination,
        Layer::Mirror => {
            let rule = spec.http.get(rule)?;
            let at = index.map_or(0, |i| i + usize::from(rule.has_mirror));
            &rule.mirrors.get(at)?.destination
        }
        Layer::Tls => &spec.tls.get(rule)?.route.get(index?)?.destination,
        Layer::Tcp => &spec.tcp.get(rule)?.route.get(index?)?.destination,
    };
    Some(destination.host.clone())
}
