//! One line per finding: `file:line:column: severity[rule] message`.

use super::Outcome;
use std::fmt::Write;

/// The findings, a line each.
pub fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for finding in &outcome.findings {
        let place = finding.location.as_ref().map_or_else(
            || {
                finding
                    .resource
                    .as_ref()
                    .map_or_else(String::new, super::human::label)
            },
            |at| {
                format!(
                    "{}:{}:{}",
                    at.file, at.range.start.line, at.range.start.column
                )
            },
        );
        let severity = super::human::word(finding.severity);
        let _ = writeln!(
            text,
            "{place}: {severity}[{}] {}",
            finding.rule, finding.message
        );
    }
    text
}
