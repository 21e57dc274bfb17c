//! Which VirtualServices a client namespace has for a gateway name, in istiod's order (V:2.2, V:R4.9).
//!
//! Firewalls: [`bindings_in`] per namespace; [`bound`] per gateway name, so that an edit of a
//! VirtualService re-runs nothing of a gateway it is not bound to; [`public_bound`] is shared by all
//! clients; [`virtual_services_between`] per owner and client, so that a scope whose Sidecar names
//! namespaces depends on nothing else.

use super::virtual_service::{VirtualService, virtual_services_in};
use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// VirtualServices in order.
pub type VsSlice = Arc<[Arc<VirtualService>]>;

/// Who may use a VirtualService.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone.
    Public,
    /// The namespaces named, its own among them or not.
    Namespaces(Vec<Str>),
    /// Nobody.
    Nobody,
}

/// The audience of a VirtualService (V:R2.6).
pub fn audience(vs: &VirtualService, defaults: &[Str]) -> Audience {
    let set = if vs.export_to.is_empty() {
        defaults
    } else {
        &vs.export_to[..]
    };
    if set.iter().any(|t| t == "*") {
        Audience::Public
    } else if set.iter().any(|t| t == "~") {
        Audience::Nobody
    } else {
        let mut targets: Vec<Str> = Vec::new();
        for target in set.iter().map(|t| if t == "." { &vs.namespace } else { t }) {
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        }
        Audience::Namespaces(targets)
    }
}

/// The VirtualServices bound to one gateway name, by audience.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) public: Vec<Arc<VirtualService>>,
    targeted: Vec<(Str, Arc<VirtualService>)>,
}

/// The VirtualServices of one namespace by gateway name.
#[salsa::tracked]
fn bindings_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<FxHashMap<Str, Bound>> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let mut by_gateway: FxHashMap<Str, Bound> = FxHashMap::default();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        let audience = audience(vs, defaults);
        for gateway in &vs.gateways {
            let bound = by_gateway.entry(gateway.clone()).or_default();
            match &audience {
                Audience::Public => bound.public.push(vs.clone()),
                Audience::Namespaces(targets) => {
                    bound
                        .targeted
                        .extend(targets.iter().map(|t| (t.clone(), vs.clone())));
                }
                Audience::Nobody => {}
            }
        }
    }
    Arc::new(by_gateway)
}

/// What one namespace binds to one gateway name.
#[salsa::tracked]
pub(super) fn bound_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    gateway: Name<'db>,
) -> Arc<Bound> {
    Arc::new(
        bindings_in(db, mesh, namespace)
            .get(gateway.text(db))
            .cloned()
            .unwrap_or_default(),
    )
}

whole! {
    /// Which namespaces bind anything to which gateway names: changes only when a binding appears or
    /// goes.
    fn binders() -> Arc<FxHashMap<Str, Vec<Str>>> = binders_gathered;
}

#[salsa::tracked]
pub(crate) fn binders_gathered(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Vec<Str>>> {
    let mut by_gateway: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    for (ns, gateways) in each_gateways_bound(db, mesh) {
        for gateway in gateways.iter() {
            by_gateway
                .entry(gateway.clone())
                .or_default()
                .push(ns.clone());
        }
    }
    Arc::new(by_gateway)
}

across! {
    fn each_gateways_bound() -> Arc<[Str]> = gateways_bound_in in gateways_bound_of_group;
}

#[salsa::tracked]
fn gateways_bound_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let mut gateways: Vec<Str> = bindings_in(db, mesh, namespace).keys().cloned().collect();
    gateways.sort();
    gateways.into()
}

/// The namespaces that bind something to one gateway name.
#[salsa::tracked]
pub(super) fn binders_of<'db>(db: &'db dyn Db, mesh: Mesh, gateway: Name<'db>) -> Arc<[Str]> {
    binders(db, mesh)
        .get(gateway.text(db))
        .map(|v| v.as_slice().into())
        .unwrap_or_default()
}

/// The public VirtualServices bound to a gateway name, shared by all clients.
#[salsa::tracked]
pub fn public_bound<'db>(db: &'db dyn Db, mesh: Mesh, gateway: Name<'db>) -> VsSlice {
    let mut all: Vec<Arc<VirtualService>> = binders_of(db, mesh, gateway)
        .iter()
        .flat_map(|ns| bound_in(db, mesh, name(db, ns), gateway).public.clone())
        .collect();
    all.sort_by(|a, b| a.order(b));
    all.into()
}

/// The VirtualServices a client namespace has for a gateway name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VsList {
    /// Private ones, then those exported to the client by name.
    pub own: VsSlice,
    /// Public ones; the same allocation for most clients.
    pub public: VsSlice,
}

impl VsList {
    /// All, in istiod's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<VirtualService>> {
        self.own.iter().chain(self.public.iter())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.public.is_empty()
    }

    /// Those that pass a test; shares the lists when all do.
    pub(super) fn filtered(&self, keep: impl Fn(&VirtualService) -> bool) -> VsList {
        let filter = |list: &VsSlice| {
            if list.iter().all(|v| keep(v)) {
                list.clone()
            } else {
                list.iter().filter(|v| keep(v)).cloned().collect()
            }
        };
        VsList {
            own: filter(&self.own),
            public: filter(&self.public),
        }
    }
}

