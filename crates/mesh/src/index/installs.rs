//! Objects the repository only names: what IstioOperators, Helm releases, settings and assumptions stand
//! for.

use super::charts;
use super::locate::{Definition, definitions};
use super::stated::{Asked, chart_sources, definition_of, releases_of};
use super::unit::{install_namespace, unit_key, unit_resources};
use super::{unit_groups, units_of_group};
use crate::db::{Db, Mesh, Source, Unit, UnitKey};
use meshscope_manifest::edit::object;
use meshscope_manifest::repository::installs::{
    IstioChart, gateway_release, istio_operator_install, istiod_release,
};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str, Value};
use meshscope_yaml::Path;
use std::sync::Arc;

/// The IstioOperators of one unit: an edit of anything else in it stops here.
#[salsa::tracked]
fn operators_in<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<[Arc<Resource>]> {
    let resources = unit_resources(db, unit);
    resources
        .iter()
        .filter(|r| r.key.kind == Kind::IstioOperator)
        .cloned()
        .collect()
}

/// The positions of the units of one group that ask for anything to be installed.
#[salsa::tracked]
pub(crate) fn asking_in_group(db: &dyn Db, mesh: Mesh, group: usize) -> Arc<[usize]> {
    let asks = |unit: &Unit| {
        !operators_in(db, unit_key(db, unit)).is_empty()
            || !releases_of(db, unit).is_empty()
            || matches!(unit.source, Source::Chart(_))
    };
    let units = units_of_group(db, mesh, group);
    units
        .filter(|(_, unit)| asks(unit))
        .map(|(at, _)| at)
        .collect()
}

/// Where the units of one group say that charts come from.
#[salsa::tracked]
pub(crate) fn chart_sources_of_group(db: &dyn Db, mesh: Mesh, group: usize) -> Arc<[(Str, Str)]> {
    let units = units_of_group(db, mesh, group);
    let sources = units.flat_map(|(_, unit)| chart_sources(db, unit_key(db, unit)).iter());
    sources.cloned().collect()
}

/// What asked for something that is installed.
#[derive(Clone, Debug, PartialEq)]
enum Asker {
    /// An IstioOperator, at a path.
    Operator(ResourceKey, Path),
    /// An object of a unit, at a path.
    Stated {
        unit: usize,
        object: u32,
        path: Path,
    },
    /// A chart of the repository.
    Chart { unit: usize },
}

/// Who says a part of the mesh config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// The settings.
    Settings,
    /// An object: a ConfigMap or an IstioOperator.
    Object(ResourceKey),
    /// A Helm release of istiod, as words, and the file that asks for it.
    Release(Str, Option<Str>),
}

/// What is installed in a mesh: gateway workloads with their Services, mesh config, and what nobody knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Installed {
    /// The objects, with the namespaces they are installed in.
    resources: Vec<(Arc<Resource>, Asker)>,
    /// MeshConfig documents with who says them, in order.
    pub mesh_config: Vec<(ConfigSource, Value)>,
    /// The environment of istiod, in the order it is said.
    pub env: Vec<(Str, Str)>,
    /// The cluster domain.
    pub domain: Option<Str>,
    /// Namespaces in which releases of other charts may make anything.
    pub open: Vec<Str>,
}

whole! {
    /// What IstioOperators and Helm releases install.
    pub(super) fn installed() -> Arc<Installed> = installed_gathered;
}

#[salsa::tracked]
pub(crate) fn installed_gathered(db: &dyn Db, mesh: Mesh) -> Arc<Installed> {
    let mut installed = Installed::default();
    let units = mesh.units(db);
    let sources: Vec<&(Str, Str)> = unit_groups(db, mesh)
        .flat_map(|group| chart_sources_of_group(db, mesh, group).iter())
        .collect();
    let asking = unit_groups(db, mesh)
        .flat_map(|group| asking_in_group(db, mesh, group).iter())
        .filter_map(|&at| Some((at, units.get(at)?)));
    for (index, unit) in asking {
        for operator in operators_in(db, unit_key(db, unit)).iter() {
            installed.add_operator(operator);
        }
        for asked in releases_of(db, unit).iter() {
            installed.add_release(db, (index, unit), asked, &sources);
        }
        if let Source::Chart(chart) = &unit.source
            && !chart.is_rendered
        {
            let namespace = install_namespace(db, unit);
            for release in charts::dependencies(db, chart, &namespace).iter() {
                let asker = Asker::Chart { unit: index };
                installed.add(db, unit, release, asker);
            }
        }
    }
    Arc::new(installed)
}

