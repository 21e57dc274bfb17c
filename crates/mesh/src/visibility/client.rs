//! Clients: the sidecars that share a scope, who carries a VirtualService, and how clients differ
//! over one host.
//!
//! Asked from the object's side, so that a public VirtualService is judged once for the many clients
//! that see it alike: only namespaces with something of their own (a Sidecar, a private object, a
//! DestinationRule for the host) are walked one by one.

use super::parts::whole;
use super::rule_lookup::namespaces_with_rule;
use super::scopes::Scope;
use super::sidecar::sidecar_for;
use super::virtual_service::VirtualService;
use super::virtual_services::{Audience, audience};
use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use crate::registry::{host_namespaces, targets_of};
use crate::workloads::{Proxy, callers_in};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Resource, ResourceKey, Str};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The sidecars of one namespace that use one Sidecar object, or none: they share a scope (V:R10.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The namespace.
    pub namespace: Str,
    /// The Sidecar object they use.
    pub sidecar: Option<ResourceKey>,
    /// Whether they import everything: no Sidecar, or one that lists `*/*` alone.
    pub open: bool,
    /// One proxy per class of callers, in order; never empty.
    pub proxies: Vec<Proxy>,
    /// How many workloads they are.
    pub workloads: usize,
}

impl Client {
    /// Their scope.
    pub fn scope(&self, db: &dyn Db, mesh: Mesh) -> Arc<Scope> {
        whole(db, mesh, self.key(db)).clone()
    }

    /// The label sets of their classes.
    pub fn labels(&self) -> impl Iterator<Item = &Labels> {
        self.proxies.iter().map(|p| &p.labels)
    }
}

/// The clients of one namespace. Invalidated by its workloads and Sidecars.
#[salsa::tracked]
pub fn clients_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Client>]> {
    let mut clients: Vec<Client> = Vec::new();
    for class in callers_in(db, mesh, namespace).iter() {
        let sidecar = sidecar_for(db, mesh, namespace.text(db), &class.proxy.labels);
        let key = sidecar.as_ref().map(|s| s.key.clone());
        match clients.iter_mut().find(|c| c.sidecar == key) {
            Some(client) => {
                client.proxies.push(class.proxy.clone());
                client.workloads += class.workloads.len();
            }
            None => clients.push(Client {
                namespace: namespace.text(db).clone(),
                sidecar: key,
                open: sidecar.as_deref().is_none_or(imports_everything),
                proxies: vec![class.proxy.clone()],
                workloads: class.workloads.len(),
            }),
        }
    }
    clients.into_iter().map(Arc::new).collect()
}

fn imports_everything(sidecar: &Resource) -> bool {
    sidecar.sidecar().is_none_or(|s| match &s.egress[..] {
        [] => true,
        [only] => only.port.is_none() && only.hosts.iter().any(|h| h == "*/*"),
        _ => false,
    })
}

whole! {
    /// The clients of the mesh, namespace by namespace.
    pub fn clients() -> Arc<[Arc<Client>]> = clients_gathered;
}

#[salsa::tracked]
pub(crate) fn clients_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Client>]> {
    let each = each_clients(db, mesh);
    each.flat_map(|(_, clients)| clients.iter().cloned())
        .collect()
}

across! {
    fn each_clients() -> Arc<[Arc<Client>]> = clients_in in clients_of_group;
}

/// The clients whose Sidecar restricts what they import.
pub fn restricted_clients(db: &dyn Db, mesh: Mesh) -> Vec<Arc<Client>> {
    let all = clients(db, mesh);
    all.iter().filter(|c| !c.open).cloned().collect()
}

/// Clients that are alike for the question asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// One of them.
    pub client: Arc<Client>,
    /// Their namespaces, in order; the first ones when there are many.
    pub namespaces: Arc<[Str]>,
    /// How many workloads they are.
    pub workloads: usize,
}

impl View {
    fn of(client: &Arc<Client>) -> View {
        View {
            client: client.clone(),
            namespaces: Arc::from([client.namespace.clone()]),
            workloads: client.workloads,
        }
    }
}

const NAMED: usize = 8;

