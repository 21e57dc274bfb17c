//! The findings of a mesh: what is wrong with its texts and objects, in a fixed order.

use super::Mesh;
use crate::finding::{Certainty, Finding, Location, Related, ResourceId, Severity};
use meshscope_manifest::document::{SyntaxProblem, decode_document, syntax_problems};
use meshscope_manifest::{ResourceKey, validate};
use meshscope_mesh::index::{self, FileObject, file_summary};
use meshscope_mesh::{SourceFile, Unit};
use meshscope_rules::registry;
use meshscope_yaml::{LineIndex, Path};

/// The findings of a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Sorted by file and position.
    pub findings: Vec<Finding>,
    /// How many a suppression kept back.
    pub suppressed: usize,
}

impl Mesh<'_> {
    /// Every finding, sorted by file and position.
    pub fn findings(&self) -> Vec<Finding> {
        self.report().findings
    }

    /// Every finding, and what was kept back.
    pub fn report(&self) -> Report {
        let db = self.db();
        let mut findings: Vec<Finding> = Vec::new();
        for unit in self.input().units(db).iter() {
            self.of_unit(unit, &mut findings);
        }
        self.of_rules(&mut findings);
        for finding in &mut findings {
            if let Some(rule) = registry::find(&finding.rule) {
                finding.equivalents = rule.equivalents.iter().map(|&code| code.into()).collect();
            }
        }
        let suppressed = self.apply_suppressions(&mut findings);
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        findings.dedup();
        Report {
            findings,
            suppressed,
        }
    }

    /// What API server and webhook say about an object, over all its definitions; none when it is not
    /// in the mesh. Unlike findings this has the webhook's warnings that rules say better.
    pub fn problems(&self, key: &ResourceKey) -> Option<Vec<validate::Problem>> {
        let (db, mesh) = (self.db(), self.input());
        let definitions = index::definitions(db, mesh, key);
        let context = validate::Context {
            webhook_warnings: true,
            ..validate::Context::default()
        };
        let said = |definition: &index::Definition| {
            let document = index::document(db, definition.file, definition.document).as_ref()?;
            let mut objects = decode_document(document, &context).into_iter();
            let object = objects.find(|object| object.prefix == definition.prefix)?;
            Some(object.problems)
        };
        let problems = definitions.iter().filter_map(said).flatten();
        (!definitions.is_empty()).then(|| problems.collect())
    }

    fn of_unit(&self, unit: &Unit, findings: &mut Vec<Finding>) {
        let db = self.db();
        let summary = file_summary(db, unit.file);
        let mut lines = None;
        let template = self.workspace().is_chart_template(unit.file.path(db));
        for &ordinal in summary.broken.iter().filter(|_| !template) {
            let Some(document) = index::document(db, unit.file, ordinal) else {
                continue;
            };
            let lines = lines.get_or_insert_with(|| LineIndex::new(unit.file.text(db)));
            let problems = syntax_problems(document);
            findings.extend(
                problems
                    .into_iter()
                    .map(|p| self.of_text(unit.file, lines, p)),
            );
        }
        for object in &summary.objects {
            for problem in object.problems.iter() {
                let lines = lines.get_or_insert_with(|| LineIndex::new(unit.file.text(db)));
                findings.push(self.of_object(unit, object, lines, problem));
            }
        }
    }

    fn of_text(&self, file: SourceFile, lines: &LineIndex, problem: SyntaxProblem) -> Finding {
        let at = |span| self.place(file, lines, span);
        Finding {
            rule: problem.rule.into(),
            severity: problem.severity.into(),
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            resource: None,
            path: String::new(),
            location: Some(at(problem.span)),
            message: problem.message,
            help: None,
            related: problem
                .related
                .map(|span| Related {
                    resource: None,
                    path: String::new(),
                    location: Some(at(span)),
                    message: "the first of the two".into(),
                })
                .into_iter()
                .collect(),
            reach: None,
            equivalents: Vec::new(),
            fix: None,
        }
    }

    fn of_object(
        &self,
        unit: &Unit,
        object: &FileObject,
        lines: &LineIndex,
        problem: &validate::Problem,
    ) -> Finding {
        let at = |path: &Path, key: bool| self.place_of_field(unit.file, object, lines, path, key);
        Finding {
            rule: problem.rule.into(),
            severity: problem.severity.into(),
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            resource: object.resource.as_ref().map(|resource| {
                let mut key = resource.key.clone();
                if key.kind.is_namespaced() && key.namespace.is_empty() {
                    key.namespace = unit.namespace.clone().unwrap_or_default();
                }
                ResourceId::from(&key)
            }),
            path: problem.path.to_string(),
            location: at(&problem.path, problem.at_key),
            message: problem.message.clone(),
            help: problem.help.clone(),
            related: problem
                .related
                .iter()
                .map(|path| Related {
                    resource: None,
                    path: path.to_string(),
                    location: at(path, false),
                    message: String::new(),
                })
                .collect(),
            reach: None,
            equivalents: Vec::new(),
            fix: problem.fix.as_ref().and_then(|fix| {
                let document = index::document(self.db(), unit.file, object.document).as_ref()?;
                self.fix(unit.file, document, &object.prefix, lines, fix)
            }),
        }
    }
}

/// What findings are sorted by.
fn order(f: &Finding) -> (&Option<Location>, &str, &Option<ResourceId>, &str, &str) {
    (&f.location, &f.rule, &f.resource, &f.path, &f.message)
}

impl From<validate::Severity> for Severity {
    fn from(severity: validate::Severity) -> Severity {
        match severity {
            validate::Severity::Hint => Severity::Hint,
            validate::Severity::Info => Severity::Info,
            validate::Severity::Warning => Severity::Warning,
            validate::Severity::Error => Severity::Error,
        }
    }
}

impl From<&ResourceKey> for ResourceId {
    fn from(key: &ResourceKey) -> ResourceId {
        let unknown = index::is_unknown_namespace(&key.namespace);
        ResourceId {
            kind: key.kind.name().into(),
            group: key.kind.group().into(),
            namespace: if unknown {
                String::new()
            } else {
                key.namespace.to_string()
            },
            name: key.name.to_string(),
        }
    }
}
