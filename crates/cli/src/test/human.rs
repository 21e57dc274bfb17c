//! The outcome of tests for people: what failed and why, then the counts.

use meshscope_testing::{CaseReport, Report, Status};
use std::fmt::Write;

/// Checks shown per case; the JSON has all.
const SHOWN: usize = 12;

/// The outcome as text.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for case in &report.cases {
        if case.status == Status::Failed {
            failed(case, &mut out);
        }
    }
    let contested = report.cases.len() - report.summary.cases;
    let s = report.summary;
    let _ = write!(
        out,
        "{} of {} cases passed, {} of {} checks",
        s.cases_passed, s.cases, s.passed, s.checks
    );
    if contested > 0 {
        let _ = write!(out, "; {contested} contested cases not counted");
    }
    out.push('\n');
    out
}

fn failed(case: &CaseReport, out: &mut String) {
    let title = match case.title.is_empty() {
        true => String::new(),
        false => format!(": {}", case.title),
    };
    let _ = writeln!(out, "FAILED {}{title}", case.case);
    if let Some(message) = &case.message {
        let _ = writeln!(out, "  {message}");
    }
    let failed = case.checks.iter().filter(|c| c.status == Status::Failed);
    for check in failed.clone().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}", check.name, check.message);
    }
    let hidden = failed.count().saturating_sub(SHOWN);
    if hidden > 0 {
        let _ = writeln!(out, "  … and {hidden} more (--format json shows all)");
    }
    out.push('\n');
}
