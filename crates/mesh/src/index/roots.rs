//! What kustomizations build: a layer per directory, the objects of a root, and what they decode to.
//!
//! A layer is equal after an edit that changes nothing it holds, and [`RootSummary`] knows no
//! positions: an edit of a base re-runs its users only, and stops where they come out equal.

use super::bases::{Standing, standing};
use super::lookup::{RepositoryFiles, file_at, real_path};
use crate::db::{Db, Kustomization, Name, Repository, SourceFile, name};
use meshscope_manifest::Resource;
use meshscope_manifest::document::decode_value;
use meshscope_manifest::kustomize::{self, Bases, Built, Layer, Role};
use meshscope_manifest::validate::{Context, Problem};
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
            return Some(Arc::default());
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

/// What a root comes to when it is built.
#[salsa::tracked]
fn build<'db>(db: &'db dyn Db, repository: Repository, directory: Name<'db>) -> Arc<Built> {
    Arc::new(kustomize::finish(layer(db, repository, directory)))
}

fn directory_of<'db>(db: &'db dyn Db, root: &Kustomization) -> Name<'db> {
    let links = root.repository.links(db);
    name(db, &real_path(links, &root.directory))
}

/// What a kustomization builds, with the places everything was written in.
pub fn built<'db>(db: &'db dyn Db, root: &Kustomization) -> &'db Arc<Built> {
    build(db, root.repository, directory_of(db, root))
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
fn summary<'db>(
    db: &'db dyn Db,
    repository: Repository,
    directory: Name<'db>,
) -> Arc<[RootObject]> {
    let context = Context::default();
    let built = build(db, repository, directory);
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
    summary(db, root.repository, directory_of(db, root))
}

/// The files with YAML that a root is made from: resources, patches, kustomizations. Not data and
/// values, whose syntax is their own.
pub(super) fn root_files<'db>(db: &'db dyn Db, root: &Kustomization) -> &'db Arc<[SourceFile]> {
    files(db, root.repository, directory_of(db, root))
}

#[salsa::tracked]
fn files<'db>(db: &'db dyn Db, repository: Repository, directory: Name<'db>) -> Arc<[SourceFile]> {
    let uses = build(db, repository, directory).uses.iter();
    let yaml = uses.filter(|u| !matches!(u.role, Role::Data | Role::Values));
    let mut files: Vec<SourceFile> = yaml
        .filter_map(|u| file_at(db, repository, name(db, &u.file)))
        .collect();
    files.dedup();
    files.into()
}
