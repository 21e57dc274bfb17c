//! Where an object and its fields are written: from (resource, field path) to file and bytes.
//!
//! The only place that reads positions. Nothing computed may depend on it.

use super::unit::unit_objects;
use super::{built, document, file_at, objects};
use crate::db::{Db, Kustomization, Mesh, Name, SourceFile, name};
use meshscope_manifest::document::{decode_document, decode_value};
use meshscope_manifest::kustomize::Inside;
use meshscope_manifest::validate::{Context, Problem};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str, Value};
use meshscope_yaml::{Path, Segment};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::Arc;

static NOTHING: Value = Value::Null;

/// One place that defines an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The file the object is written in; its fields may be written in others.
    pub file: SourceFile,
    /// The index of the object in its unit.
    pub entry: usize,
    /// The ordinal of the YAML document in the file.
    pub document: u32,
    /// The path of the object inside the document: `items[3]` in a List, else empty.
    pub prefix: Path,
    pub(super) place: Place,
}

/// How the fields of an object are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// They are all in the document.
    InFile,
    /// A kustomization put them together.
    Built {
        /// The root.
        root: Kustomization,
        /// The index of the object among those it builds.
        object: u32,
    },
}

/// Where a field is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: SourceFile,
    /// The ordinal of the YAML document in the file.
    pub document: u32,
    /// The path in that document.
    pub path: Path,
    /// When the scalar at `path` holds YAML itself (an inline patch): where inside it.
    pub inside: Option<Box<Inside>>,
}

/// Every definition of `key` in the mesh, in load order. More than one: the last counts.
pub fn definitions(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Vec<Definition> {
    let all = definitions_in(db, mesh, name(db, &key.namespace));
    let own = all.get(&(key.kind, key.name.clone()));
    own.cloned().unwrap_or_default()
}

/// The definitions of the objects of one namespace, by kind and name.
#[salsa::tracked]
fn definitions_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<FxHashMap<(Kind, Str), Vec<Definition>>> {
    let units = mesh.units(db);
    let wanted = namespace.text(db);
    let mut found: FxHashMap<(Kind, Str), Vec<Definition>> = FxHashMap::default();
    let feeding = super::namespace_units(db, mesh, namespace).iter();
    for unit in feeding.filter_map(|&i| units.get(i)) {
        for object in unit_objects(db, unit) {
            let key = object.resource.as_ref().map(|r| &r.key);
            if let Some(key) = key.filter(|key| key.namespace == *wanted) {
                // Nearly every object is defined once.
                let list = found.entry((key.kind, key.name.clone()));
                let list = list.or_insert_with(|| Vec::with_capacity(1));
                list.push(object.definition);
            }
        }
    }
    Arc::new(found)
}

impl Definition {
    /// Where a field is written; for one that is not there, where it would be.
    pub fn spot(&self, db: &dyn Db, path: &Path) -> Spot {
        let steps = self.prefix.segments().iter().chain(path.segments());
        let path: Path = steps.cloned().collect();
        let in_file = |path: Path| Spot {
            file: self.file,
            document: self.document,
            path,
            inside: None,
        };
        let Place::Built { root, object } = &self.place else {
            return in_file(path);
        };
        let Some(object) = built(db, root).objects.get(*object as usize) else {
            return in_file(path);
        };
        let place = object.origin.place(&path);
        match file_at(db, root.repository, name(db, &place.file)) {
            Some(file) => Spot {
                file,
                document: place.document,
                path: place.path,
                inside: place.inside,
            },
            None => in_file(path),
        }
    }

    /// Where a field is written, when the document of the object holds it as it is: nothing was put
    /// over it or into it, so that it can be edited there.
    pub fn written(&self, db: &dyn Db, path: &Path) -> Option<Path> {
        let spot = self.spot(db, path);
        let whole = self.spot(db, &Path::root());
        let mut expected = whole.path.segments().iter().chain(path.segments());
        let same = spot.file == self.file
            && spot.document == self.document
            && spot.inside.is_none()
            && spot
                .path
                .segments()
                .iter()
                .all(|s| expected.next() == Some(s))
            && expected.next().is_none();
        same.then_some(spot.path)
    }

    /// The object as it is written or built; `None` when there is no tree to read it from.
    pub fn value<'db>(&self, db: &'db dyn Db) -> Option<Cow<'db, Value>> {
        let whole = match &self.place {
            Place::InFile => {
                let document = document(db, self.file, self.document).as_ref()?;
                Cow::Owned(meshscope_manifest::read::document(document)?)
            }
            Place::Built { root, object } => {
                Cow::Borrowed(&built(db, root).objects.get(*object as usize)?.value)
            }
        };
        if self.prefix.is_empty() {
            return Some(whole);
        }
        let steps = self.prefix.segments().iter();
        let own = steps.fold(&*whole, |value, step| match step {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.as_list().get(*index as usize).unwrap_or(&NOTHING),
        });
        Some(Cow::Owned(own.clone()))
    }

    /// Every file that something of the object is written in, its own first.
    pub fn files(&self, db: &dyn Db) -> Vec<SourceFile> {
        let Place::Built { root, object } = &self.place else {
            return vec![self.file];
        };
        let Some(built) = built(db, root).objects.get(*object as usize) else {
            return vec![self.file];
        };
        let files = built.origin.files();
        let files = files.iter();
        files
            .filter_map(|file| file_at(db, root.repository, name(db, file)))
            .collect()
    }

    /// What API server and webhook say about the object, with the webhook's warnings or without.
    pub fn problems(&self, db: &dyn Db, context: &Context) -> Vec<Problem> {
        let decoded = match &self.place {
            Place::InFile => {
                let document = document(db, self.file, self.document).as_ref();
                document.map(|d| decode_document(d, context))
            }
            Place::Built { root, object } => {
                let object = built(db, root).objects.get(*object as usize);
                object.map(|o| decode_value(&o.value, context))
            }
        };
        let mut decoded = decoded.unwrap_or_default().into_iter();
        let own = decoded.find(|object| object.prefix == self.prefix);
        own.map(|object| object.problems).unwrap_or_default()
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
