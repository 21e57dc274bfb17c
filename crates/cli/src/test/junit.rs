//! The outcome of tests as JUnit XML: a suite per case, a test per check.

use crate::xml::escape;
use meshscope_testing::{CaseReport, Check, Report, Status};
use std::fmt::Write;

/// The outcome as XML.
pub fn render(report: &Report) -> String {
    let s = report.summary;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"meshscope\" tests=\"{}\" failures=\"{}\">",
        s.checks, s.failed
    );
    for case in &report.cases {
        suite(case, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(case: &CaseReport, out: &mut String) {
    let contested = case.status == Status::Contested;
    let errors = usize::from(case.message.is_some());
    let (failures, skipped) = if contested {
        (0, case.checks.len())
    } else {
        (case.failed, 0)
    };
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\">",
        escape(&case.case),
        case.checks.len() + errors,
    );
    if let Some(message) = &case.message {
        let _ = writeln!(
            out,
            "    <testcase classname=\"{}\" name=\"case\"><error message=\"{}\"/></testcase>",
            escape(&case.case),
            escape(message)
        );
    }
    for check in &case.checks {
        test(case, check, contested, out);
    }
    out.push_str("  </testsuite>\n");
}

fn test(case: &CaseReport, check: &Check, contested: bool, out: &mut String) {
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\"",
        escape(&case.case),
        escape(&check.name)
    );
    if contested {
        out.push_str("><skipped message=\"contested\"/></testcase>\n");
    } else if check.status == Status::Failed {
        let _ = writeln!(
            out,
            "><failure message=\"{}\">expected: {}\nactual: {}</failure></testcase>",
            escape(&check.message),
            escape(&check.expected.to_string()),
            escape(&check.actual.to_string())
        );
    } else {
        out.push_str("/>\n");
    }
}
