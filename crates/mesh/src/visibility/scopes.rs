//! The scope of a proxy class: what its egress listeners carry and which services get clusters
//! (V:3.3-3.6). Keyed by (namespace, Sidecar), never by proxy (V:R10.1).
//!
//! A scope with named namespaces reads only those; one with `*` reads the shared public list.

use super::carried::{Carried, carried};
use super::imports;
use super::merge::Merged;
use super::parts::{scope_key, whole};
use super::service_set::{Base, Member, Reason, ServiceSet};
use super::sidecar::EgressHosts;
use crate::db::{Db, Mesh, Name, name};
use crate::index::{facts, object};
use crate::registry::{
    Service, exported_to, exports, exports_between, public_services, service_order,
};
use crate::workloads::Proxy;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::sidecar::{
    CaptureMode, ListenerPort, OutboundMode, OutboundTrafficPolicy,
};
use meshscope_manifest::{Kind, ResourceKey, Str};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What a sidecar of one class is configured from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The namespace it is computed for.
    pub namespace: Str,
    /// The Sidecar used, if any.
    pub sidecar: Option<ResourceKey>,
    /// Egress listeners in order; one for a scope without Sidecar.
    pub listeners: Vec<Listener>,
    /// The services that get clusters: one per host (V:R3.20).
    pub services: Arc<ServiceSet>,
    /// What happens to traffic nothing matches (V:R3.26).
    pub policy: OutboundTrafficPolicy,
}

/// One egress listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The port, when the listener has one.
    pub port: Option<ListenerPort>,
    /// `bind`.
    pub bind: Str,
    /// `captureMode`.
    pub capture_mode: CaptureMode,
    /// What it imports.
    pub hosts: EgressHosts,
    /// The services it carries (V:R3.10-R3.14).
    pub services: ServiceSet,
    /// The VirtualServices it carries (V:R3.15).
    pub virtual_services: Carried,
}

impl Listener {
    /// The port services must have to be carried (V:R3.9).
    pub fn match_port(&self) -> Option<u32> {
        let port = self.port.as_ref().filter(|p| p.number != 0)?;
        (!port.protocol.eq_ignore_ascii_case("HTTP_PROXY")).then_some(port.number)
    }
}

impl Scope {
    /// Whether unknown traffic passes through.
    pub fn allows_any(&self) -> bool {
        self.policy.mode == OutboundMode::AllowAny
    }
}

/// The scope of a sidecar.
pub fn scope_of(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<Scope> {
    whole(db, mesh, scope_key(db, mesh, proxy)).clone()
}

/// The scope of `namespace` under the Sidecar `owner/sidecar_name` (both empty: none).
#[salsa::tracked]
pub fn scope<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    owner: Name<'db>,
    sidecar_name: Name<'db>,
) -> Arc<Scope> {
    let facts = facts(db, mesh);
    let ns = namespace.text(db);
    let resource = (!sidecar_name.text(db).is_empty())
        .then(|| object(db, mesh, Kind::Sidecar, owner, sidecar_name).clone())
        .flatten();
    let sidecar = resource.as_ref().and_then(|r| r.sidecar());
    let written = sidecar.map(|s| &s.egress[..]).unwrap_or_default();
    let mut listeners: Vec<Listener> = written
        .iter()
        .map(|egress| Listener {
            port: egress.port.clone(),
            bind: egress.bind.clone(),
            capture_mode: egress.capture_mode,
            hosts: EgressHosts::new(&egress.hosts, ns),
            services: ServiceSet::default(),
            virtual_services: Carried::default(),
        })
        .collect();
    if listeners.is_empty() {
        listeners.push(Listener {
            port: None,
            bind: Str::default(),
            capture_mode: CaptureMode::Default,
            hosts: EgressHosts::everything(),
            services: ServiceSet::default(),
            virtual_services: Carried::default(),
        });
    }
    for (index, listener) in listeners.iter_mut().enumerate() {
        listener.services = listener_services(db, mesh, namespace, index, listener);
        listener.virtual_services = carried(db, mesh, namespace, &listener.hosts);
    }
    let services = cluster_services(db, mesh, namespace, &listeners);
    let policy = sidecar
        .and_then(|s| s.outbound_traffic_policy.clone())
        .unwrap_or_else(|| facts.config.outbound_traffic_policy.clone());
    Arc::new(Scope {
        namespace: ns.clone(),
        sidecar: resource.map(|r| r.key.clone()),
        listeners,
        services: Arc::new(services),
        policy,
    })
}

