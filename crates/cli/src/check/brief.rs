//! Infos and hints for people: a line each, and what is said in the same words once, with all its places.

use super::concise;
use meshscope::finding::{Finding, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many further places of one message are written out.
const PLACES: usize = 4;

/// Whether a finding is told in a line. Errors and warnings are shown with their text.
pub fn is_brief(finding: &Finding) -> bool {
    finding.severity < Severity::Warning
}

/// The lines, the least severe first, then in the order of the findings.
pub fn render(findings: &[Finding]) -> String {
    // By severity, then by the first finding of each message.
    let mut told: BTreeMap<(Severity, usize), Vec<&Finding>> = BTreeMap::new();
    let mut first: BTreeMap<(Severity, &str, &str), usize> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, f)| is_brief(f)) {
        let words = (
            finding.severity,
            finding.rule.as_str(),
            finding.message.as_str(),
        );
        let first = *first.entry(words).or_insert(index);
        let same = told.entry((finding.severity, first)).or_default();
        same.push(finding);
    }
    let mut text = String::new();
    for same in told.values() {
        let Some((finding, others)) = same.split_first() else {
            continue;
        };
        let _ = writeln!(text, "{}", concise::line(finding));
        if !others.is_empty() {
            let shown: Vec<String> = others
                .iter()
                .take(PLACES)
                .map(|f| concise::place(f))
                .collect();
            let more = match others.len().saturating_sub(PLACES) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let _ = writeln!(text, "    the same at {}{more}", shown.join(", "));
        }
    }
    text
}