/// The open clients of the mesh, grouped by how they may see `host`: those that own it, get it
/// exported by name or have a DestinationRule for it one by one, all others as one (V:R3.14, V:R5.3).
#[salsa::tracked]
pub fn open_views<'db>(db: &'db dyn Db, mesh: Mesh, host: Name<'db>) -> Arc<[View]> {
    let mut special: Vec<Str> = host_namespaces(db, mesh, host).to_vec();
    special.extend(targets_of(db, mesh, host.text(db)).iter().cloned());
    special.extend(namespaces_with_rule(db, mesh, host.text(db)).cloned());
    special.push(facts(db, mesh).root().clone());
    special.sort();
    special.dedup();
    let mut views: Vec<View> = Vec::new();
    for ns in &special {
        let clients = clients_in(db, mesh, name(db, ns));
        views.extend(clients.iter().filter(|c| c.open).map(View::of));
    }
    let (first, others, total) = {
        let open = open_clients(db, mesh);
        let mut others = open
            .0
            .iter()
            .filter(|c| special.binary_search(&c.namespace).is_err());
        let first = others.next().cloned();
        let mut named: Vec<Str> = first.iter().map(|c| c.namespace.clone()).collect();
        for client in others {
            if named.len() == NAMED {
                break;
            }
            if named.last() != Some(&client.namespace) {
                named.push(client.namespace.clone());
            }
        }
        (first, named, open.1)
    };
    if let Some(client) = first {
        let taken: usize = views.iter().map(|v| v.workloads).sum();
        views.push(View {
            client,
            namespaces: others.into(),
            workloads: total.saturating_sub(taken),
        });
    }
    views.into()
}

/// The open clients and how many workloads they are.
#[salsa::tracked]
fn open_clients(db: &dyn Db, mesh: Mesh) -> Arc<(Vec<Arc<Client>>, usize)> {
    let all = clients(db, mesh);
    let open: Vec<Arc<Client>> = all.iter().filter(|c| c.open).cloned().collect();
    let total = open.iter().map(|c| c.workloads).sum();
    Arc::new((open, total))
}

/// What the restricted clients of one namespace carry: a firewall against changes inside the
/// VirtualServices.
#[salsa::tracked]
fn carried_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[(usize, Vec<ResourceKey>)]> {
    let clients = clients_in(db, mesh, namespace);
    clients
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.open)
        .map(|(i, c)| {
            let scope = c.scope(db, mesh);
            let listed = scope
                .listeners
                .iter()
                .flat_map(|l| l.virtual_services.iter(db, mesh));
            let mut keys: Vec<ResourceKey> = listed.map(|vs| vs.object.clone()).collect();
            keys.sort();
            keys.dedup();
            (i, keys)
        })
        .collect()
}

/// Clients, as namespace and position in it, by the VirtualServices they carry.
pub(crate) type Carriers = Arc<FxHashMap<ResourceKey, Vec<(Str, usize)>>>;

whole! {
    /// The restricted clients by the VirtualServices they carry.
    fn restricted_carriers() -> Carriers = restricted_carriers_gathered;
}

#[salsa::tracked]
pub(crate) fn restricted_carriers_gathered(db: &dyn Db, mesh: Mesh) -> Carriers {
    let mut carriers: FxHashMap<ResourceKey, Vec<(Str, usize)>> = FxHashMap::default();
    for (ns, carried) in each_carried(db, mesh) {
        for (client, keys) in carried.iter() {
            for key in keys {
                // Most are carried by one or two.
                let list = carriers.entry(key.clone());
                let list = list.or_insert_with(|| Vec::with_capacity(2));
                list.push((ns.clone(), *client));
            }
        }
    }
    Arc::new(carriers)
}

across! {
    fn each_carried() -> Arc<[(usize, Vec<ResourceKey>)]> = carried_in in carried_of_group;
}

/// The sidecars that carry a VirtualService bound to `mesh`, grouped by how they may see `host`.
/// Empty for one that is bound to gateways only.
pub fn carriers(db: &dyn Db, mesh: Mesh, vs: &VirtualService, host: &str) -> Vec<View> {
    if !vs.is_bound_to("mesh") {
        return Vec::new();
    }
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    match audience(vs, defaults) {
        Audience::Nobody => Vec::new(),
        Audience::Public => {
            let mut views = open_views(db, mesh, name(db, host)).to_vec();
            let listed = restricted_carriers(db, mesh);
            for (ns, index) in listed.get(&vs.object).into_iter().flatten() {
                let clients = clients_in(db, mesh, name(db, ns));
                views.extend(clients.get(*index).map(View::of));
            }
            views
        }
        Audience::Namespaces(targets) => targets
            .iter()
            .flat_map(|ns| clients_in(db, mesh, name(db, ns)).to_vec())
            .filter(|c| c.open || carries(db, mesh, c, &vs.object))
            .map(|c| View::of(&c))
            .collect(),
    }
}

/// Whether a client carries the VirtualService made of `object`.
pub fn carries(db: &dyn Db, mesh: Mesh, client: &Client, object: &ResourceKey) -> bool {
    let scope = client.scope(db, mesh);
    let mut lists = scope
        .listeners
        .iter()
        .flat_map(|l| l.virtual_services.iter(db, mesh));
    lists.any(|vs| vs.object == *object)
}
