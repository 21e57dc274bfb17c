//! Diagnostics: the findings of a report by file, in the shape editors show.

use crate::place::Place;
use meshscope::finding::{Certainty, Finding, Location, Severity};
use meshscope::rules::{Group, registry};
use meshscope::{Report, Workspace};
use std::collections::BTreeMap;
use std::ops::Range;

/// What to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosticOptions {
    /// Whether findings of the groups `syntax` and `schema` are shown that another YAML server with
    /// the CRD schemas reports too.
    pub schema: bool,
    /// Diagnostics per file, at most; the worst are kept and the last one says how many are left out.
    pub limit: usize,
}

impl Default for DiagnosticOptions {
    fn default() -> Self {
        DiagnosticOptions {
            schema: true,
            limit: 200,
        }
    }
}

/// One finding in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The bytes.
    pub range: Range<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// The rule's name.
    pub rule: String,
    /// What is wrong, as `check` prints it.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How an editor may show it.
    pub tags: Vec<Tag>,
    /// The other parties.
    pub related: Vec<Related>,
    /// The page of the rule, relative to the repository of meshscope, such as
    /// `crates/rules/pages/subset-unknown.md`; none for what is no rule.
    pub page: Option<String>,
    /// The meshes it holds in; empty for what is about a file alone.
    pub meshes: Vec<String>,
    /// The finding as `check --format json` has it.
    pub finding: Finding,
}

/// How an editor may show a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Without effect: shown faded.
    Unnecessary,
    /// Deprecated: shown struck out.
    Deprecated,
}

/// Another party of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What it has to do with it.
    pub message: String,
}

/// The findings of the workspace by file, those of each file sorted by place; files without findings
/// are not among them.
pub fn diagnostics(
    workspace: &Workspace,
    options: &DiagnosticOptions,
) -> BTreeMap<String, Vec<Diagnostic>> {
    diagnostics_of(&workspace.report(None), options)
}

/// The same for a report at hand.
pub fn diagnostics_of(
    report: &Report,
    options: &DiagnosticOptions,
) -> BTreeMap<String, Vec<Diagnostic>> {
    let mut files: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for finding in &report.findings {
        let group = registry::find(&finding.rule).map(|rule| rule.group);
        if !options.schema && matches!(group, Some(Group::Syntax | Group::Schema)) {
            continue;
        }
        if let Some(at) = &finding.location {
            let diagnostics = files.entry(at.file.clone()).or_default();
            diagnostics.push(diagnostic(finding, at));
        }
    }
    files
}

fn diagnostic(finding: &Finding, at: &Location) -> Diagnostic {
    let bytes = |at: &Location| at.range.start.offset as usize..at.range.end.offset as usize;
    let related = finding.related.iter().filter_map(|related| {
        let at = related.location.as_ref()?;
        let place = Place {
            path: at.file.clone(),
            range: bytes(at),
        };
        let message = related.message.clone();
        Some(Related { place, message })
    });
    let page = registry::find(&finding.rule);
    let meshes = [&finding.mesh].into_iter().chain(&finding.meshes);
    Diagnostic {
        range: bytes(at),
        severity: finding.severity,
        certainty: finding.certainty,
        rule: finding.rule.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        tags: Vec::new(),
        related: related.collect(),
        page: page.map(|rule| format!("crates/rules/pages/{}.md", rule.name)),
        meshes: meshes.filter(|mesh| !mesh.is_empty()).cloned().collect(),
        finding: finding.clone(),
    }
}
