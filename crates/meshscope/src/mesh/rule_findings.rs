//! The findings that rules make, placed in files.

use super::Mesh;
use super::place::Places;
use crate::finding::{Certainty, Finding, Location, Reach, Related, ResourceId};
use meshscope_manifest::{Kind, ResourceKey, Str};
use meshscope_mesh::across;
use meshscope_mesh::db::{Db, Mesh as MeshInput, Name, name};
use meshscope_mesh::index;
use meshscope_rules::evaluate::{self, Found};
use meshscope_rules::{self as rules, Anchor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What rules found in one mesh by the namespace it is about; what is about none is under the empty one.
#[salsa::tracked]
fn by_namespace(db: &dyn Db, mesh: MeshInput) -> Arc<BTreeMap<Str, Found>> {
    let mut by_namespace: BTreeMap<Str, Vec<Arc<rules::Finding>>> = BTreeMap::new();
    let known = index::namespaces(db, mesh);
    for finding in evaluate::findings(db, mesh).iter() {
        let namespace = finding.resource().map(|key| match key.kind {
            Kind::Namespace => key.name.clone(),
            _ => key.namespace.clone(),
        });
        // Nothing may be lost that is about a namespace nobody lists.
        let namespace = namespace.filter(|ns| known.binary_search(ns).is_ok());
        let found = by_namespace.entry(namespace.unwrap_or_default());
        found.or_default().push(finding.clone());
    }
    let found = by_namespace.into_iter();
    Arc::new(found.map(|(ns, list)| (ns, list.into())).collect())
}

#[salsa::tracked]
fn found_in<'db>(db: &'db dyn Db, mesh: MeshInput, namespace: Name<'db>) -> Found {
    let found = by_namespace(db, mesh).get(namespace.text(db));
    found.cloned().unwrap_or_default()
}

/// The same, placed. Changes with what is found and with where it is written; nearly all of it is still
/// there after an edit.
#[salsa::tracked]
pub(super) fn placed_in<'db>(
    db: &'db dyn Db,
    mesh: MeshInput,
    namespace: Name<'db>,
) -> Arc<[Finding]> {
    let places = Places {
        db,
        mesh,
        workspace: None,
    };
    let found = found_in(db, mesh, namespace).iter();
    found.map(|finding| places.of_rule(finding)).collect()
}

across! {
    fn each_placed() -> Arc<[Finding]> = placed_in in placed_of_group;
}

impl Mesh<'_> {
    pub(super) fn of_rules(&self, findings: &mut Vec<Finding>) {
        let (db, mesh) = (self.db(), self.input());
        if self.workspace().has_rendered() {
            let places = self.places();
            let found = evaluate::findings(db, mesh).iter();
            findings.extend(found.map(|finding| places.of_rule(finding)));
            return;
        }
        findings.extend(placed_in(db, mesh, name(db, "")).iter().cloned());
        for (_, placed) in each_placed(db, mesh) {
            findings.extend(placed.iter().cloned());
        }
    }

    /// Where a field of an object is written, its path as reasons have it, or the nearest field above
    /// it that is; of an installed object, where it is asked for; `None` for objects no file holds.
    pub fn locate(&self, key: &ResourceKey, path: &str) -> Option<Location> {
        let path = path.parse().unwrap_or_default();
        self.places().of(key, &path, false)
    }
}

impl Places<'_> {
    fn of_rule(&self, found: &rules::Finding) -> Finding {
        let (resource, path, location, fix) = match &found.anchor {
            Anchor::Field {
                resource,
                path,
                at_key,
            } => (
                Some(ResourceId::from(resource)),
                path.to_string(),
                self.of(resource, path, *at_key),
                found
                    .fix
                    .as_ref()
                    .and_then(|fix| self.fix(&self.definition(resource)?, fix)),
            ),
            Anchor::Text { file, span } => {
                let lines = index::line_index(self.db, *file);
                (
                    None,
                    String::new(),
                    Some(self.of_text(*file, lines, *span)),
                    None,
                )
            }
        };
        Finding {
            rule: found.rule.into(),
            severity: found.severity.into(),
            certainty: match found.certainty {
                rules::Certainty::Certain => Certainty::Certain,
                rules::Certainty::Ambiguous => Certainty::Ambiguous,
                rules::Certainty::Assumed => Certainty::Assumed,
            },
            mesh: self.mesh.name(self.db).to_string(),
            resource,
            path,
            location,
            message: found.message.clone(),
            help: found.help.clone(),
            related: found
                .related
                .iter()
                .map(|r| Related {
                    resource: Some(ResourceId::from(&r.resource)),
                    path: r.path.to_string(),
                    location: self.of(&r.resource, &r.path, false),
                    message: r.message.clone(),
                })
                .collect(),
            reach: found.reach.map(|r| Reach {
                workloads: r.workloads,
                gateways: r.gateways,
            }),
            meshes: Vec::new(),
            equivalents: Vec::new(),
            fix,
        }
    }
}
