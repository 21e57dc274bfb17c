//! Where an object and its fields are written: from (resource, field path) to file and bytes.
//!
//! The only place that reads positions. Nothing computed may depend on it.

use super::{default_namespace, document, file_resources, file_summary, objects};
use crate::db::{Db, Mesh, SourceFile, name};
use meshscope_manifest::{Resource, ResourceKey};
use meshscope_yaml::{Location, Path};
use std::sync::Arc;

/// One place that defines an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The file.
    pub file: SourceFile,
    /// The index of the document in [`super::file_summary`].
    pub entry: usize,
    /// The ordinal of the YAML document in the file.
    pub document: u32,
    /// The path of the object inside the document: `items[3]` in a List, else empty.
    pub prefix: Path,
}

/// Every definition of `key` in the mesh, in load order. More than one: the last counts.
pub fn definitions(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Vec<Definition> {
    let units = mesh.units(db);
    let mut found = Vec::new();
    for &i in super::namespace_units(db, mesh, name(db, &key.namespace)).iter() {
        let Some(unit) = units.get(i) else { continue };
        let default = default_namespace(db, unit);
        let resources = file_resources(db, unit.file, name(db, &default));
        let decoded = file_summary(db, unit.file).objects.iter().enumerate();
        let decoded = decoded.filter(|(_, d)| d.resource.is_some());
        for ((entry, decoded), resource) in decoded.zip(resources.iter()) {
            if resource.key == *key {
                found.push(Definition {
                    file: unit.file,
                    entry,
                    document: decoded.document,
                    prefix: decoded.prefix.clone(),
                });
            }
        }
    }
    found
}

impl Definition {
    /// The bytes of a field: its entry when written, else those of the nearest enclosing field that
    /// is.
    pub fn locate(&self, db: &dyn Db, path: &Path) -> Option<(SourceFile, Location)> {
        let document = document(db, self.file, self.document).as_ref()?;
        let steps = self.prefix.segments().iter().chain(path.segments());
        let mut full: Path = steps.cloned().collect();
        loop {
            if let Some(location) = document.locate(&full) {
                return Some((self.file, location));
            }
            full.pop()?;
        }
    }
}

/// The object that counts for `key`.
pub fn resource(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Option<Arc<Resource>> {
    let slice = objects(db, mesh, name(db, &key.namespace), key.kind);
    slice
        .binary_search_by(|r| r.key.name.cmp(&key.name))
        .ok()
        .and_then(|i| slice.get(i))
        .cloned()
}
