//! Findings as JUnit XML: a suite per file, a test per finding. What would not fail the run passes, and
//! says what it found.

use super::place::Places;
use super::{Outcome, human};
use crate::xml::escape;
use meshscope::finding::{Finding, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The outcome as XML; findings from `threshold` on are failures.
pub fn render(places: &Places, outcome: &Outcome, threshold: Option<Severity>) -> String {
    let mut suites: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in &outcome.findings {
        let place = places.of(finding);
        let file = place.map_or_else(|| "meshscope".into(), |at| places.path(&at.file));
        suites.entry(file).or_default().push(finding);
    }
    let fails = |finding: &Finding| threshold.is_some_and(|t| finding.severity >= t);
    let failures = outcome.findings.iter().filter(|f| fails(f)).count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"meshscope check\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
        outcome.findings.len().max(1)
    );
    // A report without any test counts as a broken one.
    if suites.is_empty() {
        text.push_str(
            "  <testsuite name=\"meshscope\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n    \
             <testcase classname=\"meshscope\" name=\"nothing found\"/>\n  </testsuite>\n",
        );
    }
    for (file, findings) in suites {
        let failures = findings.iter().filter(|f| fails(f)).count();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
            escape(&file),
            findings.len()
        );
        for finding in findings {
            case(&file, finding, fails(finding), &mut text);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(file: &str, finding: &Finding, fails: bool, text: &mut String) {
    let subject = finding
        .resource
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let name = [finding.rule.as_str(), &subject, &finding.path];
    let name: Vec<&str> = name.into_iter().filter(|part| !part.is_empty()).collect();
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\">",
        escape(&finding.rule),
        escape(&name.join(" ")),
        escape(file)
    );
    let line = escape(&super::concise::line(finding));
    let help = finding
        .help
        .as_deref()
        .map_or(String::new(), |help| format!("\n{}", escape(help)));
    if fails {
        let (message, kind) = (escape(&finding.message), human::word(finding.severity));
        let _ = write!(
            text,
            "<failure message=\"{message}\" type=\"{kind}\">{line}{help}</failure>"
        );
    } else {
        let _ = write!(text, "<system-out>{line}{help}</system-out>");
    }
    text.push_str("</testcase>\n");
}
