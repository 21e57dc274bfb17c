//! The VirtualServices of a listener by host: which touch a service, and which is the most specific.
//!
//! Firewalls: [`l4_index`] leaves out what says nothing to TCP or TLS on a port, [`most_specific`]
//! is one answer per service. What edits of other VirtualServices re-run ends in them.

use super::client::{ScopeKey, virtual_services};
use crate::db::{Db, Mesh, Name};
use crate::names::{HostTable, is_wildcard, matches};
use crate::visibility::{VirtualService, VsList};
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// VirtualServices in istiod's order (O:4.4), indexed by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VsIndex {
    list: Vec<Arc<VirtualService>>,
    exact: FxHashMap<Str, Vec<u32>>,
    wildcard: Vec<(Str, u32)>,
}

impl VsIndex {
    fn new<'a>(list: impl Iterator<Item = &'a Arc<VirtualService>>) -> VsIndex {
        let mut index = VsIndex::default();
        for (at, vs) in (0u32..).zip(list) {
            for host in &vs.hosts {
                if is_wildcard(host) {
                    index.wildcard.push((host.clone(), at));
                } else {
                    index.exact.entry(host.clone()).or_default().push(at);
                }
            }
            index.list.push(vs.clone());
        }
        index
    }

    /// The VirtualServices any of whose hosts overlaps `host`, in order: all of them, not the most
    /// specific (O:6, V:R4.23).
    pub fn touching(&self, host: &str) -> Vec<&Arc<VirtualService>> {
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
    let all: &VsList = virtual_services(db, mesh, key, listener);
    Arc::new(VsIndex::new(all.iter().filter(|vs| {
        let tls = vs.tls.iter().flat_map(|r| &r.matches);
        let tcp = vs.tcp.iter().flat_map(|r| &r.matches);
        vs.tcp.iter().any(|r| r.matches.is_empty())
            || tls.chain(tcp).any(|m| m.port == 0 || m.port == port)
    })))
}

/// The first VirtualService of each host of a listener, whatever it says.
#[salsa::tracked]
fn first_by_host<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
) -> Arc<HostTable<(Str, Str)>> {
    let mut first = HostTable::default();
    for vs in virtual_services(db, mesh, key, listener).iter() {
        for host in &vs.hosts {
            let own = || (vs.namespace.clone(), vs.name.clone());
            first.entry_or_insert_with(host, own);
        }
    }
    Arc::new(first)
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
    let first = first_by_host(db, mesh, key, listener);
    let found = first.most_specific(service_host.text(db));
    found.map(|(_, own)| own.clone())
}
