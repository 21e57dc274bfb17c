//! The objects of one unit, whether a file holds them or a kustomization builds them.

use super::locate::{Definition, Place};
use super::roots::{root_files, root_objects};
use super::{built, file_at, file_summary};
use crate::db::{Db, Kustomization, Source, SourceFile, Unit, UnitKey, name};
use meshscope_manifest::repository::{NamespaceSources, effective_namespace, layout};
use meshscope_manifest::validate::Problem;
use meshscope_manifest::{Kind, Resource, Str};
use std::sync::Arc;

/// Interns a unit as a query key.
pub(super) fn unit_key<'db>(db: &'db dyn Db, unit: &Unit) -> UnitKey<'db> {
    UnitKey::new(db, unit)
}

/// The resources of one unit with their effective namespaces.
#[salsa::tracked]
pub(super) fn unit_resources<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<[Arc<Resource>]> {
    let unit = unit.unit(db);
    let of_file;
    let resources: Vec<&Arc<Resource>> = match &unit.source {
        Source::File(file) => {
            of_file = file_summary(db, *file);
            let objects = of_file.objects.iter();
            objects.filter_map(|o| o.resource.as_ref()).collect()
        }
        Source::Kustomization(root) => {
            let objects = root_objects(db, root).iter();
            objects.filter_map(|o| o.resource.as_ref()).collect()
        }
        Source::Chart(_) => Vec::new(),
    };
    let sources = sources(unit, &resources);
    let directory = directory(db, unit);
    let effective = resources.iter();
    effective
        .map(|r| in_namespace(r, &sources, &directory))
        .collect()
}

/// What says something about the namespaces of the objects of a unit. What a kustomization and Flux say
/// is in what is built already.
fn sources<'a>(unit: &'a Unit, resources: &[&'a Arc<Resource>]) -> NamespaceSources<'a> {
    let said = |namespace: &'a Option<Str>| namespace.as_deref().unwrap_or_default();
    let mut namespaces = resources.iter().filter(|r| r.key.kind == Kind::Namespace);
    NamespaceSources {
        argo_destination: said(&unit.namespace),
        // A default that somebody states for these files is no guess.
        only_namespace: match (namespaces.next(), namespaces.next()) {
            (Some(only), None) if unit.default_namespace.is_none() => &only.key.name,
            _ => "",
        },
        folder_default: said(&unit.default_namespace),
        ..NamespaceSources::default()
    }
}

fn in_namespace(
    resource: &Arc<Resource>,
    sources: &NamespaceSources<'_>,
    directory: &str,
) -> Arc<Resource> {
    let own = &resource.key.namespace;
    if !resource.key.kind.is_namespaced() || !own.is_empty() {
        return resource.clone();
    }
    let said = effective_namespace(sources).map(|(namespace, _)| namespace);
    let mut resource = Resource::clone(resource);
    resource.key.namespace = said.unwrap_or_else(|| unknown_namespace(directory));
    Arc::new(resource)
}

/// The namespace of what a unit installs, when nobody says another.
pub(super) fn install_namespace(db: &dyn Db, unit: &Unit) -> Str {
    let said = effective_namespace(&sources(unit, &[]));
    said.map_or_else(
        || unknown_namespace(&directory(db, unit)),
        |(namespace, _)| namespace,
    )
}

fn directory(db: &dyn Db, unit: &Unit) -> Str {
    match &unit.source {
        Source::File(file) => Str::new(layout::dir_of(file.path(db))),
        Source::Kustomization(root) => root.directory.clone(),
        Source::Chart(chart) => chart.directory.clone(),
    }
}

/// The stand-in for a namespace nobody says: equal only inside one directory.
fn unknown_namespace(directory: &str) -> Str {
    format!("?{directory}").into()
}

/// The files with the YAML that the objects of a unit are made from.
pub fn unit_files(db: &dyn Db, unit: &Unit) -> Arc<[SourceFile]> {
    match &unit.source {
        Source::File(file) => Arc::new([*file]),
        Source::Kustomization(root) => root_files(db, root).clone(),
        Source::Chart(_) => Arc::default(),
    }
}

/// An object of a unit with what is wrong with it.
#[derive(Clone, Debug)]
pub struct UnitObject {
    /// Where it is written.
    pub definition: Definition,
    /// The resource with its effective namespace; none without a name.
    pub resource: Option<Arc<Resource>>,
    /// What CRD schema and webhook say about it.
    pub problems: Arc<[Problem]>,
}

/// The objects of a unit, with places.
pub fn unit_objects(db: &dyn Db, unit: &Unit) -> Vec<UnitObject> {
    let mut resources = unit_resources(db, unit_key(db, unit)).iter().cloned();
    let mut effective = |decoded: &Option<Arc<Resource>>| match decoded {
        Some(_) => resources.next(),
        None => None,
    };
    match &unit.source {
        Source::File(file) => {
            let objects = file_summary(db, *file).objects.iter().enumerate();
            let placed = objects.map(|(entry, object)| UnitObject {
                definition: Definition {
                    file: *file,
                    entry,
                    document: object.document,
                    prefix: object.prefix.clone(),
                    place: Place::InFile,
                },
                resource: effective(&object.resource),
                problems: object.problems.clone(),
            });
            placed.collect()
        }
        Source::Kustomization(root) => {
            let objects = root_objects(db, root).iter().enumerate();
            let placed = objects.filter_map(|(entry, object)| {
                let resource = effective(&object.resource);
                let definition = of_root(db, root, object.object, entry, &object.prefix)?;
                Some(UnitObject {
                    definition,
                    resource,
                    problems: object.problems.clone(),
                })
            });
            placed.collect()
        }
        Source::Chart(_) => Vec::new(),
    }
}

/// Whether CRD schema or webhook say anything about an object of a unit.
pub fn has_problems(db: &dyn Db, unit: &Unit) -> bool {
    match &unit.source {
        Source::File(file) => {
            let mut objects = file_summary(db, *file).objects.iter();
            objects.any(|object| !object.problems.is_empty())
        }
        Source::Kustomization(root) => {
            let mut objects = root_objects(db, root).iter();
            objects.any(|object| !object.problems.is_empty())
        }
        Source::Chart(_) => false,
    }
}

pub(super) fn of_root(
    db: &dyn Db,
    root: &Kustomization,
    object: u32,
    entry: usize,
    prefix: &meshscope_yaml::Path,
) -> Option<Definition> {
    let base = &built(db, root).objects.get(object as usize)?.origin.base;
    Some(Definition {
        file: file_at(db, root.repository, name(db, &base.file))?,
        entry,
        document: base.document,
        prefix: prefix.clone(),
        place: Place::Built {
            root: root.clone(),
            object,
        },
    })
}