impl Installed {
    fn add_operator(&mut self, operator: &Resource) {
        let Some(spec) = operator.istio_operator() else {
            return;
        };
        let outcome = istio_operator_install(&document(operator, spec));
        for (object, asked) in outcome.objects.iter().zip(&outcome.asked_by) {
            let path = match asked {
                Some((list, index)) => {
                    let index = u32::try_from(*index).unwrap_or(u32::MAX);
                    let components = Path::root().join("spec").join("components");
                    components.join(list).index(index)
                }
                None => Path::root().join("spec").join("profile"),
            };
            let asker = Asker::Operator(operator.key.clone(), path);
            self.resources.extend(decode(object).map(|r| (r, asker)));
        }
        if outcome.mesh_config.as_map().is_some_and(|m| !m.is_empty()) {
            let source = ConfigSource::Object(operator.key.clone());
            self.mesh_config.push((source, outcome.mesh_config));
        }
        self.env.extend(outcome.env);
    }

    fn add_release(
        &mut self,
        db: &dyn Db,
        (index, unit): (usize, &Unit),
        asked: &Asked,
        sources: &[&(Str, Str)],
    ) {
        let mut release = asked.release.clone();
        let source = sources.iter().find(|(name, _)| *name == release.repository);
        if let Some((_, address)) = source {
            release = release.at(address);
        }
        let asker = Asker::Stated {
            unit: index,
            object: asked.object,
            path: asked.path.clone(),
        };
        self.add(db, unit, &release, asker);
    }

    fn add(
        &mut self,
        db: &dyn Db,
        unit: &Unit,
        release: &meshscope_manifest::repository::Release,
        asker: Asker,
    ) {
        let namespace = match release.namespace.as_str() {
            "" => install_namespace(db, unit),
            _ => release.namespace.clone(),
        };
        match release.istio_chart() {
            Some(IstioChart::Gateway) => {
                let objects = gateway_release(&release.release, &namespace, &release.values);
                let decoded = objects.iter().filter_map(decode);
                self.resources
                    .extend(decoded.map(|resource| (resource, asker.clone())));
            }
            Some(IstioChart::Istiod) => {
                let istiod = istiod_release(&release.values);
                let file = match &asker {
                    Asker::Stated { object, .. } => definition_of(db, unit, *object)
                        .map(|definition| definition.file.path(db).clone()),
                    Asker::Operator(..) | Asker::Chart { .. } => None,
                };
                let words = format!("the release {namespace}/{}", release.release);
                let source = ConfigSource::Release(words.into(), file);
                self.mesh_config.push((source, istiod.mesh_config));
                self.env.extend(istiod.env);
                self.domain = self.domain.take().or(istiod.domain);
            }
            Some(IstioChart::Other) => {}
            None => self.open.push(namespace),
        }
    }
}

/// Where an installed object is asked for: the definition of what does, and the path in it.
pub fn install_spot(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Option<(Definition, Path)> {
    let installed = installed(db, mesh);
    let mut named = installed.resources.iter().rev();
    let (_, asker) = named.find(|(resource, _)| resource.key == *key)?;
    match asker {
        Asker::Operator(operator, path) => {
            Some((definitions(db, mesh, operator).pop()?, path.clone()))
        }
        Asker::Stated { unit, object, path } => {
            let unit = mesh.units(db).get(*unit)?;
            Some((definition_of(db, unit, *object)?, path.clone()))
        }
        Asker::Chart { unit } => match &mesh.units(db).get(*unit)?.source {
            Source::Chart(chart) => Some((charts::definition(db, chart)?, Path::root())),
            _ => None,
        },
    }
}

/// The operator as a document again: what it installs depends on its spec and on the namespace it
/// writes; the one it would land in does not count.
fn document(operator: &Resource, spec: &Value) -> Value {
    let mut metadata = object([("name", Value::String(operator.key.name.clone()))]);
    if operator.namespace_written {
        metadata.set("namespace", Value::String(operator.key.namespace.clone()));
    }
    object([("metadata", metadata), ("spec", spec.clone())])
}

fn decode(value: &Value) -> Option<Arc<Resource>> {
    let kind = Kind::from_api(
        &value.str_or_empty("apiVersion"),
        &value.str_or_empty("kind"),
    )?;
    Resource::decode(kind, value, "default").map(Arc::new)
}

whole! {
    /// Every resource that no file of the mesh holds: assumed ones first, so that real ones replace them,
    /// then what is installed.
    pub(super) fn extra_resources() -> Arc<[Arc<Resource>]> = extra_resources_gathered;
}

#[salsa::tracked]
pub(crate) fn extra_resources_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Resource>]> {
    let settings = mesh.settings(db);
    let stated = settings
        .assumed
        .iter()
        .chain(&settings.installs)
        .filter_map(decode);
    let installed = installed(db, mesh).resources.iter();
    stated
        .chain(installed.map(|(resource, _)| resource.clone()))
        .collect()
}
