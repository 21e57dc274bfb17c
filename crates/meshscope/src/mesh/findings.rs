//! The findings of a mesh: what is wrong with its texts and objects, in a fixed order.

use super::Mesh;
use super::merged::{files_of, once};
use crate::finding::{Certainty, Finding, Location, Related, ResourceId, Severity};
use meshscope_manifest::document::{SyntaxProblem, syntax_problems};
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, ResourceKey, validate};
use meshscope_mesh::index::{self, UnitObject, file_summary, line_index};
use meshscope_mesh::{Source, SourceFile, Unit};
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
        self.prime();
        let mut findings: Vec<Finding> = Vec::new();
        let units = self.troubled();
        let files = files_of(self.db(), units.iter().copied());
        for &file in &files {
            self.of_file(file, &mut findings);
        }
        for unit in units {
            self.of_unit(unit, &mut findings);
        }
        self.of_rules(&mut findings);
        let (suppressed, unused) = self.apply_suppressions(&files, &mut findings);
        findings.extend(unused);
        self.finish(&mut findings);
        Report {
            findings,
            suppressed,
        }
    }

    /// What is wrong with one file by itself: its syntax, and what API server and webhook say of the
    /// objects in it. Costs little, as no rule is asked.
    pub(crate) fn report_of_file(&self, file: SourceFile) -> Report {
        let db = self.db();
        let mut findings: Vec<Finding> = Vec::new();
        let units = self.input().units(db).iter();
        let units: Vec<&Unit> = units
            .filter(|unit| index::unit_files(db, unit).contains(&file))
            .collect();
        if units.is_empty() {
            return Report::default();
        }
        self.of_file(file, &mut findings);
        for unit in units {
            self.of_unit(unit, &mut findings);
        }
        let path = file.path(db);
        let here = |f: &Finding| f.location.as_ref().is_some_and(|at| at.file == *path);
        findings.retain(here);
        let (suppressed, _) = self.apply_suppressions(&[file], &mut findings);
        self.finish(&mut findings);
        Report {
            findings,
            suppressed,
        }
    }

    /// Equivalents, levels of an uncertain mesh, order, and each finding once.
    fn finish(&self, findings: &mut Vec<Finding>) {
        for finding in findings.iter_mut() {
            if let Some(rule) = registry::find(&finding.rule) {
                finding.equivalents = rule.equivalents.iter().map(|&code| code.into()).collect();
            }
        }
        self.step_down(findings);
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        once(findings);
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
        let problems = definitions.iter().flat_map(|d| d.problems(db, &context));
        (!definitions.is_empty()).then(|| problems.collect())
    }

    fn of_file(&self, file: SourceFile, findings: &mut Vec<Finding>) {
        let db = self.db();
        let broken = &file_summary(db, file).broken;
        if broken.is_empty() || self.workspace().is_chart_template(file.path(db)) {
            return;
        }
        let lines = line_index(db, file);
        for &ordinal in broken {
            if let Some(document) = index::document(db, file, ordinal) {
                let problems = syntax_problems(document).into_iter();
                findings.extend(problems.map(|p| self.of_text(file, lines, p)));
            }
        }
    }

    fn of_unit(&self, unit: &Unit, findings: &mut Vec<Finding>) {
        let db = self.db();
        for object in index::unit_objects(db, unit) {
            let here = self.problems_here(&object);
            let problems = here.as_deref().unwrap_or(&object.problems);
            let found = problems.iter();
            findings.extend(found.map(|problem| self.of_object(&object, problem)));
        }
        if let Source::Kustomization(root) = &unit.source {
            let problems = index::built(db, root).problems.iter();
            findings.extend(problems.filter_map(|problem| self.of_build(root, problem)));
        }
    }

    /// What API server and webhook say about an object where this mesh makes a difference to that: its
    /// namespace is not written, or istiod's environment is another one. `None` where it makes none.
    fn problems_here(&self, object: &UnitObject) -> Option<Vec<validate::Problem>> {
        let (db, resource) = (self.db(), object.resource.as_ref()?);
        let allocates = index::facts(db, self.input()).flag(Flag::IpAutoallocate);
        let namespace = &resource.key.namespace;
        let exported = matches!(
            resource.key.kind,
            Kind::VirtualService | Kind::DestinationRule | Kind::ServiceEntry | Kind::Sidecar
        );
        let placed = !resource.namespace_written && !index::is_unknown_namespace(namespace);
        if !exported || (allocates && !placed) {
            return None;
        }
        let context = validate::Context {
            default_namespace: match placed {
                true => namespace.clone(),
                false => Default::default(),
            },
            ip_autoallocate: allocates,
            ..validate::Context::default()
        };
        Some(object.definition.problems(db, &context))
    }

    fn of_text(&self, file: SourceFile, lines: &LineIndex, problem: SyntaxProblem) -> Finding {
        let at = |span| self.places().of_text(file, lines, span);
        Finding {
            rule: problem.rule.into(),
            severity: problem.severity.into(),
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            meshes: Vec::new(),
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

    fn of_object(&self, object: &UnitObject, problem: &validate::Problem) -> Finding {
        let definition = &object.definition;
        let at = |path: &Path, key: bool| self.places().of_field(definition, path, key);
        Finding {
            rule: problem.rule.into(),
            severity: problem.severity.into(),
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            meshes: Vec::new(),
            resource: object.resource.as_ref().map(|r| ResourceId::from(&r.key)),
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
            fix: problem
                .fix
                .as_ref()
                .and_then(|fix| self.places().fix(definition, fix)),
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
