//! From files to the objects of a mesh, sliced by namespace and kind.
//!
//! Firewalls: [`file_summary`] is equal after any edit that only moves text; [`objects`] is equal
//! when nothing of its namespace and kind changed. Whoever reads a slice depends on nothing else.
//! It must not know what istiod does with an object.

mod bases;
mod charts;
mod config;
mod file;
mod hidden;
mod installs;
mod locate;
mod lookup;
mod roots;
mod stated;
mod unit;
mod unread;

pub use bases::kustomizations;
pub(crate) use config::{
    ConfigLayers, facts_gathered, mesh_config_layers_gathered, mesh_config_object_gathered,
};
pub use config::{MeshFacts, facts, mesh_config_layers, mesh_config_object};
pub use file::{FileObject, FileSummary, document, file_summary, line_index, may_hold_objects};
pub use hidden::{is_incomplete, may_exist};
pub use installs::{ConfigSource, install_spot};
pub use locate::{Definition, Spot, definitions, resource};
pub use lookup::{file_at, real_path, references};
pub use roots::built;
pub use stated::{
    StatedObject, is_helmfile, origin_of, speaks_of_deployment, stated_in_file, stated_in_unit,
};
pub use unit::{UnitObject, has_problems, unit_files, unit_objects};
pub use unread::{Unread, discovery_source, may_run, unread_in};

use crate::db::{Db, Mesh, Name, Unit, UnitKey, name};
use installs::extra_resources;
pub(crate) use installs::{Installed, extra_resources_gathered, installed_gathered};
pub(crate) use installs::{asking_in_group, chart_sources_of_group};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use unit::{unit_key, unit_resources};

/// Whether a namespace is the stand-in for one that nobody says.
pub fn is_unknown_namespace(namespace: &str) -> bool {
    namespace.starts_with('?')
}

/// The two parts of `namespace/name`. The stand-in for a namespace nobody says has slashes itself.
pub fn namespace_and_name(label: &str) -> Option<(&str, &str)> {
    match is_unknown_namespace(label) {
        true => label.rsplit_once('/'),
        false => label.split_once('/'),
    }
}

/// The units that feed each namespace, by position.
pub(crate) type Membership = Arc<BTreeMap<Str, Arc<[usize]>>>;

whole! {
    /// Which units feed which namespace; cluster-scoped objects are under the empty name. Invalidated
    /// when a unit gains or loses a namespace, not by its contents otherwise.
    fn membership() -> Membership = membership_gathered;
}

#[salsa::tracked]
pub(crate) fn membership_gathered(db: &dyn Db, mesh: Mesh) -> Membership {
    let mut members: BTreeMap<Str, Vec<usize>> = BTreeMap::new();
    for group in unit_groups(db, mesh) {
        for (namespace, unit) in members_of_group(db, mesh, group).iter() {
            members.entry(namespace.clone()).or_default().push(*unit);
        }
    }
    Arc::new(
        members
            .into_iter()
            .map(|(ns, units)| (ns, units.into()))
            .collect(),
    )
}

/// How many units are looked at together where all of them are: so that after an edit only those in
/// the group of the edited file are looked at one by one.
const GROUP: usize = 64;

/// The numbers of the groups of units.
pub fn unit_groups(db: &dyn Db, mesh: Mesh) -> std::ops::Range<usize> {
    0..mesh.units(db).len().div_ceil(GROUP)
}

/// The units of one group, with their positions.
pub fn units_of_group(
    db: &dyn Db,
    mesh: Mesh,
    group: usize,
) -> impl Iterator<Item = (usize, &Unit)> {
    let units = mesh.units(db).iter().enumerate();
    units.skip(group * GROUP).take(GROUP)
}

/// The namespaces that the units of one group feed, each with the unit's position.
#[salsa::tracked]
pub(crate) fn members_of_group(db: &dyn Db, mesh: Mesh, group: usize) -> Arc<[(Str, usize)]> {
    let units = units_of_group(db, mesh, group);
    let members = units.flat_map(|(at, unit)| {
        let namespaces = unit_namespaces(db, unit_key(db, unit)).iter();
        namespaces.map(move |ns| (ns.clone(), at))
    });
    members.collect()
}

/// The namespaces a unit feeds, sorted.
#[salsa::tracked]
fn unit_namespaces<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<[Str]> {
    let resources = unit_resources(db, unit).iter();
    let mut namespaces: Vec<Str> = resources.map(|r| r.key.namespace.clone()).collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces.into()
}