/// The services of one listener.
fn listener_services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    index: usize,
    listener: &Listener,
) -> ServiceSet {
    let hosts = &listener.hosts;
    if hosts.is_everything() && listener.match_port().is_none() && index == 0 {
        return everything(db, mesh, client);
    }
    let (named, public) = match hosts.namespaces() {
        Some(namespaces) => visible_of(db, mesh, client, &namespaces),
        None => (
            exported_to(db, mesh, client).to_vec(),
            public_services(db, mesh).to_vec(),
        ),
    };
    let mut taken: Vec<Member> = Vec::new();
    for service in named.iter().chain(&public) {
        let Some(host) = hosts.importing(service) else {
            continue;
        };
        let service = match listener.match_port() {
            Some(port) => service.trimmed(port),
            None => Some(service.clone()),
        };
        let reason = Reason::Imported {
            listener: index,
            host,
        };
        taken.extend(service.map(|service| Member { service, reason }));
    }
    let winners = winners(db, mesh, &taken, client.text(db));
    taken.retain(|m| winners.get(&m.service.host) == Some(&m.service.namespace));
    ServiceSet::from_members(taken)
}

/// What a client sees of some namespaces: exported by name, then public, each in order.
fn visible_of<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    owners: &[Str],
) -> (Vec<Arc<Service>>, Vec<Arc<Service>>) {
    let (mut named, mut public) = (Vec::new(), Vec::new());
    for owner in owners {
        let between = exports_between(db, mesh, name(db, owner), client);
        named.extend(between.0.iter().cloned());
        public.extend(between.1.iter().cloned());
    }
    named.sort_by(|a: &Arc<Service>, b| service_order(a, b));
    public.sort_by(|a: &Arc<Service>, b| service_order(a, b));
    (named, public)
}

/// For each host the namespace that keeps it: the client's own, else that of the first Kubernetes
/// Service, else of the first (V:R3.14).
fn winners(db: &dyn Db, mesh: Mesh, members: &[Member], client: &str) -> FxHashMap<Str, Str> {
    let prefer_kubernetes = facts(db, mesh).flag(Flag::UnifiedSidecarScope);
    let mut winners: FxHashMap<Str, (Str, bool)> = FxHashMap::default();
    for member in members {
        let s = &member.service;
        let own = s.namespace == client;
        match winners.get_mut(&s.host) {
            None => {
                winners.insert(s.host.clone(), (s.namespace.clone(), s.is_kubernetes()));
            }
            Some((ns, _)) if *ns == client => {}
            Some(entry) if own => *entry = (s.namespace.clone(), s.is_kubernetes()),
            Some(entry) if prefer_kubernetes && s.is_kubernetes() && !entry.1 => {
                *entry = (s.namespace.clone(), true);
            }
            Some(_) => {}
        }
    }
    winners
        .into_iter()
        .map(|(host, (ns, _))| (host, ns))
        .collect()
}

/// The members of a listener that imports everything, for clients that own nothing special.
#[salsa::tracked]
fn everything_base(db: &dyn Db, mesh: Mesh) -> Arc<Base> {
    let mut members = as_members(public_services(db, mesh), &imported_first());
    let contested = contested(db, mesh);
    if !contested.is_empty() {
        let contest = members.iter();
        let contest = contest.filter(|m| contested.contains_key(&m.service.host));
        let contest: Vec<Member> = contest.cloned().collect();
        let winners = winners(db, mesh, &contest, "");
        let wins = |s: &Service| winners.get(&s.host).is_none_or(|ns| *ns == s.namespace);
        members.retain(|m| wins(&m.service));
    }
    Arc::new(Base::new(members))
}

fn imported_first() -> Reason {
    Reason::Imported {
        listener: 0,
        host: 0,
    }
}

pub(super) fn as_members(services: &[Arc<Service>], reason: &Reason) -> Vec<Member> {
    services
        .iter()
        .map(|service| Member {
            service: service.clone(),
            reason: reason.clone(),
        })
        .collect()
}

