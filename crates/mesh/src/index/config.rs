//! The effective mesh config: defaults, what the repository holds, what settings say (V:R7.1).

use super::installs::{ConfigSource, installed};
use super::{all_objects, namespace_definitions};
use crate::db::{Db, Mesh, Name};
use meshscope_manifest::spec::LabelSelector;
use meshscope_manifest::spec::meshconfig::{Flag, MeshConfig};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str, Value};
use std::sync::Arc;

/// What of the settings and mesh config every computation may read. One value, because a change of
/// any of it is a forced push to every proxy anyway (V:R9.1).
#[derive(Clone, Debug, PartialEq)]
pub struct MeshFacts {
    /// The effective mesh config.
    pub config: MeshConfig,
    /// The cluster domain.
    pub domain: Str,
    /// The domain of short names in Istio resources.
    pub config_domain: Str,
    /// istiod's environment.
    pub env: meshscope_manifest::spec::meshconfig::IstiodEnv,
}

impl MeshFacts {
    /// A boolean of istiod's environment.
    pub fn flag(&self, flag: Flag) -> bool {
        self.env.flag(flag)
    }

    /// The root namespace.
    pub fn root(&self) -> &Str {
        &self.config.root_namespace
    }
}

whole! {
    /// The facts of a mesh. Invalidated by settings, a ConfigMap `istio*` or an IstioOperator.
    pub fn facts() -> Arc<MeshFacts> = facts_gathered;
}

#[salsa::tracked]
pub(crate) fn facts_gathered(db: &dyn Db, mesh: Mesh) -> Arc<MeshFacts> {
    let settings = mesh.settings(db);
    let mut config = MeshConfig::default();
    for (_, overlay) in mesh_config_layers(db, mesh).iter() {
        config.apply(overlay);
    }
    let domain = found_domain(db, mesh).clone();
    let domain = domain.unwrap_or_else(|| settings.domain.clone());
    Arc::new(MeshFacts {
        config,
        config_domain: settings
            .istio_config_domain
            .clone()
            .unwrap_or_else(|| domain.clone()),
        domain,
        env: match settings.use_found_mesh_config {
            true => settings.env.over(&installed(db, mesh).env),
            false => settings.env.clone(),
        },
    })
}

/// The discovery selectors alone: they decide what the index holds, so they are read before it.
#[salsa::tracked]
pub(super) fn discovery_selectors(db: &dyn Db, mesh: Mesh) -> Arc<[LabelSelector]> {
    facts(db, mesh).config.discovery_selectors.clone().into()
}

/// MeshConfig documents, each with who says it.
pub(crate) type ConfigLayers = Arc<Vec<(ConfigSource, Value)>>;

whole! {
    /// The MeshConfig documents in the order they apply, each with who says it.
    pub fn mesh_config_layers() -> ConfigLayers = mesh_config_layers_gathered;
}

#[salsa::tracked]
pub(crate) fn mesh_config_layers_gathered(db: &dyn Db, mesh: Mesh) -> ConfigLayers {
    let settings = mesh.settings(db);
    let mut layers = Vec::new();
    if settings.use_found_mesh_config {
        let installed = installed(db, mesh);
        layers.extend(installed.mesh_config.iter().cloned());
        let wanted: Str = if settings.revision.is_empty() || settings.revision == "default" {
            "istio".into()
        } else {
            format!("istio-{}", settings.revision).into()
        };
        for map in unfiltered(db, mesh, Kind::ConfigMap) {
            let text = map.config_map().and_then(|c| c.mesh.clone());
            if let Some(text) = text.filter(|_| map.key.name == wanted) {
                let config = value_of_text(&text).into_iter();
                let source = ConfigSource::Object(map.key.clone());
                layers.extend(config.map(|config| (source.clone(), config)));
            }
        }
    }
    let stated = settings.mesh_config.iter().cloned();
    layers.extend(stated.map(|config| (ConfigSource::Settings, config)));
    Arc::new(layers)
}

/// The cluster domain an IstioOperator or a release of istiod says, where settings leave the usual one.
#[salsa::tracked]
fn found_domain(db: &dyn Db, mesh: Mesh) -> Option<Str> {
    let settings = mesh.settings(db);
    if !settings.use_found_mesh_config || settings.domain != "cluster.local" {
        return None;
    }
    let by_operator = unfiltered(db, mesh, Kind::IstioOperator)
        .filter_map(|r| r.istio_operator())
        .find_map(|spec| {
            let proxy = spec.get("values").get("global").get("proxy");
            proxy.str("clusterDomain").filter(|d| !d.is_empty())
        });
    by_operator.or_else(|| installed(db, mesh).domain.clone())
}

/// The control planes of the files, of whatever revision and in whatever namespace: the revision of
/// each, `None` where what installs it does not say. Gateways alone may be among them.
#[salsa::tracked]
pub(super) fn control_planes(db: &dyn Db, mesh: Mesh) -> Arc<[Option<Str>]> {
    let operators = unfiltered(db, mesh, Kind::IstioOperator).map(|_| None);
    let releases = installed(db, mesh).mesh_config.iter();
    let releases = releases
        .filter(|(source, _)| matches!(source, ConfigSource::Release(..)))
        .map(|_| None);
    let maps = unfiltered(db, mesh, Kind::ConfigMap)
        .filter(|r| r.config_map().is_some_and(|c| c.mesh.is_some()))
        .filter_map(|r| match r.key.name.as_str() {
            "istio" => Some(Some("default".into())),
            name => name.strip_prefix("istio-").map(|rev| Some(rev.into())),
        });
    operators.chain(releases).chain(maps).collect()
}

/// Objects before discovery filters, which depend on the mesh config themselves.
fn unfiltered(db: &dyn Db, mesh: Mesh, kind: Kind) -> impl Iterator<Item = &Arc<Resource>> {
    each_unfiltered(db, mesh, kind).flat_map(|(_, objects)| objects.iter())
}

#[salsa::tracked]
fn unfiltered_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    kind: Kind,
) -> Arc<[Arc<Resource>]> {
    let definitions = namespace_definitions(db, mesh, namespace);
    let of_kind = definitions.get(&kind).into_iter().flatten();
    of_kind.cloned().collect()
}

across! {
    fn each_unfiltered(kind: Kind) -> Arc<[Arc<Resource>]> = unfiltered_in in unfiltered_of_group;
}

whole! {
    /// The object that holds the mesh config, when the files have one: a ConfigMap, else the first
    /// IstioOperator.
    pub fn mesh_config_object() -> Arc<Option<ResourceKey>> = mesh_config_object_gathered;
}

#[salsa::tracked]
pub(crate) fn mesh_config_object_gathered(db: &dyn Db, mesh: Mesh) -> Arc<Option<ResourceKey>> {
    let maps = all_objects(db, mesh, Kind::ConfigMap).iter();
    let mut maps = maps.filter(|r| r.config_map().is_some_and(|c| c.mesh.is_some()));
    let operators = all_objects(db, mesh, Kind::IstioOperator);
    let object = maps.next().or(operators.first());
    Arc::new(object.map(|r| r.key.clone()))
}

/// The first document of a YAML text inside a manifest.
fn value_of_text(text: &str) -> Option<Value> {
    let stream = meshscope_yaml::parse(text);
    stream
        .documents
        .first()
        .and_then(meshscope_manifest::read::document)
}
