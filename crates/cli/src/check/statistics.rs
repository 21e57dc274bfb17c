//! How often each rule was reported.

use super::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A table, most frequent first.
pub fn render(outcome: &Outcome) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &outcome.findings {
        *counts.entry(&finding.rule).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut text = format!(
        "{} files, {} documents, {} resources, {} ms\n",
        outcome.files, outcome.documents, outcome.resources, outcome.duration_ms
    );
    for (rule, count) in rows {
        let _ = writeln!(text, "{count:>7}  {rule}");
    }
    text
}
