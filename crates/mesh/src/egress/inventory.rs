//! The external hosts a namespace calls, or could, each with the path its calls take out.
//!
//! A host is external when a service outside the mesh defines it, or when a VirtualService routes it
//! without any service. Every (host, port, kind of call, proxy class) is traced: what the model does
//! is the answer, not what names suggest.

use super::layers::bare;
use super::outcome::{Outcome, outcome};
use super::routes_out::{Intended, intended};
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::Because;
use crate::index::namespaces;
use crate::names::is_wildcard;
use crate::registry::{Protocol, Service};
use crate::trace::{Call, From, Scheme, trace};
use crate::visibility::{Member, services_of};
use crate::workloads::{
    Proxy, ProxyKind, Workload, callers_in, class_proxy, workloads, workloads_in,
};
use meshscope_manifest::{ResourceKey, Str};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many (host, port) pairs are traced per class at most.
const LIMIT: usize = 2000;

/// The label that stands for whatever a wildcard leaves open.
pub(crate) const WITNESS: &str = "any";

/// One external host as one namespace sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalHost {
    /// The host; may be a wildcard.
    pub host: Str,
    /// The object that defines it; none when only a VirtualService names it.
    pub service: Option<ResourceKey>,
    /// The routes that mean to lead it through egress gateways, whoever may use them.
    pub intended: Arc<[Intended]>,
    /// What happens, per port, kind of call and class of clients.
    pub paths: Vec<HostPath>,
}

/// The path of one kind of call of one class of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPath {
    /// The call that was traced.
    pub call: Call,
    /// The workloads that make it, `namespace/name`; empty for any sidecar a namespace without
    /// workloads might have.
    pub clients: Vec<Str>,
    /// Where it goes.
    pub outcome: Outcome,
    /// Whether the host is meant to pass an egress gateway and this call does not (O:15B). Whether a
    /// route is about this very call says [`Intended::means`].
    pub bypasses: bool,
    /// The objects that decided, first hop first.
    pub because: Vec<Because>,
}

/// Who calls: one workload of a class, or a sidecar without labels for a namespace that routes calls
/// out and whose workloads are elsewhere.
struct Client {
    from: From,
    proxy: Option<Proxy>,
    namespace: Str,
    labels: Vec<Str>,
}

/// The inventory of one namespace, sorted by host.
pub fn inventory(db: &dyn Db, mesh: Mesh, namespace: &str) -> Vec<ExternalHost> {
    traced(db, mesh, namespace, false)
}

/// Of the inventory of a namespace what some route means to lead through an egress gateway for it.
/// Nothing is traced for namespaces that no route is meant for.
#[salsa::tracked]
pub fn meant_to_pass<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[ExternalHost]> {
    let namespace = namespace.text(db);
    let all = intended(db, mesh);
    if !all.iter().any(|i| i.namespaces.contains(namespace)) {
        return Arc::default();
    }
    traced(db, mesh, namespace, true).into()
}

fn traced(db: &dyn Db, mesh: Mesh, namespace: &str, only_meant: bool) -> Vec<ExternalHost> {
    let routes = intended(db, mesh);
    let mut found: BTreeMap<Str, ExternalHost> = BTreeMap::new();
    for client in clients(db, mesh, namespace, routes) {
        let hosts = hosts_of(db, mesh, &client, routes, only_meant);
        let is_meant = |host: &Str| {
            let mut of_host = routes.iter().filter(|i| i.host == *host);
            of_host.any(|i| i.namespaces.contains(&client.namespace))
        };
        let hosts = hosts
            .into_iter()
            .filter(|(h, _)| !only_meant || is_meant(h));
        for (host, service) in hosts.take(LIMIT) {
            let meant: Vec<Intended> = routes.iter().filter(|i| i.host == host).cloned().collect();
            let entry = found.entry(host.clone()).or_insert_with(|| ExternalHost {
                host: host.clone(),
                service: service.as_ref().map(|s| s.object.clone()),
                intended: meant.into(),
                paths: Vec::new(),
            });
            for call in calls(&host, service.as_deref(), &entry.intended) {
                let path = path(db, mesh, &client, call, &entry.intended);
                let same = entry.paths.iter_mut().find(|p| {
                    p.call == path.call && p.outcome == path.outcome && p.because == path.because
                });
                match same {
                    Some(known) => known.clients.extend(path.clients),
                    None => entry.paths.push(path),
                }
            }
        }
    }
    found.into_values().collect()
}

/// The whole mesh: namespaces that run clients, each with its inventory.
pub fn inventories(db: &dyn Db, mesh: Mesh) -> Vec<(Str, Vec<ExternalHost>)> {
    let all = namespaces(db, mesh);
    all.iter()
        .map(|ns| (ns.clone(), inventory(db, mesh, ns)))
        .filter(|(_, hosts)| !hosts.is_empty())
        .collect()
}

