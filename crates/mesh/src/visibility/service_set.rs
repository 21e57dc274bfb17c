//! Sets of services by host that share what is the same for everyone.
//!
//! Most clients see the whole mesh and differ in a handful of hosts. A set is a shared base, the
//! hosts of it that do not hold here, and the members of its own: memory grows with differences, not
//! with clients times services.

use crate::registry::{Service, service_order};
use meshscope_manifest::{ResourceKey, Str};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Why a service is in a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An egress host of a listener imports it (V:R3.10): listener and host index as written.
    Imported {
        /// Index of the egress listener.
        listener: usize,
        /// Index in its `hosts`.
        host: usize,
    },
    /// A VirtualService of a listener routes to it (V:R3.16).
    Destination {
        /// Index of the egress listener.
        listener: usize,
        /// The VirtualService.
        virtual_service: ResourceKey,
    },
    /// A gateway workload has every service visible to its namespace (V:R6.8).
    Visible,
}

/// A service and why it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The service, trimmed to the ports that were imported.
    pub service: Arc<Service>,
    /// Why.
    pub reason: Reason,
}

/// The shared part: the members everyone has who sees all public services and owns none of them
/// twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Base {
    members: Vec<Member>,
    by_host: FxHashMap<Str, Vec<u32>>,
    by_port: FxHashMap<u32, Vec<u32>>,
}

impl Base {
    /// Indexes members, given in istiod's order.
    pub fn new(members: Vec<Member>) -> Base {
        let mut by_host: FxHashMap<Str, Vec<u32>> = FxHashMap::default();
        let mut by_port: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (i, member) in (0u32..).zip(&members) {
            by_host
                .entry(member.service.host.clone())
                .or_default()
                .push(i);
            for port in member.service.ports.iter() {
                let list = by_port.entry(port.number).or_default();
                if list.last() != Some(&i) {
                    list.push(i);
                }
            }
        }
        Base {
            members,
            by_host,
            by_port,
        }
    }

    /// Whether no host has several members.
    pub fn has_each_host_once(&self) -> bool {
        self.by_host.len() == self.members.len()
    }

    /// The members of a host.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = &Member> {
        self.by_host
            .get(host)
            .into_iter()
            .flatten()
            .filter_map(|&i| self.members.get(i as usize))
    }
}

/// A set of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSet {
    base: Option<Arc<Base>>,
    hidden: FxHashSet<Str>,
    /// Members of its own that come before the base.
    first: Vec<Member>,
    /// Members of its own that sort among the base.
    among: Vec<Member>,
    by_host: FxHashMap<Str, Vec<(bool, u32)>>,
}

impl ServiceSet {
    /// A set without a base, in the given order.
    pub fn from_members(members: Vec<Member>) -> ServiceSet {
        ServiceSet::with_base(None, FxHashSet::default(), members, Vec::new())
    }

    /// A base without the `hidden` hosts, after the members `first` and mixed with the members
    /// `among` in service order.
    pub fn with_base(
        base: Option<Arc<Base>>,
        hidden: FxHashSet<Str>,
        first: Vec<Member>,
        among: Vec<Member>,
    ) -> ServiceSet {
        let mut by_host: FxHashMap<Str, Vec<(bool, u32)>> = FxHashMap::default();
        for (in_first, list) in [(true, &first), (false, &among)] {
            for (i, member) in (0u32..).zip(list) {
                by_host
                    .entry(member.service.host.clone())
                    .or_default()
                    .push((in_first, i));
            }
        }
        ServiceSet {
            base,
            hidden,
            first,
            among,
            by_host,
        }
    }

    /// The members of a host, in order: several only for ServiceEntry objects of one namespace.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = &Member> {
        let own = self
            .by_host
            .get(host)
            .into_iter()
            .flatten()
            .filter_map(|&(in_first, i)| {
                if in_first {
                    self.first.get(i as usize)
                } else {
                    self.among.get(i as usize)
                }
            });
        let base = self.base.as_ref().filter(|_| !self.hidden.contains(host));
        own.chain(base.into_iter().flat_map(move |b| b.of_host(host)))
    }

    /// The first member of a host.
    pub fn get(&self, host: &str) -> Option<&Member> {
        self.of_host(host).next()
    }

    /// All members in istiod's order.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        let base = self.base.as_deref();
        let shared = base.into_iter().flat_map(|b| &b.members);
        let shared = shared.filter(|m| !self.hidden.contains(&m.service.host));
        self.first
            .iter()
            .chain(Merge::new(shared, self.among.iter()))
    }

    /// The members that have a port, in istiod's order.
    pub fn with_port(&self, port: u32) -> impl Iterator<Item = &Member> {
        let has = move |m: &&Member| m.service.port(port).is_some();
        let base = self.base.as_deref();
        let shared = base.into_iter().flat_map(move |b| {
            let listed = b.by_port.get(&port).into_iter().flatten();
            listed.filter_map(|&i| b.members.get(i as usize))
        });
        let shared = shared.filter(|m| !self.hidden.contains(&m.service.host));
        self.first
            .iter()
            .filter(has)
            .chain(Merge::new(shared, self.among.iter().filter(has)))
    }

    /// Whether it is a shared base and nothing else.
    pub fn is_shared(&self) -> bool {
        self.base.is_some() && self.hidden.is_empty() && self.by_host.is_empty()
    }

    /// Every port number any member has, sorted.
    pub fn ports(&self) -> Vec<u32> {
        let own = self.first.iter().chain(&self.among);
        let mut ports: Vec<u32> = own
            .flat_map(|m| m.service.ports.iter().map(|p| p.number))
            .collect();
        ports.extend(self.base.iter().flat_map(|b| b.by_port.keys().copied()));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// How many members.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// Merges two streams that are each in service order.
struct Merge<'a, A: Iterator<Item = &'a Member>, B: Iterator<Item = &'a Member>> {
    a: std::iter::Peekable<A>,
    b: std::iter::Peekable<B>,
}

impl<'a, A: Iterator<Item = &'a Member>, B: Iterator<Item = &'a Member>> Merge<'a, A, B> {
    fn new(a: A, b: B) -> Self {
        Merge {
            a: a.peekable(),
            b: b.peekable(),
        }
    }
}

impl<'a, A: Iterator<Item = &'a Member>, B: Iterator<Item = &'a Member>> Iterator
    for Merge<'a, A, B>
{
    type Item = &'a Member;

    fn next(&mut self) -> Option<&'a Member> {
        match (self.a.peek(), self.b.peek()) {
            (Some(a), Some(b)) if service_order(&b.service, &a.service).is_lt() => self.b.next(),
            (Some(_), _) => self.a.next(),
            (None, _) => self.b.next(),
        }
    }
}
