//! What may exist without being seen: what charts, remote bases and missing files would bring.
//!
//! Absence proves nothing there: whoever misses an object asks here before it calls the absence a fault.

use super::installs::installed;
use super::unit::{install_namespace, unit_key, unit_resources};
use super::{built, charts, is_unknown_namespace, namespace_units};
use crate::db::{Db, Mesh, Name, RootKey, Source, UnitKey};
use meshscope_manifest::repository::is_unknown;
use meshscope_manifest::{Kind, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where one unit may hold what nobody sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hidden {
    /// Whether it is any namespace.
    anywhere: bool,
    /// The namespaces.
    namespaces: BTreeSet<Str>,
}

impl Hidden {
    fn add(&mut self, namespace: &Str) {
        if is_unknown(namespace) || is_unknown_namespace(namespace) {
            self.anywhere = true;
        } else {
            self.namespaces.insert(namespace.clone());
        }
    }

    fn holds(&self, namespace: &str) -> bool {
        self.anywhere || self.namespaces.contains(namespace)
    }
}

#[salsa::tracked]
fn hides_resources<'db>(db: &'db dyn Db, key: RootKey<'db>) -> bool {
    built(db, key.root(db)).hides_resources()
}

/// Where a kustomization with bases that are not here may have more: the namespaces it is seen in.
#[salsa::tracked]
fn hidden_in_unit<'db>(db: &'db dyn Db, unit: UnitKey<'db>) -> Arc<Hidden> {
    let mut hidden = Hidden::default();
    let unit_value = unit.unit(db);
    if let Source::Kustomization(root) = &unit_value.source
        && *hides_resources(db, RootKey::new(db, root))
    {
        for resource in unit_resources(db, unit).iter() {
            if resource.key.kind.is_namespaced() {
                hidden.add(&resource.key.namespace);
            }
        }
        hidden.anywhere |= hidden.namespaces.is_empty();
    }
    Arc::new(hidden)
}

/// Whether a namespace may hold objects that the files do not: a kustomization that feeds it takes
/// something from elsewhere.
#[salsa::tracked]
pub fn is_incomplete<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> bool {
    let units = mesh.units(db);
    let feeding = namespace_units(db, mesh, namespace);
    let mut feeding = feeding.iter().filter_map(|&i| units.get(i));
    feeding.any(|unit| match &unit.source {
        Source::Kustomization(root) => *hides_resources(db, RootKey::new(db, root)),
        Source::File(_) | Source::Chart(_) => false,
    })
}

/// Where a mesh may hold objects of a kind that nobody sees.
#[salsa::tracked]
fn hidden(db: &dyn Db, mesh: Mesh, kind: Kind) -> Arc<Hidden> {
    let mut all = Hidden::default();
    for unit in mesh.units(db).iter() {
        match &unit.source {
            Source::Chart(chart) => {
                if !chart.is_rendered && charts::makes(db, chart).may_make(kind) {
                    all.add(&install_namespace(db, unit));
                }
            }
            Source::Kustomization(_) => {
                let own = hidden_in_unit(db, unit_key(db, unit));
                all.anywhere |= own.anywhere;
                all.namespaces.extend(own.namespaces.iter().cloned());
            }
            Source::File(_) => {}
        }
    }
    for namespace in &installed(db, mesh).open {
        all.add(namespace);
    }
    Arc::new(all)
}

/// Whether an object of a kind may exist in a namespace although no file shows it.
#[salsa::tracked(returns(copy))]
pub fn may_exist<'db>(db: &'db dyn Db, mesh: Mesh, kind: Kind, namespace: Name<'db>) -> bool {
    hidden(db, mesh, kind).holds(namespace.text(db))
}
