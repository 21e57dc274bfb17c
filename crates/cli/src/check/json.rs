//! The JSON of `check`, as the contract has it.

use super::Outcome;
use crate::output::Failure;
use meshscope::finding::{Finding, Severity};
use meshscope::identity::Identity;
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CheckOutput<'a> {
    schema_version: u32,
    findings: &'a [Finding],
    summary: CheckSummary<'a>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct CheckSummary<'a> {
    files: usize,
    documents: usize,
    resources: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline<'a>>,
    duration_ms: u128,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Baseline<'a> {
    hidden: usize,
    gone: &'a [Identity],
}

/// One JSON object.
pub fn render(outcome: &Outcome) -> Result<String, Failure> {
    let output = CheckOutput {
        schema_version: 1,
        findings: &outcome.findings,
        summary: CheckSummary {
            files: outcome.files,
            documents: outcome.documents,
            resources: outcome.resources,
            errors: outcome.count(Severity::Error),
            warnings: outcome.count(Severity::Warning),
            infos: outcome.count(Severity::Info),
            suppressed: outcome.suppressed,
            baseline: outcome.known.as_ref().map(|known| Baseline {
                hidden: known.hidden,
                gone: &known.gone,
            }),
            duration_ms: outcome.duration_ms,
        },
    };
    let mut text = serde_json::to_string_pretty(&output)?;
    text.push('\n');
    Ok(text)
}