/// The units that feed one namespace.
#[salsa::tracked]
fn namespace_units<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[usize]> {
    membership(db, mesh)
        .get(namespace.text(db))
        .cloned()
        .unwrap_or_default()
}

/// Every definition in one namespace, grouped by kind, in load order, doubles included.
#[salsa::tracked]
fn namespace_definitions<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<FxHashMap<Kind, Vec<Arc<Resource>>>> {
    let wanted = namespace.text(db);
    let mut by_kind: FxHashMap<Kind, Vec<Arc<Resource>>> = FxHashMap::default();
    let mut add = |resource: &Arc<Resource>| {
        if resource.key.namespace == *wanted {
            by_kind
                .entry(resource.key.kind)
                .or_default()
                .push(resource.clone());
        }
    };
    for resource in extra_resources(db, mesh).iter() {
        add(resource);
    }
    let units = mesh.units(db);
    for unit in namespace_units(db, mesh, namespace)
        .iter()
        .filter_map(|&i| units.get(i))
    {
        for resource in unit_resources(db, unit_key(db, unit)).iter() {
            add(resource);
        }
    }
    Arc::new(by_kind)
}

/// An object that several documents define.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubled {
    /// The object.
    pub key: ResourceKey,
    /// How many documents define it.
    pub times: usize,
    /// Whether they all say the same.
    pub identical: bool,
}

/// The objects of one namespace that several documents define, in order.
#[salsa::tracked]
pub fn doubled_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Doubled]> {
    let definitions = namespace_definitions(db, mesh, namespace);
    // What is installed or assumed gives way to a document without a word.
    let extra = extra_resources(db, mesh);
    let written = |r: &&Arc<Resource>| !extra.iter().any(|e| Arc::ptr_eq(e, r));
    // Nearly every object is there once: nothing is kept of it but that.
    let mut by_key: FxHashMap<&ResourceKey, (u64, usize, bool)> = FxHashMap::default();
    for resource in definitions.values().flatten().filter(written) {
        let first = by_key.entry(&resource.key);
        let (digest, times, identical) = first.or_insert((resource.digest, 0, true));
        *times += 1;
        *identical &= *digest == resource.digest;
    }
    let doubled = by_key.into_iter().filter(|(_, (_, times, _))| *times > 1);
    let mut doubled: Vec<Doubled> = doubled
        .map(|(key, (_, times, identical))| Doubled {
            key: key.clone(),
            times,
            identical,
        })
        .collect();
    doubled.sort_by(|a, b| a.key.cmp(&b.key));
    doubled.into()
}

/// An object of one namespace that several documents define differently. Objects that whoever needs them
/// brings along do not count.
#[salsa::tracked]
fn contradicted_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Option<ResourceKey> {
    let doubled = doubled_in(db, mesh, namespace).iter();
    let mut differing = doubled.filter(|d| !d.identical && !d.key.kind.is_shared());
    differing.next().map(|d| d.key.clone())
}

across! {
    fn each_contradicted() -> Option<ResourceKey> = contradicted_in in contradicted_of_group;
}

/// An object that two files of a mesh define differently, with the files; the first in the order of
/// namespaces.
pub fn contradiction(db: &dyn Db, mesh: Mesh) -> Option<(ResourceKey, Vec<Str>)> {
    let cluster = contradicted_in(db, mesh, name(db, ""));
    let all = each_contradicted(db, mesh).map(|(_, key)| key);
    let mut keys = all.chain([cluster]).flatten().cloned();
    keys.find_map(|key| {
        let places = definitions(db, mesh, &key);
        let mut files: Vec<Str> = places.iter().map(|d| d.file.path(db).clone()).collect();
        files.dedup();
        (files.len() > 1).then_some((key, files))
    })
}

/// The objects of one kind in one namespace as istiod sees them, sorted by name: of several
/// definitions of one name the last in load order counts; objects that discovery selectors or a
/// revision label hide are left out (V:R7.3, V:R7.4). The slice everything above reads.
#[salsa::tracked]
pub fn objects<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    kind: Kind,
) -> Arc<[Arc<Resource>]> {
    if kind.is_namespaced() && !is_discovered(db, mesh, namespace) {
        return Arc::default();
    }
    let definitions = namespace_definitions(db, mesh, namespace);
    let revision = &mesh.settings(db).revision;
    let mut by_name: BTreeMap<&Str, &Arc<Resource>> = BTreeMap::new();
    for resource in definitions.get(&kind).into_iter().flatten() {
        by_name.insert(&resource.key.name, resource);
    }
    let of_revision = |r: &&Arc<Resource>| !kind.is_istio() || is_of_revision(revision, r);
    by_name.into_values().filter(of_revision).cloned().collect()
}

