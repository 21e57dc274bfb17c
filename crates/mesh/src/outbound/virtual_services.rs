//! The VirtualServices of a listener by host: which touch a service, and which is the most specific.

use super::client::{ScopeKey, virtual_services};
use crate::db::{Db, Mesh};
use crate::names::{HostTable, is_wildcard, matches};
use crate::visibility::VirtualService;
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The VirtualServices of one listener, in order, indexed by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VsIndex {
    /// In istiod's order (O:4.4).
    pub list: Vec<Arc<VirtualService>>,
    exact: FxHashMap<Str, Vec<u32>>,
    wildcard: Vec<(Str, u32)>,
    /// The first VirtualService of each host as written.
    first: HostTable<u32>,
}

/// The index of one listener. Changes with any VirtualService the listener carries.
#[salsa::tracked]
pub fn vs_index<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
) -> Arc<VsIndex> {
    let mut index = VsIndex::default();
    for (at, vs) in (0u32..).zip(virtual_services(db, mesh, key, listener).iter()) {
        for host in &vs.hosts {
            if is_wildcard(host) {
                index.wildcard.push((host.clone(), at));
            } else {
                index.exact.entry(host.clone()).or_default().push(at);
            }
            index.first.entry_or_insert_with(host, || at);
        }
        index.list.push(vs.clone());
    }
    Arc::new(index)
}

impl VsIndex {
    /// The VirtualServices any of whose hosts overlaps `host`, in order: all of them, not the most
    /// specific (O:6, V:R4.23).
    pub fn touching(&self, host: &str) -> Vec<&Arc<VirtualService>> {
        self.touching_positions(host)
            .into_iter()
            .filter_map(|i| self.list.get(i as usize))
            .collect()
    }

    /// The positions of those.
    pub fn touching_positions(&self, host: &str) -> Vec<u32> {
        let mut found: Vec<u32> = self
            .wildcard
            .iter()
            .filter(|(h, _)| matches(h, host))
            .map(|(_, i)| *i)
            .collect();
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
        found
    }

    /// The VirtualService whose host is the most specific for a service, whatever its routes (O:8.5).
    pub fn most_specific(&self, service_host: &str) -> Option<u32> {
        self.first.most_specific(service_host).map(|(_, i)| *i)
    }
}
