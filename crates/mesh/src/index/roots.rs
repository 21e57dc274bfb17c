//! What kustomizations build: a layer per directory, the objects of a root, and what they decode to.
//!
//! A layer is equal after an edit that changes nothing it holds, and [`RootSummary`] knows no
//! positions: an edit of a base re-runs its users only, and stops where they come out equal.

use super::bases::{Standing, kustomizations, standing};
use super::lookup::{RepositoryFiles, file_at, real_path};
use crate::db::{Db, Kustomization, Name, Repository, RootKey, SourceFile, name};
use meshscope_manifest::document::{decode_value, may_hold_resources};
use meshscope_manifest::kustomize::{self, Bases, Built, Layer, Place, Role};
use meshscope_manifest::validate::{Context, Problem};
use meshscope_manifest::{Resource, Str, Value};
use meshscope_yaml::Path;
use std::sync::Arc;

/// Bases inside each other, at most: each takes a piece of the stack.
const MAX_HEIGHT: u32 = 50;

struct Memory<'db> {
    db: &'db dyn Db,
    repository: Repository,
    standing: &'db Standing,
}

impl Bases for Memory<'_> {
    fn layer(&self, directory: &str) -> Option<Arc<Layer>> {
        let real = real_path(self.repository.links(self.db), directory);
        if self.standing.circle.contains(&real) {
            return None;
        }
        let directory = name(self.db, &real);
        if standing(self.db, self.repository, directory).height >= MAX_HEIGHT {
            return Some(Arc::new(Layer::too_deep(
                directory.text(self.db),
                MAX_HEIGHT,
            )));
        }
        Some(layer(self.db, self.repository, directory).clone())
    }
}

/// One directory, built from its files and the layers of its bases.
#[salsa::tracked]
fn layer<'db>(db: &'db dyn Db, repository: Repository, directory: Name<'db>) -> Arc<Layer> {
    let files = RepositoryFiles { db, repository };
    let memory = Memory {
        db,
        repository,
        standing: standing(db, repository, directory),
    };
    Arc::new(kustomize::build_one(directory.text(db), &files, &memory))
}

/// What a root comes to when it is built, and when whoever applies it has done its part.
#[salsa::tracked]
fn build<'db>(db: &'db dyn Db, key: RootKey<'db>) -> Arc<Built> {
    let root = key.root(db);
    let directory = directory_of(db, root);
    let Some(delivery) = &root.delivery else {
        return Arc::new(kustomize::finish(layer(db, root.repository, directory)));
    };
    let files = RepositoryFiles {
        db,
        repository: root.repository,
    };
    let memory = Memory {
        db,
        repository: root.repository,
        standing: standing(db, root.repository, directory),
    };
    let mut additions = delivery.additions.clone();
    if delivery.whole_tree {
        let all = tree(db, root.repository, directory).iter();
        let all = Value::Seq(all.map(|path| Value::String(path.clone())).collect());
        additions.add("resources", &all, Place::document(&additions.file, 0));
    }
    let dir = directory.text(db);
    let layer = kustomize::build_with(dir, &files, &memory, &additions);
    let mut built = kustomize::finish(&layer);
    if let Some(variables) = &delivery.variables {
        for object in &mut built.objects {
            variables.substitute(&mut object.value);
        }
    }
    Arc::new(built)
}