/// The label that gives an object to the istiod of one revision.
const REVISION: &str = "istio.io/rev";

/// Whether an istiod of a revision reads an object of Istio or of the Gateway API (V:R7.4).
pub(crate) fn is_of_revision(revision: &str, object: &Resource) -> bool {
    let label = object.meta.labels.get(REVISION);
    revision.is_empty() || label.is_none_or(|own| own == revision)
}

whole! {
    /// Every namespace that holds an object or is one, sorted; without the cluster scope.
    pub fn namespaces() -> Arc<[Str]> = namespaces_gathered;
}

#[salsa::tracked]
pub(crate) fn namespaces_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Str]> {
    let mut all: Vec<Str> = membership(db, mesh).keys().cloned().collect();
    all.extend(
        extra_resources(db, mesh)
            .iter()
            .map(|r| r.key.namespace.clone()),
    );
    all.extend(
        cluster_objects(db, mesh, Kind::Namespace)
            .iter()
            .map(|r| r.key.name.clone()),
    );
    all.retain(|ns| !ns.is_empty());
    all.sort();
    all.dedup();
    all.into()
}

/// The cluster-scoped objects of one kind.
pub fn cluster_objects(db: &dyn Db, mesh: Mesh, kind: Kind) -> Arc<[Arc<Resource>]> {
    objects(db, mesh, name(db, ""), kind).clone()
}

/// The Namespace object of a namespace, when the mesh has one.
#[salsa::tracked]
pub fn namespace_object<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Option<Arc<Resource>> {
    let text = namespace.text(db);
    let all = cluster_objects(db, mesh, Kind::Namespace);
    all.binary_search_by(|r| r.key.name.cmp(text))
        .ok()
        .and_then(|i| all.get(i))
        .cloned()
}

/// Whether istiod reads the objects of a namespace at all (V:R7.3). A namespace without a manifest
/// has only the label every namespace has.
#[salsa::tracked(returns(copy))]
pub fn is_discovered<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> bool {
    let selectors = config::discovery_selectors(db, mesh);
    if selectors.is_empty() {
        return true;
    }
    let mut labels = namespace_object(db, mesh, namespace)
        .as_ref()
        .map(|r| r.meta.labels.clone())
        .unwrap_or_default();
    labels.set("kubernetes.io/metadata.name", namespace.text(db));
    selectors.iter().any(|s| s.matches(&labels))
}

/// All objects of one kind in the mesh, namespace by namespace. Reads every namespace's slice: only
/// for what istiod, too, looks up across the whole mesh.
#[salsa::tracked]
pub fn all_objects(db: &dyn Db, mesh: Mesh, kind: Kind) -> Arc<[Arc<Resource>]> {
    let each = each_objects(db, mesh, kind);
    each.flat_map(|(_, objects)| objects.iter().cloned())
        .collect()
}

across! {
    fn each_objects(kind: Kind) -> Arc<[Arc<Resource>]> = objects in objects_of_group;
}

/// One object by key.
#[salsa::tracked]
pub(crate) fn object<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    kind: Kind,
    namespace: Name<'db>,
    object_name: Name<'db>,
) -> Option<Arc<Resource>> {
    let wanted = object_name.text(db);
    let slice = objects(db, mesh, namespace, kind);
    slice
        .binary_search_by(|r| r.key.name.cmp(wanted))
        .ok()
        .and_then(|i| slice.get(i))
        .cloned()
}

/// The order istiod puts objects of one kind in: age, then name, then namespace (V:R0.19). An absent
/// timestamp sorts before any real one (V:R0.23).
pub fn config_order(a: &Resource, b: &Resource) -> std::cmp::Ordering {
    let key = |r: &Resource| r.meta.created.unwrap_or(i64::MIN);
    key(a)
        .cmp(&key(b))
        .then_with(|| a.key.name.cmp(&b.key.name))
        .then_with(|| a.key.namespace.cmp(&b.key.namespace))
}

/// A key for messages and lookups.
pub fn key(kind: Kind, namespace: &str, object_name: &str) -> ResourceKey {
    ResourceKey::new(kind, namespace, object_name)
}
