//! The meshes that a repository's kustomizations, Argo CD Applications and Flux Kustomizations make.
//!
//! What single files say comes from queries, so that finding meshes again costs little. Which roots
//! define the same objects is looked at only then: while somebody types, meshes stay as they are.

use super::Workspace;
use crate::db::Database;
use meshscope_manifest::document::may_hold_resources;
use meshscope_manifest::kustomize::{References, is_kustomization};
use meshscope_manifest::repository::{
    self, Fact, FileFacts, Identity, MeshSetting, Repository, Root, RootKind, discover, is_unknown,
    layout, split,
};
use meshscope_manifest::{Kind, ResourceKey, Str, read};
use meshscope_mesh::db::{Db, name};
use meshscope_mesh::index::{kustomizations, real_path, references, unit_objects};
use meshscope_mesh::{SourceFile, Unit};
use meshscope_yaml::{Options, parse_document, split as documents};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A mesh that was found.
pub(super) struct Found {
    pub name: Str,
    pub units: Vec<(Str, Unit)>,
    pub reason: String,
    pub uncertain: Option<String>,
}

/// What the files of a repository say about deployment.
pub(super) struct Discovered {
    /// The meshes that are found when nobody says otherwise.
    pub meshes: Vec<Found>,
    /// The units of all roots by path, those set aside too: what settings choose from.
    pub all: Vec<(Str, Unit)>,
}

/// What a file says about deployment. Only documents that can say something are parsed.
#[salsa::tracked]
fn file_facts(db: &dyn Db, file: SourceFile) -> Arc<[Fact]> {
    let text = file.text(db);
    if !may_hold_resources(text) {
        return Arc::default();
    }
    let mut facts = vec![Fact::Resource];
    if speaks(text) {
        let spans = documents(text).into_iter();
        let spans = spans.filter(|span| speaks(span.slice(text)));
        facts.extend(spans.filter_map(|span| {
            let document = parse_document(text, span, &Options::default());
            let fact = repository::fact(&read::document(&document)?)?;
            matches!(fact, Fact::Application(_) | Fact::Flux(_)).then_some(fact)
        }));
    }
    facts.into()
}

/// Whether a text may hold an Application or a Kustomization of Flux.
fn speaks(text: &str) -> bool {
    text.contains("argoproj.io") || text.contains("kustomize.toolkit.fluxcd.io")
}

/// Whether an edit of a file can change where meshes are: nearly none can, and that costs a look at
/// the text.
pub(super) fn may_matter(path: &str, before: &str, after: &str) -> bool {
    is_kustomization(path)
        || speaks(before)
        || speaks(after)
        || may_hold_resources(before) != may_hold_resources(after)
}

fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|r| r.starts_with('/'))
}

/// What a file has to do with where meshes are.
#[derive(PartialEq)]
pub(super) struct Deployment(Arc<[Fact]>, Option<Arc<References>>);

/// What the units of roots are made from.
struct Material {
    repository: Repository,
    /// Files that kustomizations use.
    used: BTreeSet<Str>,
    /// Directories with a `Chart.yaml`.
    charts: Vec<String>,
}

impl Workspace {
    /// What a file says about where meshes are; when it changes, they are looked for again.
    pub(super) fn deployment(&self, path: &str) -> Option<Deployment> {
        let file = self.file(path)?;
        let named = is_kustomization(path).then(|| {
            let dir = name(&self.db, dir_of(path));
            references(&self.db, self.repository, dir).clone()
        });
        Some(Deployment(file_facts(&self.db, file).clone(), named))
    }