/// What Flux takes from a directory that has no kustomization: the kustomizations below it, and every
/// file with objects that is inside of none; relative to the directory.
#[salsa::tracked]
fn tree<'db>(db: &'db dyn Db, repository: Repository, directory: Name<'db>) -> Arc<[Str]> {
    let top = directory.text(db);
    let prefix = match top.as_str() {
        "" => String::new(),
        top => format!("{top}/"),
    };
    let all = kustomizations(db, repository);
    let inside = |dir: &&Str| **dir != *top && dir.starts_with(&prefix);
    let mut roots: Vec<&Str> = Vec::new();
    // Sorted: what is inside of a directory follows it, but for names that sort before the slash.
    for dir in all.iter().filter(inside) {
        let covered = |above: &&Str| {
            dir.strip_prefix(above.as_str())
                .is_some_and(|r| r.starts_with('/'))
        };
        if !roots.iter().any(covered) {
            roots.push(dir);
        }
    }
    let is_yaml = |path: &str| path.ends_with(".yaml") || path.ends_with(".yml");
    let mut entries: Vec<Str> = roots
        .iter()
        .map(|dir| Str::new(&dir[prefix.len()..]))
        .collect();
    for (path, file) in repository.files(db).iter() {
        let covered = |dir: &&&Str| {
            path.strip_prefix(dir.as_str())
                .is_some_and(|r| r.starts_with('/'))
        };
        let wanted = path.starts_with(&prefix) && is_yaml(path);
        if wanted && roots.iter().find(covered).is_none() && holds_resources(db, *file) {
            entries.push(Str::new(&path[prefix.len()..]));
        }
    }
    entries.into()
}

/// Whether a file may hold objects.
#[salsa::tracked(returns(copy))]
fn holds_resources(db: &dyn Db, file: SourceFile) -> bool {
    may_hold_resources(file.text(db))
}

fn directory_of<'db>(db: &'db dyn Db, root: &Kustomization) -> Name<'db> {
    let links = root.repository.links(db);
    name(db, &real_path(links, &root.directory))
}

fn key<'db>(db: &'db dyn Db, root: &Kustomization) -> RootKey<'db> {
    RootKey::new(db, root)
}

/// What a kustomization builds, with the places everything was written in.
pub fn built<'db>(db: &'db dyn Db, root: &Kustomization) -> &'db Arc<Built> {
    build(db, key(db, root))
}

/// One object of a root.
#[derive(Clone, Debug, PartialEq)]
pub struct RootObject {
    /// Its index among the objects of [`Built`].
    pub object: u32,
    /// The path of the object inside of that: empty but for Lists.
    pub prefix: Path,
    /// The decoded resource; none without a name.
    pub resource: Option<Arc<Resource>>,
    /// What CRD schema and webhook say about it.
    pub problems: Arc<[Problem]>,
}

/// The objects of a root that are of kinds meshscope knows, without positions.
#[salsa::tracked]
fn summary<'db>(db: &'db dyn Db, key: RootKey<'db>) -> Arc<[RootObject]> {
    let context = Context::default();
    let built = build(db, key);
    let numbered = (0u32..).zip(&built.objects);
    let decoded = numbered.flat_map(|(object, built)| {
        let all = decode_value(&built.value, &context).into_iter();
        all.map(move |decoded| RootObject {
            object,
            prefix: decoded.prefix,
            resource: decoded.resource.map(Arc::new),
            problems: decoded.problems.into(),
        })
    });
    decoded.collect()
}

/// The objects of a root that are of kinds meshscope knows, without positions.
pub(super) fn root_objects<'db>(db: &'db dyn Db, root: &Kustomization) -> &'db Arc<[RootObject]> {
    summary(db, key(db, root))
}

/// The files with YAML that a root is made from: resources, patches, kustomizations. Not data and
/// values, whose syntax is their own.
pub(super) fn root_files<'db>(db: &'db dyn Db, root: &Kustomization) -> &'db Arc<[SourceFile]> {
    files(db, key(db, root))
}

#[salsa::tracked]
fn files<'db>(db: &'db dyn Db, key: RootKey<'db>) -> Arc<[SourceFile]> {
    let repository = key.root(db).repository;
    let uses = build(db, key).uses.iter();
    let yaml = uses.filter(|u| !matches!(u.role, Role::Data | Role::Values));
    let mut files: Vec<SourceFile> = yaml
        .filter_map(|u| file_at(db, repository, name(db, &u.file)))
        .collect();
    files.dedup();
    files.into()
}
