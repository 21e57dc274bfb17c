//! One service per host: what happens when a host is appended twice (V:R3.20).

use super::service_set::Member;
use crate::registry::Service;
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A list of members with one entry per host.
#[derive(Default)]
pub(super) struct Merged {
    members: Vec<Member>,
    by_host: FxHashMap<Str, usize>,
}

impl Merged {
    /// Appends one service by the rules (a) to (e).
    pub fn append(&mut self, new: Member) {
        let Some(&at) = self.by_host.get(&new.service.host) else {
            self.by_host
                .insert(new.service.host.clone(), self.members.len());
            self.members.push(new);
            return;
        };
        let Some(existing) = self.members.get_mut(at) else {
            return;
        };
        let (e, s) = (&existing.service, &new.service);
        if Arc::ptr_eq(e, s) || (e.is_kubernetes() && !s.is_kubernetes()) {
            return;
        }
        if !e.is_kubernetes() && s.is_kubernetes() {
            *existing = new;
            return;
        }
        if e.ports == s.ports || !mergeable(e, s) {
            return;
        }
        let mut ports = e.ports.to_vec();
        ports.extend(
            s.ports
                .iter()
                .filter(|p| e.port(p.number).is_none())
                .cloned(),
        );
        if ports.len() > e.ports.len() {
            existing.service = Arc::new(Service {
                ports: ports.into(),
                ..Service::clone(e)
            });
        }
    }

    /// The entry of a host.
    pub fn get(&self, host: &str) -> Option<&Member> {
        self.by_host.get(host).and_then(|&i| self.members.get(i))
    }

    /// All members in order.
    pub fn into_members(self) -> Vec<Member> {
        self.members
    }
}

/// Whether two services of one host may become one with the ports of both (V:R3.20 d).
pub(super) fn mergeable(a: &Service, b: &Service) -> bool {
    a.namespace == b.namespace
        && a.resolution == b.resolution
        && a.source == b.source
        && a.labels == b.labels
        && a.selector == b.selector
        && a.export_to == b.export_to
}