    /// The meshes that files describe; `None` when no file says how anything is deployed.
    pub(super) fn discover(&self) -> Option<Discovered> {
        let material = self.material();
        let tells = |fact: &Fact| matches!(fact, Fact::Application(_) | Fact::Flux(_));
        let mut files = material.repository.files.iter();
        if material.repository.kustomizations.is_empty()
            && !files.any(|file| file.facts.iter().any(tells))
        {
            return None;
        }
        let meshes = discover(&material.repository, &[]).meshes;
        let whole = discover(&material.repository, &[MeshSetting::default()]).meshes;
        let roots: BTreeMap<(Str, RootKind), &Root> = meshes
            .iter()
            .chain(&whole)
            .flat_map(|mesh| &mesh.roots)
            .map(|root| ((root.dir.clone(), root.kind), root))
            .collect();
        let units: BTreeMap<(Str, RootKind), Vec<Unit>> = roots
            .into_iter()
            .map(|(key, root)| (key, self.units_of(root, &material)))
            .collect();
        let objects = self.objects_of(&units);
        let mut found = Vec::new();
        for mesh in meshes {
            let differing = differing(&mesh, &objects);
            let identities = |root: &Root| {
                let objects = objects.get(&(root.dir.clone(), root.kind));
                let keys = objects.into_iter().flatten().map(|(key, _)| key);
                keys.filter(|key| differing.contains(key))
                    .map(identity)
                    .collect()
            };
            found.extend(split(mesh, &identities).into_iter().map(|mesh| Found {
                units: in_order(&self.db, &mesh, &units),
                name: mesh.name,
                reason: mesh.reason,
                uncertain: mesh.uncertain,
            }));
        }
        let whole = whole.iter();
        let all = whole.flat_map(|mesh| in_order(&self.db, mesh, &units));
        Some(Discovered {
            meshes: found,
            all: all.collect(),
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
            let facts = file_facts(db, file);
            if self.is_settings_file(path) {
                continue;
            }
            if is_chart || !facts.is_empty() {
                let facts = facts.iter().filter(|_| !is_chart).cloned().collect();
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

    fn units_of(&self, root: &Root, material: &Material) -> Vec<Unit> {
        let known = |namespace: Option<&Str>| namespace.filter(|n| !is_unknown(n)).cloned();
        let namespace = known(root.argo_namespace());
        let target = known(root.flux_namespace());
        let with = |unit: Unit| Unit {
            namespace: namespace.clone(),
            target: target.clone(),
            ..unit
        };
        if root.kind == RootKind::Kustomize {
            let unit = Unit::kustomization(self.repository, root.dir.clone());
            return vec![with(unit)];
        }
        let built = &material.repository.kustomizations;
        let files = material.repository.files.iter().filter(|file| {
            let dir = dir_of(&file.path);
            let inside = match root.kind {
                RootKind::Plain => dir == root.dir.as_str(),
                // A kustomization inside of a tree is a root of its own.
                _ => {
                    is_within(dir, &root.dir)
                        && !built
                            .keys()
                            .any(|k| is_within(dir, k) && is_within(k, &root.dir))
                }
            };
            let charts = material.charts.iter().map(String::as_str);
            inside
                && !file.facts.is_empty()
                && !is_kustomization(&file.path)
                && !material.used.contains(&file.path)
                && layout::chart_of_template(&file.path, charts).is_none()
        });
        let files = files.filter_map(|file| self.file(&file.path));
        files.map(|file| with(Unit::file(file, None))).collect()
    }

    /// The objects of every root, with their digests, built on all cores.
    fn objects_of(&self, units: &BTreeMap<(Str, RootKind), Vec<Unit>>) -> Objects {
        let all: Vec<_> = units.iter().collect();
        let of_root = |db: &mut Database, (key, units): (&(Str, RootKind), &Vec<Unit>)| {
            let objects = units.iter().flat_map(|unit| unit_objects(&*db, unit));
            let resources = objects.filter_map(|object| object.resource);
            // Whoever needs a namespace brings it.
            let resources = resources.filter(|r| r.key.kind != Kind::Namespace);
            let objects = resources.map(|r| (r.key.clone(), r.digest)).collect();
            (key.clone(), objects)
        };
        all.into_par_iter()
            .map_with(self.db.clone(), of_root)
            .collect()
    }
}

type Objects = BTreeMap<(Str, RootKind), Vec<(ResourceKey, u64)>>;

/// The objects that a mesh defines more than once, differently.
fn differing<'o>(mesh: &repository::Mesh, objects: &'o Objects) -> BTreeSet<&'o ResourceKey> {
    let mut digests: BTreeMap<&ResourceKey, u64> = BTreeMap::new();
    let mut differing = BTreeSet::new();
    for root in &mesh.roots {
        let own = objects.get(&(root.dir.clone(), root.kind));
        for (key, digest) in own.into_iter().flatten() {
            if digests.insert(key, *digest).is_some_and(|d| d != *digest) {
                differing.insert(key);
            }
        }
    }
    differing
}

fn identity(key: &ResourceKey) -> Identity {
    let kind = format!("{}.{}", key.kind.name(), key.kind.group());
    (kind.into(), key.namespace.clone(), key.name.clone())
}

/// The units of a mesh in load order, by path; a file that several roots hold belongs to the one
/// nearest to it.
fn in_order(
    db: &Database,
    mesh: &repository::Mesh,
    units: &BTreeMap<(Str, RootKind), Vec<Unit>>,
) -> Vec<(Str, Unit)> {
    let mut roots: Vec<&Root> = mesh.roots.iter().collect();
    roots.sort_by_key(|root| std::cmp::Reverse(root.dir.len()));
    let own = |root: &&Root| units.get(&(root.dir.clone(), root.kind));
    let mut ordered: BTreeMap<Str, Unit> = BTreeMap::new();
    for unit in roots.iter().filter_map(own).flatten() {
        let path = match &unit.source {
            meshscope_mesh::Source::File(file) => file.path(db).clone(),
            meshscope_mesh::Source::Kustomization(root) => {
                format!("{}/kustomization.yaml", root.directory).into()
            }
        };
        ordered.entry(path).or_insert_with(|| unit.clone());
    }
    ordered.into_iter().collect()
}
