//! A Code Quality report of GitLab.

use super::Outcome;
use super::place::Places;
use crate::output::Failure;
use meshscope::finding::Severity;
use meshscope::identity::fingerprints;
use serde::Serialize;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// One JSON list.
pub fn render(places: &Places, outcome: &Outcome) -> Result<String, Failure> {
    let prints = fingerprints(&outcome.findings);
    let issues = outcome
        .findings
        .iter()
        .zip(prints)
        .map(|(finding, fingerprint)| {
            let place = places.of(finding);
            let lines = place
                .as_ref()
                .map_or((1, 1), |at| (at.range.start.line, at.range.end.line));
            Issue {
                description: finding.message.clone(),
                check_name: finding.rule.clone(),
                fingerprint,
                severity: match finding.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "major",
                    Severity::Info => "minor",
                    Severity::Hint => "info",
                },
                location: Place {
                    path: places.path(place.as_ref().map_or("", |at| &at.file)),
                    lines: Lines {
                        begin: lines.0,
                        end: lines.1,
                    },
                },
            }
        });
    let issues: Vec<Issue> = issues.collect();
    let mut text = serde_json::to_string_pretty(&issues)?;
    text.push('\n');
    Ok(text)
}
