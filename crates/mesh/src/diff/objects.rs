//! Objects that differ between two states: by the digest of the whole document, so that undecoded
//! fields count.

use crate::db::{Db, Mesh, name};
use crate::index::{namespaces, objects};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectChange {
    /// The object.
    pub object: ResourceKey,
    /// What happened.
    pub change: Change,
}

/// The objects that differ, sorted.
pub(super) fn changes(db: &dyn Db, base: Mesh, head: Mesh) -> Vec<ObjectChange> {
    let both = [namespaces(db, base), namespaces(db, head)];
    let mut all: BTreeSet<Str> = both.iter().flat_map(|list| list.iter().cloned()).collect();
    all.insert(Str::default());
    let mut found = Vec::new();
    for ns in &all {
        for &kind in Kind::ALL {
            if kind.is_namespaced() == ns.is_empty() {
                continue;
            }
            let (old, new) = (
                objects(db, base, name(db, ns), kind),
                objects(db, head, name(db, ns), kind),
            );
            if old != new {
                found.extend(of_slice(old, new));
            }
        }
    }
    found.sort_by(|a, b| a.object.cmp(&b.object));
    found
}

fn of_slice(old: &[Arc<Resource>], new: &[Arc<Resource>]) -> Vec<ObjectChange> {
    let by_key = |list: &[Arc<Resource>]| -> BTreeMap<ResourceKey, Arc<Resource>> {
        list.iter().map(|r| (r.key.clone(), r.clone())).collect()
    };
    let (old, new) = (by_key(old), by_key(new));
    let mut found = Vec::new();
    for (key, resource) in &new {
        let change = match old.get(key) {
            None => Change::Added,
            Some(before) if before.digest != resource.digest => Change::Changed,
            Some(_) => continue,
        };
        found.push(ObjectChange {
            object: key.clone(),
            change,
        });
    }
    let gone = old.keys().filter(|k| !new.contains_key(*k));
    found.extend(gone.map(|key| ObjectChange {
        object: key.clone(),
        change: Change::Removed,
    }));
    found
}
