//! The meshes that a repository's kustomizations, Argo CD Applications and Flux Kustomizations make.
//!
//! What single files say comes from queries, so that finding meshes again costs little. Which roots
//! define the same objects is looked at only then: while somebody types, meshes stay as they are.

use super::Workspace;
use crate::db::Database;
use meshscope_manifest::document::may_hold_resources;
use meshscope_manifest::kustomize::{References, is_kustomization};
use meshscope_manifest::repository::layout::dir_of;
use meshscope_manifest::repository::{
    self, Fact, FileFacts, MeshSetting, Repository, Root, RootKind, Stated, discover,
};
use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::db::name;
use meshscope_mesh::index::{
    StatedObject, is_helmfile, kustomizations, may_hold_objects, origin_of, real_path, references,
    speaks_of_deployment, stated_in_file, stated_in_unit, unit_files, unit_objects,
};
use meshscope_mesh::{Source, Unit};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A mesh that was found.
pub(super) struct Found {
    pub name: Str,
    pub units: Vec<(Str, Unit)>,
    pub reason: String,
    pub uncertain: Option<String>,
    /// Directories and files that would be of it but for what others define, with the reason.
    pub aside: Vec<(Str, String)>,
}

/// What the files of a repository say about deployment.
pub(super) struct Discovered {
    /// The meshes that are found when nobody says otherwise.
    pub meshes: Vec<Found>,
    /// The units of all roots by path, those set aside too: what settings choose from.
    pub all: Vec<(Str, Unit)>,
    /// Directories that are of no mesh, with the reason.
    pub aside: Vec<(Str, String)>,
}

/// Rounds in which what is built may say what else is applied: Flux Kustomizations apply each other.
const MAX_ROUNDS: usize = 6;

/// Meshes that alternatives make of a repository, about.
const MAX_MESHES: usize = 8;

/// What a file has to do with where meshes are.
#[derive(PartialEq)]
pub(super) struct Deployment {
    stated: Arc<[StatedObject]>,
    named: Option<Arc<References>>,
    /// The text, where all of it may decide: patches of what applies others, variables.
    text: Option<Arc<str>>,
}

/// What the units of roots are made from.
pub(super) struct Material {
    pub repository: Repository,
    /// Files that kustomizations use.
    pub used: BTreeSet<Str>,
    /// Directories with a `Chart.yaml`.
    pub charts: Vec<String>,
}

/// The units of each root, by what makes a root another one.
pub(super) type Units = HashMap<(Str, RootKind, Vec<Str>), Vec<Unit>>;

/// The objects of a unit that clusters can have one of, with their digests.
pub(super) type Objects = HashMap<Unit, Vec<(ResourceKey, u64)>>;

impl Workspace {
    /// Whether an edit of a file can change where meshes are: nearly none can, and that costs a look at
    /// the text.
    pub(super) fn may_matter(&self, path: &str, before: &str, after: &str) -> bool {
        is_kustomization(path)
            || path.rsplit('/').next() == Some("Chart.yaml")
            || speaks_of_deployment(before)
            || speaks_of_deployment(after)
            || self.holds_variables(before)
            || self.holds_variables(after)
            || may_hold_resources(before) != may_hold_resources(after)
    }

    /// Whether Flux may take variables from a text: only where it takes any.
    fn holds_variables(&self, text: &str) -> bool {
        self.has_variables && (text.contains("ConfigMap") || text.contains("Secret"))
    }

    /// What a file says about where meshes are; when it changes, they are looked for again.
    pub(super) fn deployment(&self, path: &str) -> Option<Deployment> {
        let db = &self.db;
        let file = self.file(path)?;
        let named = is_kustomization(path).then(|| {
            let dir = name(db, dir_of(path));
            references(db, self.repository, dir).clone()
        });
        let text = file.text(db);
        let stated = stated_in_file(db, file).clone();
        let patches = speaks_of_deployment(text) && (named.is_some() || stated.is_empty());
        let decides = patches || self.holds_variables(text);
        Some(Deployment {
            stated,
            named,
            text: decides.then(|| text.clone()),
        })
    }

