//! The findings of an earlier look, moved with what was typed since.

use crate::documents::Edit;
use meshscope::Report;
use meshscope::finding::{Finding, Location};

/// The findings of a report in a file that do not rest on that file alone, where they are after some
/// edits of it. Those whose text was edited away are gone until the next look.
pub fn carried(report: &Report, path: &str, edits: &[Edit]) -> Vec<Finding> {
    let here = |finding: &&Finding| {
        let at = finding.location.as_ref();
        at.is_some_and(|at| at.file == path) && !finding.rests_on_file()
    };
    let findings = report.findings.iter().filter(here).cloned();
    findings
        .filter_map(|finding| moved(finding, path, edits))
        .collect()
}

fn moved(mut finding: Finding, path: &str, edits: &[Edit]) -> Option<Finding> {
    if edits.is_empty() {
        return Some(finding);
    }
    // A repair of a text that is another by now is no repair.
    finding.fix = None;
    shift(finding.location.as_mut()?, edits)?;
    finding
        .related
        .retain_mut(|related| match &mut related.location {
            Some(at) if at.file == path => shift(at, edits).is_some(),
            _ => true,
        });
    Some(finding)
}

/// Only bytes are moved: lines and columns are made from them anew.
fn shift(location: &mut Location, edits: &[Edit]) -> Option<()> {
    let range = &mut location.range;
    let mut bytes = range.start.offset as usize..range.end.offset as usize;
    for edit in edits {
        bytes = edit.moved(&bytes)?;
    }
    range.start.offset = u32::try_from(bytes.start).ok()?;
    range.end.offset = u32::try_from(bytes.end).ok()?;
    Some(())
}