/// The list for one client namespace and gateway name (V:R3.15, V:R4.9): private, exported by name,
/// public; inside each the Gateway API routes of the client's own namespace come first.
#[salsa::tracked]
pub fn virtual_services_for<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    gateway: Name<'db>,
) -> VsList {
    let named = targeted_to(db, mesh, gateway, client);
    let public = public_bound(db, mesh, gateway);
    ordered(client.text(db), named, public.clone())
}

/// The part of [`virtual_services_for`] that comes from some namespaces: a scope that imports only
/// these reads nothing of the others.
pub(super) fn virtual_services_among<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    owners: &[Str],
    client: Name<'db>,
    gateway: Name<'db>,
) -> VsList {
    let (mut named, mut public) = (Vec::new(), Vec::new());
    for owner in owners {
        let between = virtual_services_between(db, mesh, name(db, owner), client, gateway);
        named.extend(between.0.iter().cloned());
        public.extend(between.1.iter().cloned());
    }
    public.sort_by(|a: &Arc<VirtualService>, b| a.order(b));
    ordered(client.text(db), &named, public.into())
}

/// VirtualServices exported by name, then public ones.
pub type Between = (Vec<Arc<VirtualService>>, Vec<Arc<VirtualService>>);

/// What one namespace binds to a gateway name for a client: by name, then publicly, each in order.
/// Unchanged by an edit of what the client may not use.
#[salsa::tracked]
pub fn virtual_services_between<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    owner: Name<'db>,
    client: Name<'db>,
    gateway: Name<'db>,
) -> Arc<Between> {
    let bound = bound_in(db, mesh, owner, gateway);
    let client = client.text(db);
    let named = bound.targeted.iter().filter(|(target, _)| target == client);
    Arc::new((
        named.map(|(_, vs)| vs.clone()).collect(),
        bound.public.clone(),
    ))
}

/// Puts the VirtualServices exported to a client by name and public ones, the latter in order, into
/// istiod's order.
pub(super) fn ordered(client: &Str, named: &[Arc<VirtualService>], public: VsSlice) -> VsList {
    let is_own_route = |v: &VirtualService| v.gateway_semantics && v.namespace == *client;
    let own_first = |list: &mut Vec<Arc<VirtualService>>| {
        list.sort_by(|a, b| a.order(b));
        list.sort_by_key(|v| !is_own_route(v));
    };
    let is_private = |v: &&Arc<VirtualService>| v.namespace == *client;
    let mut private: Vec<_> = named.iter().filter(is_private).cloned().collect();
    let mut exported: Vec<_> = named.iter().filter(|v| !is_private(v)).cloned().collect();
    own_first(&mut private);
    own_first(&mut exported);
    private.extend(exported);
    let public = if public.iter().any(|v| is_own_route(v)) {
        let mut list = public.to_vec();
        own_first(&mut list);
        list.into()
    } else {
        public
    };
    VsList {
        own: private.into(),
        public,
    }
}

/// Namespaces by the clients they export VirtualServices bound to `mesh` to by name.
pub(crate) type Targeting = Arc<FxHashMap<Str, Vec<Str>>>;

whole! {
    /// Which namespaces export to a client by name: unchanged by an edit of routes.
    fn targeting() -> Targeting = targeting_gathered;
}

#[salsa::tracked]
pub(crate) fn targeting_gathered(db: &dyn Db, mesh: Mesh) -> Targeting {
    let mut owners: FxHashMap<Str, Vec<Str>> = FxHashMap::default();
    for (ns, clients) in each_targets(db, mesh) {
        for client in clients.iter() {
            owners.entry(client.clone()).or_default().push(ns.clone());
        }
    }
    Arc::new(owners)
}

across! {
    fn each_targets() -> Arc<[Str]> = targets_in in targets_of_group;
}

/// The clients that one namespace exports to by name.
#[salsa::tracked]
fn targets_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let bound = bound_in(db, mesh, namespace, name(db, "mesh"));
    let mut clients: Vec<Str> = bound.targeted.iter().map(|(c, _)| c.clone()).collect();
    clients.sort();
    clients.dedup();
    clients.into()
}

/// What is bound to a gateway name for one client by name.
#[salsa::tracked]
pub(super) fn targeted_to<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    gateway: Name<'db>,
    client: Name<'db>,
) -> VsSlice {
    let wanted = client.text(db);
    let owners = match gateway.text(db).as_str() {
        "mesh" => targeting(db, mesh).get(wanted).map(Vec::as_slice),
        _ => Some(&binders_of(db, mesh, gateway)[..]),
    };
    let mut found: Vec<Arc<VirtualService>> = Vec::new();
    for owner in owners.into_iter().flatten() {
        let targeted = bound_in(db, mesh, name(db, owner), gateway).targeted.iter();
        found.extend(
            targeted
                .filter(|(c, _)| c == wanted)
                .map(|(_, vs)| vs.clone()),
        );
    }
    found.into()
}