    /// The meshes that files describe; `None` when no file says how anything is deployed.
    pub(super) fn discover(&self) -> Option<Discovered> {
        let mut material = self.material();
        let mut files = material.repository.files.iter();
        let tells = |stated: &Stated| applies(&stated.fact);
        if material.repository.kustomizations.is_empty()
            && !files.any(|file| file.facts.iter().any(tells))
        {
            return None;
        }
        let mut found = discover(&material.repository, &[]);
        let mut whole = discover(&material.repository, &[MeshSetting::default()]).meshes;
        let mut units = self.units(found.meshes.iter().chain(&whole), &material);
        for _ in 0..MAX_ROUNDS {
            if !self.restate(&mut material, &units) {
                break;
            }
            found = discover(&material.repository, &[]);
            whole = discover(&material.repository, &[MeshSetting::default()]).meshes;
            units = self.units(found.meshes.iter().chain(&whole), &material);
        }
        let objects = self.objects_of(&units);
        let limit = (MAX_MESHES / found.meshes.len().max(1)).max(2);
        let mut meshes = Vec::new();
        for mesh in found.meshes {
            meshes.extend(self.resolved(mesh, limit, &units, &objects));
        }
        let all = whole
            .iter()
            .flat_map(|mesh| in_order(&self.db, mesh, &units, &|_| true));
        let aside = found.aside.iter();
        Some(Discovered {
            meshes,
            all: all.collect(),
            aside: aside
                .map(|(root, reason)| (root.dir.clone(), reason.clone()))
                .collect(),
        })
    }

    fn material(&self) -> Material {
        let db = &self.db;
        let links = self.repository.links(db);
        let mut repository = Repository::default();
        let mut charts = Vec::new();
        for (path, file) in self.files() {
            let is_chart = path.rsplit('/').next() == Some("Chart.yaml");
            if is_chart {
                charts.push(dir_of(path).to_owned());
            }
            if self.is_settings_file(path) {
                continue;
            }
            let holds = !is_chart && (may_hold_objects(db, file) || is_helmfile(path));
            if is_chart || holds {
                let stated = |fact, document| Stated::in_file(fact, path, document);
                let marker = holds.then(|| stated(Fact::Resource, 0));
                let said = stated_in_file(db, file).iter().filter(|_| holds);
                let said = said.map(|s| stated(s.fact.clone(), s.object));
                let facts = marker.into_iter().chain(said).collect();
                let path = path.clone();
                repository.files.push(FileFacts { path, facts });
            }
        }
        let mut used = BTreeSet::new();
        for dir in kustomizations(db, self.repository).iter() {
            let mut named = References::clone(references(db, self.repository, name(db, dir)));
            for target in named.directories.iter_mut().chain(&mut named.files) {
                *target = real_path(links, target).to_string();
            }
            used.extend(named.files.iter().map(Str::new));
            repository.kustomizations.insert(dir.to_string(), named);
        }
        Material {
            repository,
            used,
            charts,
        }
    }