/// Public services of hosts that several namespaces define: the only ones whose winner depends on
/// the client.
#[salsa::tracked]
pub(super) fn contested(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Arc<Service>>>> {
    let services = public_services(db, mesh);
    let mut owners: FxHashMap<&Str, &Str> = FxHashMap::default();
    let mut contested: FxHashMap<Str, Vec<Arc<Service>>> = FxHashMap::default();
    for service in services.iter() {
        let owner = owners.entry(&service.host).or_insert(&service.namespace);
        if **owner != service.namespace {
            contested.entry(service.host.clone()).or_default();
        }
    }
    if !contested.is_empty() {
        for service in services.iter() {
            if let Some(list) = contested.get_mut(&service.host) {
                list.push(service.clone());
            }
        }
    }
    Arc::new(contested)
}

/// A host with the services exported to a client by name and those that are public.
type Contest = (Str, Vec<Arc<Service>>, Vec<Arc<Service>>);

/// The hosts for which a client differs from the base, each with all its candidates: those exported
/// to it by name, then public ones.
fn differing<'db>(db: &'db dyn Db, mesh: Mesh, client: Name<'db>, base: &Base) -> Vec<Contest> {
    let named = exported_to(db, mesh, client);
    let contested = contested(db, mesh);
    let mut hosts: Vec<Str> = named.iter().map(|s| s.host.clone()).collect();
    if !contested.is_empty() {
        let own = exports(db, mesh, client);
        let own = own
            .public
            .iter()
            .map(|s| &s.host)
            .filter(|h| contested.contains_key(*h));
        hosts.extend(own.cloned());
    }
    hosts.sort();
    hosts.dedup();
    hosts
        .into_iter()
        .map(|host| {
            let named = named.iter().filter(|s| s.host == host).cloned().collect();
            let public = match contested.get(&host) {
                Some(list) => list.clone(),
                None => base.of_host(&host).map(|m| m.service.clone()).collect(),
            };
            (host, named, public)
        })
        .collect()
}

fn everything<'db>(db: &'db dyn Db, mesh: Mesh, client: Name<'db>) -> ServiceSet {
    let base = everything_base(db, mesh);
    let (mut hidden, mut first, mut among) = (FxHashSet::default(), Vec::new(), Vec::new());
    for (host, named, public) in differing(db, mesh, client, base) {
        let reason = imported_first();
        let mut candidates = as_members(&named, &reason);
        candidates.extend(as_members(&public, &reason));
        let winners = winners(db, mesh, &candidates, client.text(db));
        let wins = |s: &&Arc<Service>| winners.get(&s.host) == Some(&s.namespace);
        let keep = |list: &[Arc<Service>]| -> Vec<Member> {
            let kept = list.iter().filter(wins).cloned();
            kept.map(|service| Member {
                service,
                reason: reason.clone(),
            })
            .collect()
        };
        first.extend(keep(&named));
        among.extend(keep(&public));
        hidden.insert(host);
    }
    first.sort_by(|a, b| service_order(&a.service, &b.service));
    among.sort_by(|a, b| service_order(&a.service, &b.service));
    ServiceSet::with_base(Some(base.clone()), hidden, first, among)
}

/// The services that get clusters: those of every listener and the destinations of its
/// VirtualServices, appended in order (V:R3.16, V:R3.20).
fn cluster_services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    listeners: &[Listener],
) -> ServiceSet {
    if let [only] = listeners
        && only.hosts.is_everything()
        && only.match_port().is_none()
    {
        return everything_clusters(db, mesh, client, only);
    }
    let mut merged = Merged::default();
    for (index, listener) in listeners.iter().enumerate() {
        for member in listener.services.iter() {
            merged.append(member.clone());
        }
        for member in imports::of_listener(db, mesh, client, index, listener, &merged) {
            merged.append(member);
        }
    }
    ServiceSet::from_members(merged.into_members())
}

/// The cluster services of [`everything_base`].
#[salsa::tracked]
pub(crate) fn everything_clusters_base(db: &dyn Db, mesh: Mesh) -> Arc<Base> {
    let winners = everything_base(db, mesh);
    if winners.has_each_host_once() {
        return winners.clone();
    }
    let all = ServiceSet::with_base(
        Some(winners.clone()),
        FxHashSet::default(),
        Vec::new(),
        Vec::new(),
    );
    let mut merged = Merged::default();
    all.iter().for_each(|m| merged.append(m.clone()));
    Arc::new(Base::new(merged.into_members()))
}

fn everything_clusters<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    listener: &Listener,
) -> ServiceSet {
    let base = everything_clusters_base(db, mesh);
    let winners = everything_base(db, mesh);
    let mut merged = Merged::default();
    let mut hidden = FxHashSet::default();
    for (host, _, _) in differing(db, mesh, client, winners) {
        listener
            .services
            .of_host(&host)
            .for_each(|m| merged.append(m.clone()));
        hidden.insert(host);
    }
    // What is listed already holds every visible service; destinations add only services that are
    // importable without being listed (V:R3.16.3, V:R2.4).
    for member in imports::unlisted(db, mesh, client, listener) {
        let host = member.service.host.clone();
        if hidden.insert(host.clone()) {
            base.of_host(&host).for_each(|m| merged.append(m.clone()));
        }
        merged.append(member);
    }
    let mut members = merged.into_members();
    members.sort_by(|a, b| service_order(&a.service, &b.service));
    ServiceSet::with_base(Some(base.clone()), hidden, members, Vec::new())
}
