//! What differs between two states of a mesh: objects, who sees what, calls that end otherwise,
//! workloads istiod pushes to (V:R9.13).
//!
//! Both states are meshes of one database, so what they share is computed once. Calls are not sampled:
//! they are the classes of hosts, ports, paths and clients that the changed objects of either state
//! tell apart, and one representative of everything else. Bounded: what is left out is said.

mod calls;
mod candidates;
mod objects;
#[cfg(test)]
mod tests;
mod touched;
mod visibility;

pub use calls::{CallChange, Ending};
pub use candidates::{OTHER_HOST, OTHER_PATH};
pub use objects::{Change, ObjectChange};
pub use touched::Touched;
pub use visibility::VisibilityChange;

use crate::db::{Db, Mesh};
use crate::workloads::{Proxy, ProxyKind, Workload, class_proxy, workloads};
use meshscope_manifest::Str;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The difference of two meshes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshDiff {
    /// Objects added, removed and changed.
    pub objects: Vec<ObjectChange>,
    /// What classes of proxies see more or less.
    pub visibility: Vec<VisibilityChange>,
    /// Calls whose outcome changes.
    pub calls: Vec<CallChange>,
    /// Workloads reached: pushed to, new, or gone.
    pub workloads: Vec<Touched>,
    /// What was too much to compare, in words.
    pub left_out: Vec<Str>,
}

impl MeshDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
            && self.visibility.is_empty()
            && self.calls.is_empty()
            && self.workloads.is_empty()
    }
}

/// Compares two states of a mesh.
pub fn diff(db: &dyn Db, base: Mesh, head: Mesh) -> MeshDiff {
    let objects = objects::changes(db, base, head);
    let settings = base.settings(db) != head.settings(db);
    if objects.is_empty() && !settings {
        return MeshDiff::default();
    }
    let classes = pairs(db, base, head);
    let mut left_out = Vec::new();
    let calls = calls::changes(db, base, head, &objects, &classes, &mut left_out);
    MeshDiff {
        visibility: visibility::changes(db, base, head, &objects, &classes),
        workloads: touched::touched(db, base, head, &objects),
        calls,
        objects,
        left_out,
    }
}

/// Workloads that are one class before and one class after.
pub(crate) struct Pair {
    /// The proxy before and after; `None` for pods without one.
    pub before: Option<Proxy>,
    pub after: Option<Proxy>,
    /// One of the workloads before and after.
    pub sample: (Arc<Workload>, Arc<Workload>),
    /// All of them, `namespace/name`, sorted.
    pub workloads: Vec<Str>,
}

impl Pair {
    fn is_router(&self) -> bool {
        let router = |p: &Option<Proxy>| p.as_ref().is_some_and(|p| p.kind == ProxyKind::Router);
        router(&self.before) || router(&self.after)
    }
}

/// The classes of workloads that exist on both sides.
fn pairs(db: &dyn Db, base: Mesh, head: Mesh) -> Vec<Pair> {
    let before: BTreeMap<String, Arc<Workload>> = workloads(db, base)
        .iter()
        .map(|w| (w.label(), w.clone()))
        .collect();
    let mut found: Vec<Pair> = Vec::new();
    for after in workloads(db, head).iter() {
        let Some(old) = before.get(&after.label()) else {
            continue;
        };
        let (p, q) = (class_proxy(db, base, old), class_proxy(db, head, after));
        // Annotations decide what is captured and are no part of the class.
        let same = found.iter_mut().find(|pair| {
            pair.before == p
                && pair.after == q
                && pair.sample.0.annotations == old.annotations
                && pair.sample.1.annotations == after.annotations
                && pair.sample.0.namespace() == old.namespace()
        });
        match same {
            Some(pair) => pair.workloads.push(after.label().into()),
            None => found.push(Pair {
                before: p,
                after: q,
                sample: (old.clone(), after.clone()),
                workloads: vec![after.label().into()],
            }),
        }
    }
    found
}
