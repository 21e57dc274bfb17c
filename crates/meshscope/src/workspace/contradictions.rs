//! Meshes whose roots define the same object: what gives way, and what falls apart.
//!
//! The rules are those of `meshscope_manifest::repository`; here they meet the objects of units.

use super::Workspace;
use super::discover::{Found, Objects, Units, in_order, key_of};
use meshscope_manifest::repository::{self, Identity, Root, RootKind, split};
use meshscope_manifest::{ResourceKey, Str};
use std::collections::{BTreeMap, BTreeSet};

impl Workspace {
    /// A mesh without contradictions, or the meshes it falls apart into.
    pub(super) fn resolved(
        &self,
        mesh: repository::Mesh,
        limit: usize,
        units: &Units,
        objects: &Objects,
    ) -> Vec<Found> {
        let differing = differing(&mesh, units, objects);
        let doubled = self.built_elsewhere(&mesh, units, objects);
        let identities = |root: &Root| {
            let own = units.get(&key_of(root)).into_iter().flatten();
            let own = own.filter(|unit| !doubled.contains_key(&unit.path(&self.db)));
            let keys = own.filter_map(|unit| objects.get(unit)).flatten();
            let keys = keys.map(|(key, _)| key);
            keys.filter(|key| differing.contains(key))
                .map(identity)
                .collect()
        };
        let made = split(mesh, limit, &identities).into_iter().map(|mesh| {
            let kept = |path: &Str| !doubled.contains_key(path);
            let aside = mesh.aside.iter();
            let aside = aside.map(|(root, why)| (root.dir.clone(), why.clone()));
            let files = doubled
                .iter()
                .map(|(path, why)| (path.clone(), why.clone()));
            Found {
                units: in_order(&self.db, &mesh, units, &kept),
                aside: aside.chain(files).collect(),
                name: mesh.name,
                reason: mesh.reason,
                uncertain: mesh.uncertain,
            }
        });
        made.collect()
    }

    /// Files of directories that nobody applies, which define what a root of the mesh builds: rendered
    /// copies and leftovers.
    fn built_elsewhere(
        &self,
        mesh: &repository::Mesh,
        units: &Units,
        objects: &Objects,
    ) -> BTreeMap<Str, String> {
        let is_loose = |root: &&Root| root.kind == RootKind::Plain && root.applied.is_empty();
        let own = |root: &Root| units.get(&key_of(root)).into_iter().flatten();
        let mut built: BTreeMap<&ResourceKey, &Str> = BTreeMap::new();
        for root in mesh.roots.iter().filter(|root| !is_loose(root)) {
            let keys = own(root).filter_map(|unit| objects.get(unit)).flatten();
            built.extend(keys.map(|(key, _)| (key, &root.dir)));
        }
        let mut doubled = BTreeMap::new();
        for unit in mesh.roots.iter().filter(is_loose).flat_map(own) {
            let mut keys = objects.get(unit).into_iter().flatten();
            let found = keys.find_map(|(key, _)| Some((key, built.get(key)?)));
            if let Some((key, dir)) = found {
                doubled.insert(unit.path(&self.db), format!("`{dir}` defines {key}, too"));
            }
        }
        doubled
    }
}

/// The objects that a mesh defines more than once, differently.
fn differing<'o>(
    mesh: &repository::Mesh,
    units: &Units,
    objects: &'o Objects,
) -> BTreeSet<&'o ResourceKey> {
    let mut digests: BTreeMap<&ResourceKey, u64> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    for unit in mesh
        .roots
        .iter()
        .filter_map(|root| units.get(&key_of(root)))
        .flatten()
    {
        for (key, digest) in objects.get(unit).into_iter().flatten() {
            if digests.insert(key, *digest).is_some_and(|d| d != *digest) {
                differing.insert(key);
            }
        }
    }
    differing
}

fn identity(key: &ResourceKey) -> Identity {
    (
        key.kind.to_string().into(),
        key.namespace.clone(),
        key.name.clone(),
    )
}
