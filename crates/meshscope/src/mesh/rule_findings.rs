//! The findings that rules make, placed in files.

use super::Mesh;
use crate::finding::{Certainty, Finding, Fix, Location, Reach, Related, ResourceId};
use meshscope_manifest::ResourceKey;
use meshscope_mesh::index::{self, Definition};
use meshscope_rules::{self as rules, Anchor, evaluate};
use meshscope_yaml::Path;

impl Mesh<'_> {
    pub(super) fn of_rules(&self, findings: &mut Vec<Finding>) {
        let (db, mesh) = (self.db(), self.input());
        let found = evaluate::findings(db, mesh);
        findings.extend(found.iter().map(|f| self.of_rule(f)));
    }

    fn of_rule(&self, found: &rules::Finding) -> Finding {
        let (resource, path, location, fix) = match &found.anchor {
            Anchor::Field {
                resource,
                path,
                at_key,
            } => (
                Some(ResourceId::from(resource)),
                path.to_string(),
                self.place_of(resource, path, *at_key),
                found
                    .fix
                    .as_ref()
                    .and_then(|fix| self.fix_of(resource, fix)),
            ),
            Anchor::Text { file, span } => {
                let lines = index::line_index(self.db(), *file);
                (
                    None,
                    String::new(),
                    Some(self.place(*file, lines, *span)),
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
            mesh: self.name().into(),
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
                    location: self.place_of(&r.resource, &r.path, false),
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

    /// The definition of an object that counts: the last in load order.
    fn definition(&self, key: &ResourceKey) -> Option<Definition> {
        index::definitions(self.db(), self.input(), key).pop()
    }

    /// Where a field of an object is written, its path as reasons have it, or the nearest field above
    /// it that is; of an installed object, where it is asked for; `None` for objects no file holds.
    pub fn locate(&self, key: &ResourceKey, path: &str) -> Option<Location> {
        self.place_of(key, &path.parse().unwrap_or_default(), false)
    }

    /// The same for a path that is read already.
    pub(super) fn place_of(
        &self,
        key: &ResourceKey,
        path: &Path,
        at_key: bool,
    ) -> Option<Location> {
        if let Some(definition) = self.definition(key) {
            return self.place_of_field(&definition, path, at_key);
        }
        // What is installed is asked for in one place, whatever the field.
        let (asker, at) = index::install_spot(self.db(), self.input(), key)?;
        self.place_of_field(&asker, &at, true)
    }

    fn fix_of(&self, key: &ResourceKey, fix: &rules::Fix) -> Option<Fix> {
        self.fix(&self.definition(key)?, fix)
    }
}