    fn units<'m>(
        &self,
        meshes: impl Iterator<Item = &'m repository::Mesh>,
        material: &Material,
    ) -> Units {
        let mut units = Units::new();
        for root in meshes.flat_map(|mesh| &mesh.roots) {
            let found = units.entry(key_of(root));
            found.or_insert_with(|| self.units_of(root, material));
        }
        units
    }

    /// Replaces what files say about deployment by what comes of them when they are built: patches and
    /// variables decide. Whether anything changed.
    fn restate(&self, material: &mut Material, units: &Units) -> bool {
        let db = &self.db;
        let mut built: BTreeMap<Str, Vec<Stated>> = BTreeMap::new();
        let distinct: BTreeMap<Str, &Unit> = units
            .values()
            .flatten()
            .filter(|unit| matches!(unit.source, Source::Kustomization(_)))
            .map(|unit| (format!("{unit:?}").into(), unit))
            .collect();
        for unit in distinct.into_values() {
            let stated = stated_in_unit(db, unit);
            if stated.is_empty() {
                continue;
            }
            for file in unit_files(db, unit).iter() {
                built.entry(file.path(db).clone()).or_default();
            }
            for said in stated.iter() {
                let Some(origin) = origin_of(db, unit, said.object) else {
                    continue;
                };
                let all = built.entry(origin.base.file.clone()).or_default();
                let stated = Stated {
                    fact: said.fact.clone(),
                    origin,
                    built_by: directory_of(unit),
                };
                if !all.contains(&stated) {
                    all.push(stated);
                }
            }
        }
        let mut changed = false;
        for file in &mut material.repository.files {
            let Some(said) = built.remove(&file.path).filter(|_| !file.facts.is_empty()) else {
                continue;
            };
            let is_marker = |stated: &&Stated| stated.fact == Fact::Resource;
            let marker = file.facts.iter().find(is_marker).cloned();
            let facts: Vec<Stated> = marker.into_iter().chain(said).collect();
            let deployment = |facts: &[Stated]| -> Vec<Stated> {
                let told = facts.iter().filter(|stated| applies(&stated.fact));
                told.cloned().collect()
            };
            changed |= deployment(&facts) != deployment(&file.facts);
            file.facts = facts;
        }
        changed
    }

    /// The objects of every unit, with their digests, built on all cores.
    fn objects_of(&self, units: &Units) -> Objects {
        let all: Vec<&Unit> = units.values().flatten().collect();
        let of_unit = |db: &mut Database, unit: &Unit| {
            let objects = unit_objects(&*db, unit).into_iter();
            let resources = objects.filter_map(|object| object.resource);
            let resources = resources.filter(|r| !r.key.kind.is_shared());
            let keys = resources.map(|r| (r.key.clone(), r.digest)).collect();
            (unit.clone(), keys)
        };
        all.into_par_iter()
            .map_with(self.db.clone(), of_unit)
            .collect()
    }
}

/// The directory of the kustomization that a unit is.
fn directory_of(unit: &Unit) -> Option<Str> {
    match &unit.source {
        Source::Kustomization(root) => Some(root.directory.clone()),
        Source::File(_) | Source::Chart(_) => None,
    }
}

/// Whether a fact says that a directory is applied.
fn applies(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Application(_) | Fact::Applications(_) | Fact::Flux(_) | Fact::Release(_)
    )
}

/// What makes the units of two roots differ: a root that several apply has other units for each.
pub(super) fn key_of(root: &Root) -> (Str, RootKind, Vec<Str>) {
    let applied = root.applied.iter();
    let applied = applied.map(|a| format!("{:?}", (&a.origin.base, a.how.name())).into());
    (root.dir.clone(), root.kind, applied.collect())
}

/// The units of a mesh in load order, by path; a file that several roots hold belongs to the one
/// nearest to it.
pub(super) fn in_order(
    db: &Database,
    mesh: &repository::Mesh,
    units: &Units,
    kept: &dyn Fn(&Str) -> bool,
) -> Vec<(Str, Unit)> {
    let mut roots: Vec<&Root> = mesh.roots.iter().collect();
    roots.sort_by_key(|root| std::cmp::Reverse(root.dir.len()));
    let mut ordered: BTreeMap<Str, Vec<Unit>> = BTreeMap::new();
    for root in roots {
        let mut own: BTreeMap<Str, Vec<Unit>> = BTreeMap::new();
        for unit in units.get(&key_of(root)).into_iter().flatten() {
            own.entry(unit.path(db)).or_default().push(unit.clone());
        }
        for (path, units) in own.into_iter().filter(|(path, _)| kept(path)) {
            ordered.entry(path).or_insert(units);
        }
    }
    let flat = ordered.into_iter();
    flat.flat_map(|(path, units)| units.into_iter().map(move |unit| (path.clone(), unit)))
        .collect()
}
