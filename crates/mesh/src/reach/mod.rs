//! Blast radius: whom a change of one object reaches (V:9).
//!
//! Four answers that are often taken for one: who *sees* the object, who is *pushed* (istiod asks
//! these proxies to take new configuration, V:R9.6-R9.12), whose *behaviour* depends on it, and what
//! *freezes* when Envoy refuses what is made of it (G:NACK). Each is decided per proxy class and
//! spread over its workloads at the end. The model is read, never recomputed: this folder must not
//! know how scopes, listeners or routes come about.

mod behaviour;
mod freezes;
mod freezes_sidecar;
mod pushed;
mod sees;
mod served;
mod subject;
#[cfg(test)]
mod tests;

pub use freezes::{Frozen, FrozenUnit};
pub use pushed::{PushTypes, push_types};
pub use subject::{Attachment, Role, Subject, subject};

use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::workloads::{Proxy, ProxyClass, ProxyKind, classes};
use meshscope_manifest::{ResourceKey, Str};
use std::sync::Arc;

/// Whom a change of one object reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// Proxies that have the object in what they are configured from.
    pub sees: Vec<Reached>,
    /// Proxies istiod pushes to when it changes (V:R9.6-R9.11): more than see it.
    pub pushed: Vec<Reached>,
    /// Proxies that would do something else without it.
    pub changes_behaviour: Vec<Reached>,
    /// What keeps its old version, or never comes up, when Envoy refuses what is made of it.
    pub freezes: Vec<Frozen>,
}

/// A workload whose proxy is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reached {
    /// `namespace/name`.
    pub workload: Str,
    /// Sidecar or gateway workload.
    pub kind: ProxyKind,
    /// Why; shared by the workloads of one class.
    pub because: Arc<[Because]>,
}

impl BlastRadius {
    /// The workloads of one kind that see the object, sorted.
    pub fn seeing(&self, kind: ProxyKind) -> Vec<Str> {
        names(&self.sees, kind)
    }
}

/// The workloads of one kind in a list, sorted.
pub fn names(list: &[Reached], kind: ProxyKind) -> Vec<Str> {
    let mut names: Vec<Str> = list
        .iter()
        .filter(|r| r.kind == kind)
        .map(|r| r.workload.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whom a change of `key` reaches. The object is taken as it is now: who would see it after an edit
/// that widens it is a question for `diff`.
pub fn blast_radius(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> BlastRadius {
    let subject = subject(db, mesh, key);
    let mut radius = BlastRadius::default();
    for class in all_classes(db, mesh) {
        let add = |list: &mut Vec<Reached>, because: Vec<Because>| {
            if because.is_empty() {
                return;
            }
            let because: Arc<[Because]> = because.into();
            list.extend(class.workloads.iter().map(|w| Reached {
                workload: w.clone(),
                kind: class.proxy.kind,
                because: because.clone(),
            }));
        };
        let sees = sees::sees(db, mesh, &subject, &class.proxy);
        let depends = behaviour::depends(db, mesh, &subject, &class.proxy, &sees);
        if !sees.is_empty() {
            freezes::freezes(db, mesh, &subject, &class, &mut radius.freezes);
        }
        add(&mut radius.sees, sees);
        add(
            &mut radius.pushed,
            pushed::pushed(db, mesh, &subject, &class.proxy),
        );
        add(&mut radius.changes_behaviour, depends);
    }
    for list in [
        &mut radius.sees,
        &mut radius.pushed,
        &mut radius.changes_behaviour,
    ] {
        list.sort_by(|a, b| (a.kind, &a.workload).cmp(&(b.kind, &b.workload)));
    }
    radius
}

/// How many sidecar workloads and gateway workloads see an object: what a finding says about its
/// reach.
pub fn reach_counts(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> (usize, usize) {
    let subject = subject(db, mesh, key);
    let mut counts = (0, 0);
    for class in all_classes(db, mesh) {
        if sees::sees(db, mesh, &subject, &class.proxy).is_empty() {
            continue;
        }
        match class.proxy.kind {
            ProxyKind::Sidecar => counts.0 += class.workloads.len(),
            ProxyKind::Router => counts.1 += class.workloads.len(),
        }
    }
    counts
}

/// Whether a proxy sees an object; empty when it does not.
pub fn why_seen(db: &dyn Db, mesh: Mesh, key: &ResourceKey, proxy: &Proxy) -> Vec<Because> {
    sees::sees(db, mesh, &subject(db, mesh, key), proxy)
}

/// Whether istiod pushes to a proxy when an object changes (V:R9.6-R9.11); empty when it does not.
/// Between two states of a mesh ask both: the scope before the change counts too (V:R9.8).
pub fn why_pushed(db: &dyn Db, mesh: Mesh, key: &ResourceKey, proxy: &Proxy) -> Vec<Because> {
    pushed::pushed(db, mesh, &subject(db, mesh, key), proxy)
}

/// The same for a subject that was looked up before.
pub fn why_pushed_as(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Because> {
    pushed::pushed(db, mesh, subject, proxy)
}

fn all_classes(db: &dyn Db, mesh: Mesh) -> Vec<ProxyClass> {
    let mut all = classes(db, mesh, ProxyKind::Sidecar);
    all.extend(classes(db, mesh, ProxyKind::Router));
    all
}
