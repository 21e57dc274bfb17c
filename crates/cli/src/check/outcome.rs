//! What a check found: the findings asked for, and what was counted on the way.

use super::baseline::Known;
use crate::args::{CheckArgs, Cli};
use crate::output::Failure;
use camino::Utf8Path;
use meshscope::finding::{Finding, Severity};
use meshscope::{Workspace, engine};
use std::time::Instant;

/// What a run found.
pub struct Outcome {
    /// The findings asked for, sorted.
    pub findings: Vec<Finding>,
    /// Files looked at.
    pub files: usize,
    /// YAML documents in them.
    pub documents: usize,
    /// Objects of kinds meshscope knows.
    pub resources: usize,
    /// Findings that suppressions kept back.
    pub suppressed: usize,
    /// What the file of known findings kept back.
    pub known: Option<Known>,
    /// How long it took.
    pub duration_ms: u128,
}

impl Outcome {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let of_it = self.findings.iter().filter(|f| f.severity == severity);
        of_it.count()
    }

    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }

    /// Asks a repository.
    pub fn of(cli: &Cli, args: &CheckArgs, workspace: &Workspace, start: Instant) -> Outcome {
        let db = workspace.db();
        let (mut documents, mut resources) = (0, 0);
        for (_, file) in workspace.files() {
            let summary = engine::index::file_summary(db, file);
            documents += summary.documents as usize;
            resources += summary.objects.len();
        }
        let report = workspace.report(cli.mesh.as_deref());
        let mut findings = report.findings;
        let asked = Asked::new(args);
        findings.retain(|f| asked.rule(&f.rule) && asked.finding(f));
        Outcome {
            findings,
            files: workspace.files().count(),
            documents,
            resources,
            suppressed: report.suppressed,
            known: None,
            duration_ms: start.elapsed().as_millis(),
        }
    }
}

/// Whether the rules and the mesh that were named exist.
pub fn validate(cli: &Cli, args: &CheckArgs, workspace: &Workspace) -> Result<(), Failure> {
    for rule in args.select.iter().chain(&args.ignore) {
        if meshscope::rules::registry::find(rule).is_none() {
            return Err(Failure::Said(format!(
                "there is no rule {rule}; `meshscope rules` lists them"
            )));
        }
    }
    let wanted = |name: &str| cli.mesh.as_deref().is_none_or(|m| m == name);
    if !workspace.meshes().any(|m| wanted(m.name())) {
        let name = cli.mesh.as_deref().unwrap_or_default();
        return Err(Failure::Said(format!(
            "there is no mesh {name}; `meshscope meshes` lists them"
        )));
    }
    Ok(())
}

/// Which findings are asked for.
pub struct Asked<'a> {
    select: &'a [String],
    ignore: &'a [String],
    paths: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    /// What the arguments ask for.
    pub fn new(args: &'a CheckArgs) -> Asked<'a> {
        let paths = args.paths.iter();
        let paths = paths.map(|p| p.trim_start_matches("./").trim_end_matches('/'));
        Asked {
            select: &args.select,
            ignore: &args.ignore,
            paths: paths.filter(|p| !matches!(*p, "-" | "." | "")).collect(),
        }
    }

    /// Whether a rule is.
    pub fn rule(&self, rule: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == rule);
        (self.select.is_empty() || named(self.select)) && !named(self.ignore)
    }

    /// Whether a file is; all are when none is named.
    pub fn file(&self, file: &str) -> bool {
        let file = Utf8Path::new(file);
        self.paths.is_empty() || self.paths.iter().any(|path| file.starts_with(path))
    }

    fn finding(&self, finding: &Finding) -> bool {
        let file = finding.location.as_ref().map_or("", |at| at.file.as_str());
        self.file(file)
    }
}
