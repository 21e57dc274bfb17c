//! Code actions: the repairs of findings, and suppressing a finding with a comment.

mod suppress;

use crate::diagnostics::bytes;
use crate::place::{Place, TextEdit};
use meshscope::finding::{Finding, Fix};
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
    // A link leads to the file that findings are in.
    let real = workspace
        .file(file)
        .map(|file| file.path(workspace.db()).as_str());
    let file = real.unwrap_or(file);
    let own = |finding: &&Finding| finding.location.as_ref().is_some_and(|at| at.file == file);
    let in_file: Vec<&Finding> = report.findings.iter().filter(own).collect();
    let mut actions = Vec::new();
    for finding in in_file.iter().filter(|f| touches(f, &range)) {
        let Some(at) = &finding.location else {
            continue;
        };
        let action =
            |title: String, kind: ActionKind, safe: bool, edits: Vec<TextEdit>| CodeAction {
                title,
                kind,
                safe,
                rule: finding.rule.clone(),
                finding: bytes(&at.range),
                edits,
            };
        if let Some(fix) = &finding.fix {
            let edits = edits_of(fix);
            actions.push(action(fix.title.clone(), ActionKind::Fix, fix.safe, edits));
        }
        let all = fix_all(&in_file, &finding.rule);
        if let Some((number, edits)) = all.filter(|_| finding.fix.as_ref().is_some_and(|f| f.safe))
        {
            let title = format!(
                "repair all {number} findings of {} in this file",
                finding.rule
            );
            actions.push(action(title, ActionKind::FixAll, true, edits));
        }
        if let Some(edit) = suppress::comment(workspace, finding) {
            let title = format!("suppress {} here with a comment", finding.rule);
            actions.push(action(title, ActionKind::Suppress, false, vec![edit]));
        }
    }
    let mut seen: Vec<(ActionKind, String, Vec<TextEdit>)> = Vec::new();
    actions.retain(|action| {
        let own = (action.kind, action.rule.clone(), action.edits.clone());
        let new = !seen.contains(&own);
        seen.push(own);
        new
    });
    actions
}

fn touches(finding: &Finding, range: &Range<usize>) -> bool {
    finding.location.as_ref().is_some_and(|at| {
        let own = bytes(&at.range);
        own.start <= range.end && range.start <= own.end
    })
}

fn edits_of(fix: &Fix) -> Vec<TextEdit> {
    let edits = fix.edits.iter().map(|edit| TextEdit {
        place: Place {
            path: edit.file.clone(),
            range: bytes(&edit.range),
        },
        new_text: edit.new_text.clone(),
    });
    edits.collect()
}

/// The safe repairs of one rule, when there are several; those that overlap an earlier one are left for
/// the next time.
fn fix_all(findings: &[&Finding], rule: &str) -> Option<(usize, Vec<TextEdit>)> {
    let mut edits: Vec<TextEdit> = Vec::new();
    let mut number = 0;
    let safe = findings
        .iter()
        .filter(|f| f.rule == rule)
        .filter_map(|f| f.fix.as_ref());
    for fix in safe.filter(|fix| fix.safe) {
        let own = edits_of(fix);
        let overlaps = |a: &TextEdit, b: &TextEdit| {
            a.place.path == b.place.path
                && a.place.range.start <= b.place.range.end
                && b.place.range.start <= a.place.range.end
        };
        if !own
            .iter()
            .any(|edit| edits.iter().any(|other| overlaps(edit, other)))
        {
            edits.extend(own);
            number += 1;
        }
    }
    (number > 1).then_some((number, edits))
}

#[cfg(test)]
mod tests;
