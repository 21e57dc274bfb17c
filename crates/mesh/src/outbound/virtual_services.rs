//! The VirtualServices of a listener by host: which touch a service, and which is the most specific.
//!
//! Firewalls: [`l4_index`] leaves out what says nothing to TCP or TLS on a port, [`most_specific`]
//! is one answer per service. What edits of other VirtualServices re-run ends in them. What most
//! listeners have in common, the public VirtualServices, is indexed once for all.

use crate::db::{Db, Mesh, Name, name};
use crate::names::{HostTable, is_wildcard, matches, more_specific};
use crate::visibility::parts::{ScopeKey, virtual_services};
use crate::visibility::{Public, VirtualService, public_bound, public_l4};
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// VirtualServices in istiod's order (O:4.4), indexed by host: those of a listener itself, then
/// public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VsIndex {
    own: Part,
    public: Arc<Part>,
}

/// A list of VirtualServices, indexed by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    list: Vec<Arc<VirtualService>>,
    exact: FxHashMap<Str, Vec<u32>>,
    wildcard: Vec<(Str, u32)>,
    /// Whether one of them asks who calls.
    asks_who: bool,
}

impl VsIndex {
    /// Whether the listener adds nothing of its own, and nothing depends on who calls.
    pub fn is_same_for_all(&self) -> bool {
        self.own.list.is_empty() && !self.public.asks_who
    }

    /// The VirtualServices any of whose hosts overlaps `host`, in order: all of them, not the most
    /// specific (O:6, V:R4.23).
    pub fn touching(&self, host: &str) -> Vec<&Arc<VirtualService>> {
        let mut found = self.own.touching(host);
        found.extend(self.public.touching(host));
        found
    }
}

impl Part {
    /// Those of a list that say something to TCP or TLS connections on a port.
    fn new<'a>(list: impl Iterator<Item = &'a Arc<VirtualService>>, port: u32) -> Part {
        let mut part = Part::default();
        for (at, vs) in (0u32..).zip(list.filter(|vs| concerns(vs, port))) {
            for host in &vs.hosts {
                if is_wildcard(host) {
                    part.wildcard.push((host.clone(), at));
                } else {
                    part.exact.entry(host.clone()).or_default().push(at);
                }
            }
            part.asks_who |= asks_who(vs);
            part.list.push(vs.clone());
        }
        part
    }

    fn touching(&self, host: &str) -> Vec<&Arc<VirtualService>> {
        let wildcards = self.wildcard.iter().filter(|(h, _)| matches(h, host));
        let mut found: Vec<u32> = wildcards.map(|(_, i)| *i).collect();
        if is_wildcard(host) {
            for (exact, list) in &self.exact {
                if matches(exact, host) {
                    found.extend(list);
                }
            }
        } else {
            found.extend(self.exact.get(host).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        let positions = found.into_iter();
        positions
            .filter_map(|i| self.list.get(i as usize))
            .collect()
    }
}

fn concerns(vs: &VirtualService, port: u32) -> bool {
    let tls = vs.tls.iter().flat_map(|r| &r.matches);
    let tcp = vs.tcp.iter().flat_map(|r| &r.matches);
    vs.tcp.iter().any(|r| r.matches.is_empty())
        || tls.chain(tcp).any(|m| m.port == 0 || m.port == port)
}

fn asks_who(vs: &VirtualService) -> bool {
    let mut matches = vs.tls.iter().chain(&vs.tcp).flat_map(|r| &r.matches);
    matches.any(|m| !m.source_namespace.is_empty() || !m.source_labels.0.is_empty())
}

/// The VirtualServices that say something to TCP or TLS connections on a port. An edit of any other
/// stops here.
#[salsa::tracked]
pub fn l4_index<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
    port: u32,
) -> Arc<VsIndex> {
    let carried = virtual_services(db, mesh, key, listener);
    Arc::new(VsIndex {
        own: Part::new(carried.own.iter(), port),
        public: match &carried.public {
            Public::All => public_on(db, mesh, port).clone(),
            Public::Listed(list) => Arc::new(Part::new(list.iter(), port)),
        },
    })
}

/// The part of [`l4_index`] that is the same for every listener that imports everything.
#[salsa::tracked]
fn public_on(db: &dyn Db, mesh: Mesh, port: u32) -> Arc<Part> {
    Arc::new(Part::new(public_l4(db, mesh).iter(), port))
}

/// Namespace and name of the first VirtualService of each host.
type First = HostTable<(Str, Str)>;

fn first_by_host<'a>(list: impl Iterator<Item = &'a Arc<VirtualService>>) -> First {
    let mut first = HostTable::default();
    for vs in list {
        for host in &vs.hosts {
            let own = || (vs.namespace.clone(), vs.name.clone());
            first.entry_or_insert_with(host, own);
        }
    }
    first
}

/// The first of the VirtualServices of a listener, whatever they say: its own, then public ones.
#[salsa::tracked]
fn first_of_listener<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
) -> (Arc<First>, Arc<First>) {
    let carried = virtual_services(db, mesh, key, listener);
    let public = match &carried.public {
        Public::All => first_public(db, mesh).clone(),
        Public::Listed(list) => Arc::new(first_by_host(list.iter())),
    };
    (Arc::new(first_by_host(carried.own.iter())), public)
}

/// The part of [`first_of_listener`] that is the same for every listener that imports everything.
#[salsa::tracked]
fn first_public(db: &dyn Db, mesh: Mesh) -> Arc<First> {
    let public = public_bound(db, mesh, name(db, "mesh"));
    Arc::new(first_by_host(public.iter()))
}

/// Namespace and name of the VirtualService whose host is the most specific for a service, whatever
/// its routes (O:8.5).
#[salsa::tracked]
pub fn most_specific<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
    service_host: Name<'db>,
) -> Option<(Str, Str)> {
    let (own, public) = first_of_listener(db, mesh, key, listener);
    let host = service_host.text(db);
    // Of equal hosts the one of the own list is earlier, and so the first.
    let found = match (own.most_specific(host), public.most_specific(host)) {
        (Some(own), Some(public)) if more_specific(public.0, own.0).is_lt() => Some(public),
        (own, public) => own.or(public),
    };
    found.map(|(_, own)| own.clone())
}
