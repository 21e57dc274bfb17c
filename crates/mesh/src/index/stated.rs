//! What documents say about deployment: Applications, Kustomizations of Flux, Helm releases, where charts
//! come from. Read from files and from what kustomizations build alike.
//!
//! It must not know what becomes of it.

use super::locate::{Definition, Place};
use super::unit::{of_root, unit_key};
use super::{built, document, file_summary};
use crate::db::{Db, Kustomization, RootKey, Source, SourceFile, Unit, UnitKey};
use meshscope_manifest::kustomize::Origin;
use meshscope_manifest::repository::{Fact, Release, fact, helmfile};
use meshscope_manifest::{Str, read};
use meshscope_yaml::{Options, Path, parse_document, split};
use std::sync::Arc;

/// A document that says something about deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedObject {
    /// What it says.
    pub fact: Fact,
    /// The document of the file, or the object of the root that is built.
    pub object: u32,
}

/// Whether a text may say something about deployment.
pub fn speaks_of_deployment(text: &str) -> bool {
    text.contains("argoproj.io") || text.contains("toolkit.fluxcd.io")
}

/// Whether a file is one of helmfile's, by its name.
pub fn is_helmfile(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let named = name.starts_with("helmfile") && name.ends_with("yaml");
    named || dir.rsplit('/').next() == Some("helmfile.d")
}

fn tells(fact: &Fact) -> bool {
    !matches!(fact, Fact::Resource | Fact::Operator)
}

/// What the documents of a file say. Only those that can say something are parsed.
#[salsa::tracked]
pub fn stated_in_file(db: &dyn Db, file: SourceFile) -> Arc<[StatedObject]> {
    if !file_summary(db, file).speaks {
        return Arc::default();
    }
    let text = file.text(db);
    let mut stated = Vec::new();
    for (object, span) in (0u32..).zip(split(text)) {
        if !speaks_of_deployment(span.slice(text)) {
            continue;
        }
        let document = parse_document(text, span, &Options::default());
        let said = read::document(&document).and_then(|value| fact(&value));
        stated.extend(said.filter(tells).map(|fact| StatedObject { fact, object }));
    }
    stated.into()
}

#[salsa::tracked]
fn stated_in_root<'db>(db: &'db dyn Db, key: RootKey<'db>) -> Arc<[StatedObject]> {
    let objects = (0u32..).zip(&built(db, key.root(db)).objects);
    let said = objects.filter_map(|(object, built)| {
        let group = built.value.str("apiVersion")?;
        let fact = fact(&built.value).filter(|_| speaks_of_deployment(&group))?;
        tells(&fact).then_some(StatedObject { fact, object })
    });
    said.collect()
}

/// What a unit says about deployment.
pub fn stated_in_unit<'db>(db: &'db dyn Db, unit: &Unit) -> &'db Arc<[StatedObject]> {
    match &unit.source {
        Source::File(file) => stated_in_file(db, *file),
        Source::Kustomization(root) => stated_in_root(db, RootKey::new(db, root)),
        Source::Chart(_) => {
            static NONE: std::sync::OnceLock<Arc<[StatedObject]>> = std::sync::OnceLock::new();
            NONE.get_or_init(Arc::default)
        }
    }
}

/// Where the fields of an object that a unit states are written.
pub fn origin_of(db: &dyn Db, unit: &Unit, object: u32) -> Option<Origin> {
    match &unit.source {
        Source::File(file) => {
            let place = meshscope_manifest::kustomize::Place::document(file.path(db), object);
            Some(Origin::new(place))
        }
        Source::Kustomization(root) => {
            let object = built(db, root).objects.get(object as usize)?;
            Some(object.origin.clone())
        }
        Source::Chart(_) => None,
    }
}

/// The definition of an object that a unit states.
pub(super) fn definition_of(db: &dyn Db, unit: &Unit, object: u32) -> Option<Definition> {
    match &unit.source {
        Source::File(file) => Some(Definition {
            file: *file,
            entry: usize::MAX,
            document: object,
            prefix: Path::root(),
            place: Place::InFile,
        }),
        Source::Kustomization(root) => stated_definition(db, root, object),
        Source::Chart(_) => None,
    }
}

fn stated_definition(db: &dyn Db, root: &Kustomization, object: u32) -> Option<Definition> {
    of_root(db, root, object, usize::MAX, &Path::root())
}

/// The releases of a helmfile, each with its index; none for any other file.
#[salsa::tracked]
fn helmfile_releases(db: &dyn Db, file: SourceFile) -> Arc<[Release]> {
    if !is_helmfile(file.path(db)) {
        return Arc::default();
    }
    let document = document(db, file, 0).as_ref();
    let value = document.and_then(|d| read::document(d)).unwrap_or_default();
    helmfile(&value).into()
}

/// A Helm release that somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// The release.
    pub release: Release,
    /// What asks for it: an object of the unit, and the path in it.
    pub object: u32,
    /// The path of what asks for it in that object.
    pub path: Path,
}

/// The Helm releases that a unit asks for.
#[salsa::tracked]
pub(super) fn releases_in<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<[Asked]> {
    let unit = unit.unit(db);
    let mut asked = Vec::new();
    for stated in stated_in_unit(db, unit).iter() {
        let mut add = |release: &Release, path: Path| {
            asked.push(Asked {
                release: release.clone(),
                object: stated.object,
                path,
            });
        };
        let source = Path::root().join("spec").join("source");
        match &stated.fact {
            Fact::Release(release) => add(release, Path::root().join("spec").join("chart")),
            Fact::Application(app) => {
                app.releases.iter().for_each(|r| add(r, source.clone()));
            }
            Fact::Applications(set) => {
                for app in set.applications(&[], &[]) {
                    let at = Path::root().join("spec").join("template");
                    app.releases.iter().for_each(|r| add(r, at.clone()));
                }
            }
            _ => {}
        }
    }
    if let Source::File(file) = &unit.source {
        for (index, release) in (0u32..).zip(helmfile_releases(db, *file).iter()) {
            asked.push(Asked {
                release: release.clone(),
                object: 0,
                path: Path::root().join("releases").index(index),
            });
        }
    }
    asked.into()
}

/// The addresses that a unit's HelmRepositories and OCIRepositories have, by name.
#[salsa::tracked]
pub(super) fn chart_sources<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<[(Str, Str)]> {
    let stated = stated_in_unit(db, unit.unit(db)).iter();
    let sources = stated.filter_map(|stated| match &stated.fact {
        Fact::Charts { name, url } => Some((name.clone(), url.clone())),
        _ => None,
    });
    sources.collect()
}

/// Interned: see [`releases_in`].
pub(super) fn releases_of<'db>(db: &'db dyn Db, unit: &Unit) -> &'db Arc<[Asked]> {
    releases_in(db, unit_key(db, unit))
}
