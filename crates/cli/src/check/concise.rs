//! One line per finding: `file:line:column: severity[rule] message`.

use super::Outcome;
use meshscope::finding::Finding;

/// The findings, a line each.
pub fn render(outcome: &Outcome) -> String {
    outcome
        .findings
        .iter()
        .map(|finding| line(finding) + "\n")
        .collect()
}

/// The line of a finding.
pub fn line(finding: &Finding) -> String {
    let severity = super::human::word(finding.severity);
    format!(
        "{}: {severity}[{}] {}",
        place(finding),
        finding.rule,
        finding.message
    )
}

/// Where a finding is: `file:line:column`, or the object when no file holds it.
pub fn place(finding: &Finding) -> String {
    match (&finding.location, &finding.resource) {
        (Some(at), _) => format!(
            "{}:{}:{}",
            at.file, at.range.start.line, at.range.start.column
        ),
        (None, Some(resource)) => resource.to_string(),
        (None, None) => String::new(),
    }
}
