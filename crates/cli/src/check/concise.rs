//! One line per finding: `file:line:column: severity[rule] message`.

use super::Outcome;
use meshscope::finding::Finding;

/// The findings, a line each.
pub fn render(outcome: &Outcome) -> String {
    let lines = outcome.findings.iter().map(|finding| line(finding) + "\n");
    lines.collect()
}

/// A finding as a line.
pub fn line(finding: &Finding) -> String {
    let place = finding.location.as_ref().map_or_else(
        || {
            let resource = finding.resource.as_ref();
            resource.map_or_else(String::new, super::human::label)
        },
        |at| {
            let start = at.range.start;
            format!("{}:{}:{}", at.file, start.line, start.column)
        },
    );
    let severity = super::human::word(finding.severity);
    format!("{place}: {severity}[{}] {}", finding.rule, finding.message)
}
