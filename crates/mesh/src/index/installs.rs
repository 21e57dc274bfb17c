//! Objects the repository only names: what IstioOperators, settings and assumptions stand for.

use super::unit::{unit_key, unit_resources};
use super::{unit_groups, units_of_group};
use crate::db::{Db, Mesh, UnitKey};
use meshscope_manifest::edit::object;
use meshscope_manifest::repository::installs::istio_operator_install;
use meshscope_manifest::{Kind, Resource, ResourceKey, Value};
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

/// The IstioOperators of one group of units.
#[salsa::tracked]
fn operators_of_group(db: &dyn Db, mesh: Mesh, group: usize) -> Arc<[Arc<Resource>]> {
    let units = units_of_group(db, mesh, group);
    let operators = units.flat_map(|(_, unit)| operators_in(db, unit_key(db, unit)).iter());
    operators.cloned().collect()
}

/// What the IstioOperators of a mesh install: gateway workloads with their Services, and mesh config.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Installed {
    /// The objects, with the namespaces they are installed in.
    pub resources: Vec<Arc<Resource>>,
    /// MeshConfig documents with the operators they are of, in order.
    pub mesh_config: Vec<(ResourceKey, Value)>,
}

/// What the IstioOperators of a mesh install.
#[salsa::tracked]
pub(super) fn installed(db: &dyn Db, mesh: Mesh) -> Arc<Installed> {
    let mut installed = Installed::default();
    for group in unit_groups(db, mesh) {
        for operator in operators_of_group(db, mesh, group).iter() {
            let Some(spec) = operator.istio_operator() else {
                continue;
            };
            let outcome = istio_operator_install(&document(operator, spec));
            installed
                .resources
                .extend(outcome.objects.iter().filter_map(decode));
            if outcome.mesh_config.as_map().is_some_and(|m| !m.is_empty()) {
                let layer = (operator.key.clone(), outcome.mesh_config);
                installed.mesh_config.push(layer);
            }
        }
    }
    Arc::new(installed)
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
    stated
        .chain(installed(db, mesh).resources.iter().cloned())
        .collect()
}