/// One workload per class of callers, with all the class's names; pods without sidecar are a class
/// each, and gateway workloads no clients.
fn clients(db: &dyn Db, mesh: Mesh, namespace: &str, routes: &[Intended]) -> Vec<Client> {
    let ns = name(db, namespace);
    let by_label: FxHashMap<String, &Arc<Workload>> = workloads_in(db, mesh, ns)
        .iter()
        .map(|workload| (workload.label(), workload))
        .collect();
    let mut found: Vec<(Arc<Workload>, Vec<Str>)> = Vec::new();
    for class in callers_in(db, mesh, ns).iter() {
        // Annotations take traffic out of capture (O:1.3), the account is what policies ask for; neither
        // is part of the class.
        let mut alike: Vec<(Arc<Workload>, Vec<Str>)> = Vec::new();
        for label in &class.workloads {
            let Some(&workload) = by_label.get(label.as_str()) else {
                continue;
            };
            let same = alike.iter_mut().find(|(w, _)| {
                w.annotations == workload.annotations
                    && w.service_account == workload.service_account
            });
            match same {
                Some((_, labels)) => labels.push(label.clone()),
                None => alike.push((workload.clone(), vec![label.clone()])),
            }
        }
        found.extend(alike);
    }
    for workload in workloads_in(db, mesh, ns).iter() {
        if workload.proxy.is_none() {
            found.push((workload.clone(), vec![workload.label().into()]));
        }
    }
    // Where a client's route has no client in all the files, what it would do to one is the answer.
    let is_client = |w: &Arc<Workload>| w.proxy != Some(ProxyKind::Router);
    let routes_from_here = || {
        let all = workloads(db, mesh);
        let mut own = routes
            .iter()
            .filter(|i| i.client_leg && i.virtual_service.namespace == namespace);
        own.any(|i| {
            let mut clients = all.iter().filter(|w| is_client(w));
            !clients.any(|w| i.namespaces.contains(w.namespace()))
        })
    };
    if found.is_empty() && routes_from_here() {
        let (proxy, _) = bare(namespace);
        return vec![Client {
            from: From::Proxy(proxy.clone()),
            proxy: Some(proxy),
            namespace: namespace.into(),
            labels: Vec::new(),
        }];
    }
    let client = |(workload, labels): (Arc<Workload>, Vec<Str>)| Client {
        proxy: class_proxy(db, mesh, &workload),
        namespace: namespace.into(),
        from: From::Workload(workload),
        labels,
    };
    found.into_iter().map(client).collect()
}

/// The external hosts that concern a client: those it sees, and those anybody leads out. Of what it
/// sees only what routes are about when nothing else is asked for.
fn hosts_of(
    db: &dyn Db,
    mesh: Mesh,
    client: &Client,
    routes: &[Intended],
    only_meant: bool,
) -> BTreeMap<Str, Option<Arc<Service>>> {
    let mut hosts: BTreeMap<Str, Option<Arc<Service>>> = BTreeMap::new();
    let mut add = |member: &Member| {
        let service = &member.service;
        if service.mesh_external && !service.is_alias() {
            hosts.insert(service.host.clone(), Some(service.clone()));
        }
    };
    if let Some(proxy) = &client.proxy {
        let seen = services_of(db, mesh, proxy);
        if only_meant {
            let meant = routes.iter().flat_map(|route| seen.of_host(&route.host));
            meant.for_each(&mut add);
        } else {
            seen.iter().for_each(&mut add);
        }
    }
    // Where a route is meant for this namespace but its host is not visible, that is the finding.
    for route in routes {
        if route.namespaces.contains(&client.namespace) {
            hosts
                .entry(route.host.clone())
                .or_insert_with(|| route.service.clone());
        }
    }
    hosts
}

/// The calls that a host and its ports stand for, and those its routes mean.
fn calls(host: &Str, service: Option<&Service>, meant: &[Intended]) -> Vec<Call> {
    let mut found: Vec<Call> = Vec::new();
    let mut add = |scheme: Scheme, port: u32| {
        let call = Call::new(scheme, concrete(host), port);
        if !found.contains(&call) {
            found.push(call);
        }
    };
    for port in service.iter().flat_map(|s| s.ports.iter()) {
        if let Some(scheme) = scheme_of(port.protocol, port.number) {
            add(scheme, port.number);
        }
    }
    for route in meant {
        for (scheme, port) in &route.calls {
            add(*scheme, *port);
        }
    }
    found
}

/// A host under a wildcard.
pub(crate) fn concrete(host: &Str) -> Str {
    match host.strip_prefix('*') {
        Some("") => format!("{WITNESS}.example.com").into(),
        Some(suffix) if is_wildcard(host) => format!("{WITNESS}{suffix}").into(),
        _ => host.clone(),
    }
}

/// What clients speak to a port of this protocol.
pub(crate) fn scheme_of(protocol: Protocol, port: u32) -> Option<Scheme> {
    Some(match protocol {
        Protocol::Http | Protocol::GrpcWeb => Scheme::Http,
        Protocol::Http2 | Protocol::Grpc => Scheme::Http2,
        Protocol::Https | Protocol::Tls => Scheme::Https,
        Protocol::Udp => return None,
        // What is not declared is told by the port, as clients tell it.
        _ if port == 443 => Scheme::Https,
        _ if port == 80 => Scheme::Http,
        _ => Scheme::Tcp,
    })
}

fn path(db: &dyn Db, mesh: Mesh, client: &Client, call: Call, meant: &[Intended]) -> HostPath {
    let trace = trace(db, mesh, &client.from, &call);
    let outcome = outcome(&trace);
    let hops = trace.hops.iter().flat_map(|h| &h.because);
    let mut because: Vec<Because> = trace.because.iter().chain(hops).cloned().collect();
    because.dedup();
    let meant_here = meant
        .iter()
        .any(|i| i.namespaces.contains(&client.namespace));
    HostPath {
        bypasses: meant_here && outcome.leaves_without_gateway(),
        call,
        clients: client.labels.clone(),
        outcome,
        because,
    }
}
