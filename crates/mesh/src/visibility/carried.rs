//! The VirtualServices that an egress listener carries (V:R3.15).
//!
//! Most clients import everything that is public. A scope does not hold that list, it says so: it stays
//! the same when a VirtualService changes, and what reads the list asks for the part it needs.

use super::sidecar::EgressHosts;
use super::virtual_service::VirtualService;
use super::virtual_services::{
    VsList, VsSlice, bound_in, ordered, public_bound, targeted_to, virtual_services_among,
    virtual_services_for,
};
use crate::db::{Db, Mesh, Name, name};
use meshscope_manifest::Str;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one listener carries, in two parts that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Private ones, then those exported to the client by name.
    pub own: VsSlice,
    /// The public ones.
    pub public: Public,
}

/// The public VirtualServices of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// All that are bound to `mesh`, in the order everybody has them.
    All,
    /// These.
    Listed(VsSlice),
}

impl Default for Public {
    fn default() -> Public {
        Public::Listed(VsSlice::default())
    }
}

impl Carried {
    /// All, in istiod's order. Reads the public list where the listener imports all of it.
    pub fn iter<'a>(
        &'a self,
        db: &'a dyn Db,
        mesh: Mesh,
    ) -> impl Iterator<Item = &'a Arc<VirtualService>> {
        self.own.iter().chain(self.public(db, mesh).iter())
    }

    /// The public ones.
    pub fn public<'a>(&'a self, db: &'a dyn Db, mesh: Mesh) -> &'a VsSlice {
        match &self.public {
            Public::All => public_bound(db, mesh, name(db, "mesh")),
            Public::Listed(list) => list,
        }
    }
}

impl From<VsList> for Carried {
    fn from(list: VsList) -> Carried {
        Carried {
            own: list.own,
            public: Public::Listed(list.public),
        }
    }
}

/// What a listener with these egress hosts carries for a client.
pub(super) fn carried<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    hosts: &EgressHosts,
) -> Carried {
    let gateway = name(db, "mesh");
    if hosts.is_everything() {
        return everything(db, mesh, client, gateway);
    }
    let imports = |vs: &VirtualService| hosts.importing_virtual_service(vs).is_some();
    let list = match hosts.namespaces() {
        Some(owners) => {
            virtual_services_among(db, mesh, &owners, client, gateway).filtered(imports)
        }
        None => virtual_services_for(db, mesh, client, gateway).filtered(imports),
    };
    list.into()
}

fn everything<'db>(db: &'db dyn Db, mesh: Mesh, client: Name<'db>, gateway: Name<'db>) -> Carried {
    if has_public_routes(db, mesh, client, gateway) {
        // Its own Gateway API routes come first for it: its list is unlike everybody's.
        return virtual_services_for(db, mesh, client, gateway)
            .clone()
            .into();
    }
    let named = targeted_to(db, mesh, gateway, client);
    Carried {
        own: ordered(client.text(db), named, VsSlice::default()).own,
        public: Public::All,
    }
}

/// Whether Gateway API routes of a namespace are among the public VirtualServices.
#[salsa::tracked(returns(copy))]
fn has_public_routes<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    gateway: Name<'db>,
) -> bool {
    let bound = bound_in(db, mesh, namespace, gateway);
    bound.public.iter().any(|vs| vs.gateway_semantics)
}

/// The label keys that source conditions of some VirtualServices mention.
pub fn source_keys_of<'a>(
    list: impl Iterator<Item = &'a Arc<VirtualService>>,
) -> impl Iterator<Item = &'a Str> {
    list.flat_map(|vs| {
        let http = vs.http.iter().flat_map(|r| &r.rule.matches);
        let l4 = vs.tls.iter().chain(&vs.tcp).flat_map(|r| &r.matches);
        let labels = http.map(|m| &m.source_labels);
        let labels = labels.chain(l4.map(|m| &m.source_labels));
        labels.flat_map(|labels| labels.0.iter().map(|(key, _)| key))
    })
}

whole! {
    /// The label keys that source conditions of the public VirtualServices bound to `mesh` mention.
    pub fn public_source_keys() -> Arc<BTreeSet<Str>> = public_source_keys_gathered;
}

#[salsa::tracked]
pub(crate) fn public_source_keys_gathered(db: &dyn Db, mesh: Mesh) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::new();
    for (_, of_namespace) in each_source_keys(db, mesh) {
        keys.extend(of_namespace.iter().cloned());
    }
    Arc::new(keys)
}

across! {
    fn each_source_keys() -> Arc<BTreeSet<Str>> = source_keys_in in source_keys_of_group;
}

/// The part of [`public_source_keys`] that is from one namespace.
#[salsa::tracked]
fn source_keys_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<BTreeSet<Str>> {
    let bound = bound_in(db, mesh, namespace, name(db, "mesh"));
    Arc::new(source_keys_of(bound.public.iter()).cloned().collect())
}

whole! {
    /// The public VirtualServices bound to `mesh` that have `tls` or `tcp` routes, in istiod's order.
    pub(crate) fn public_l4() -> VsSlice = public_l4_gathered;
}

#[salsa::tracked]
pub(crate) fn public_l4_gathered(db: &dyn Db, mesh: Mesh) -> VsSlice {
    let mut found: Vec<Arc<VirtualService>> = Vec::new();
    for (_, of_namespace) in each_l4(db, mesh) {
        found.extend(of_namespace.iter().cloned());
    }
    found.sort_by(|a, b| a.order(b));
    found.into()
}

across! {
    fn each_l4() -> VsSlice = l4_in in l4_of_group;
}

/// The part of [`public_l4`] that is from one namespace.
#[salsa::tracked]
fn l4_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> VsSlice {
    let bound = bound_in(db, mesh, namespace, name(db, "mesh"));
    let public = bound.public.iter();
    let l4 = public.filter(|vs| !vs.tls.is_empty() || !vs.tcp.is_empty());
    l4.cloned().collect()
}
