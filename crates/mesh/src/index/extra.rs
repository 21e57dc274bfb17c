//! Objects of a mesh that no file holds: what settings assume, what named releases and IstioOperators
//! install.
//!
//! Firewalls: [`operators_in`] per namespace, so that only an edit of an IstioOperator installs again;
//! [`in_namespace`] per namespace.

use super::{membership, namespace_definitions};
use crate::db::{Db, Mesh, Name, name};
use meshscope_manifest::edit::object;
use meshscope_manifest::repository::installs::istio_operator;
use meshscope_manifest::{Kind, Resource, Str, Value};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Objects by kind, in load order.
pub(super) type ByKind = FxHashMap<Kind, Vec<Arc<Resource>>>;

/// The unwritten objects of one namespace.
#[salsa::tracked]
pub(super) fn in_namespace<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<ByKind> {
    let wanted = namespace.text(db);
    let mut by_kind = ByKind::default();
    for resource in all(db, mesh).filter(|r| r.key.namespace == *wanted) {
        by_kind
            .entry(resource.key.kind)
            .or_default()
            .push(resource.clone());
    }
    Arc::new(by_kind)
}

/// The namespaces that have unwritten objects.
#[salsa::tracked]
pub(super) fn namespaces(db: &dyn Db, mesh: Mesh) -> Arc<[Str]> {
    let mut namespaces: Vec<Str> = all(db, mesh).map(|r| r.key.namespace.clone()).collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces.into()
}

fn all(db: &dyn Db, mesh: Mesh) -> impl Iterator<Item = &Arc<Resource>> {
    let installed = &operator_installs(db, mesh).objects;
    installed.iter().chain(of_settings(db, mesh).iter())
}

/// What settings assume or install.
#[salsa::tracked]
pub(super) fn of_settings(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Resource>]> {
    let settings = mesh.settings(db);
    let values = settings.assumed.iter().chain(&settings.installs);
    values.filter_map(decode).collect()
}

fn decode(value: &Value) -> Option<Arc<Resource>> {
    let (api, kind) = (value.str_or_empty("apiVersion"), value.str_or_empty("kind"));
    let kind = Kind::from_api(&api, &kind)?;
    Resource::decode(kind, value, "default").map(Arc::new)
}

/// What the IstioOperators of a mesh lead to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Installed {
    /// Gateway workloads, Services and ServiceAccounts.
    objects: Vec<Arc<Resource>>,
    /// The mesh config of each that installs an istiod.
    pub(super) mesh_configs: Vec<Value>,
}

/// What the IstioOperators of a mesh install, in load order.
#[salsa::tracked]
pub(super) fn operator_installs(db: &dyn Db, mesh: Mesh) -> Arc<Installed> {
    let mut installed = Installed::default();
    for namespace in membership(db, mesh).keys() {
        for operator in operators_in(db, mesh, name(db, namespace)).iter() {
            let Some(spec) = operator.istio_operator() else {
                continue;
            };
            let (objects, mesh_config) = istio_operator(&document(operator, spec));
            installed.objects.extend(objects.iter().filter_map(decode));
            if !mesh_config.is_null() {
                installed.mesh_configs.push(mesh_config);
            }
        }
    }
    Arc::new(installed)
}

/// The operator as its manifest says it: a namespace that is not written is not its own.
fn document(operator: &Resource, spec: &Value) -> Value {
    let mut metadata = object([("name", Value::String(operator.key.name.clone()))]);
    if operator.namespace_written {
        metadata.set("namespace", Value::String(operator.key.namespace.clone()));
    }
    object([("metadata", metadata), ("spec", spec.clone())])
}

#[salsa::tracked]
fn operators_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Resource>]> {
    let written = namespace_definitions(db, mesh, namespace);
    let operators = written.get(&Kind::IstioOperator);
    operators
        .map(|list| list.as_slice().into())
        .unwrap_or_default()
}
