//! `meshscope rules` and `meshscope explain`: what can be found, and what it means.

use crate::args::{ExplainArgs, ListFormat, RulesArgs};
use crate::output::{Failure, print, print_json};
use meshscope::rules::{Rule, Severity, Tier, registry};
use serde::Serialize;
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RuleList {
    schema_version: u32,
    rules: Vec<RuleEntry>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RuleEntry {
    name: &'static str,
    group: &'static str,
    tier: &'static str,
    severity: &'static str,
    summary: &'static str,
    equivalents: &'static [&'static str],
}

fn entry(rule: &'static Rule) -> RuleEntry {
    RuleEntry {
        name: rule.name,
        group: rule.group.name(),
        tier: match rule.tier {
            Tier::Core => "core",
            Tier::Second => "second",
            Tier::Third => "third",
        },
        severity: match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Hint => "hint",
        },
        summary: rule.summary,
        equivalents: rule.equivalents,
    }
}

/// Lists the rules by group.
pub fn list(args: &RulesArgs) -> Result<ExitCode, Failure> {
    let rules: Vec<RuleEntry> = registry::every().map(entry).collect();
    if args.format == ListFormat::Json {
        print_json(&RuleList {
            schema_version: 1,
            rules,
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    let mut group = "";
    for rule in &rules {
        if rule.group != group {
            let lead = if group.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{lead}{}", rule.group);
            group = rule.group;
        }
        let _ = writeln!(
            text,
            "  {:<8} {:<36} {}",
            rule.severity, rule.name, rule.summary
        );
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a rule's page.
pub fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let Some(rule) = registry::find(&args.rule) else {
        return Err(Failure::Said(format!(
            "there is no rule {}; `meshscope rules` lists them",
            args.rule
        )));
    };
    print(rule.page)?;
    Ok(ExitCode::SUCCESS)
}
