//! The JSON of `check`, as the contract has it.

use super::Outcome;
use crate::output::Failure;
use meshscope::finding::{Finding, Severity};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    schema_version: u32,
    findings: &'a [Finding],
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    files: usize,
    documents: usize,
    resources: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    duration_ms: u128,
}

/// One JSON object.
pub fn render(outcome: &Outcome) -> Result<String, Failure> {
    let output = Output {
        schema_version: 1,
        findings: &outcome.findings,
        summary: Summary {
            files: outcome.files,
            documents: outcome.documents,
            resources: outcome.resources,
            errors: outcome.count(Severity::Error),
            warnings: outcome.count(Severity::Warning),
            infos: outcome.count(Severity::Info),
            suppressed: outcome.suppressed,
            duration_ms: outcome.duration_ms,
        },
    };
    let mut text = serde_json::to_string_pretty(&output)?;
    text.push('\n');
    Ok(text)
}
