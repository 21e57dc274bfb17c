//! Telemetry (validation-rules.md §9). Rule invalid-resource.
//!
//! Must not know which providers the mesh has.

use super::cel_syntax;
use super::common::{self, filled};
use crate::validate::report::At;

pub(super) fn check(spec: At<'_>) {
    common::policy_target(spec);
    spec.list("metrics").for_each(metrics);
    if spec.len("tracing") > 1 {
        let second = spec.list("tracing").nth(1).unwrap_or(spec);
        second.no_effect("§9", "only the first entry of tracing is used");
    }
    spec.list("tracing").for_each(tracing);
    for logging in spec.list("accessLogging") {
        providers(logging);
        let Some(filter) = logging.field("filter") else {
            continue;
        };
        let expression = filter.get("expression");
        if let Some(problem) = cel_syntax::problem(expression.text()) {
            expression.value_error("§9", format!("this is no CEL expression: {problem}"));
        }
    }
}

/// One finding per list, as istiod.
fn providers(entry: At<'_>) {
    if let Some(provider) = entry
        .list("providers")
        .find(|provider| !filled(*provider, "name"))
    {
        provider
            .get("name")
            .value_error("§9", "a provider needs a name");
    }
}

fn metrics(entry: At<'_>) {
    providers(entry);
    for override_ in entry.list("overrides") {
        for (name, tag) in override_.map("tagOverrides") {
            if name.is_empty() {
                tag.no_effect("§9", "a tag needs a name").at_key();
            }
            match tag.str("operation") {
                "" | "UPSERT" if !filled(tag, "value") => {
                    tag.get("value")
                        .kind_error("§9", "operation UPSERT needs a value")
                        .covers(tag);
                }
                "REMOVE" if filled(tag, "value") => {
                    let value = tag.get("value");
                    let fact = "operation REMOVE takes no value";
                    value
                        .kind_error("§9", fact)
                        .at_key()
                        .covers(tag)
                        .fix_delete(value, false);
                }
                _ => {}
            }
        }
        let metric = override_.get("match").get("customMetric");
        if metric.value.as_str() == Some("") {
            metric.value_error("§9", "a custom metric needs a name");
        }
    }
}

fn tracing(entry: At<'_>) {
    providers(entry);
    if entry.len("providers") > 1 {
        let second = entry.list("providers").nth(1).unwrap_or(entry);
        second.no_effect("§9", "only the first provider is used for tracing");
    }
    let sampling = entry.get("randomSamplingPercentage");
    if !(0.0..=100.0).contains(&common::number(sampling.value)) {
        sampling.value_error("§9", "a percentage is 0 to 100");
    }
    for (name, tag) in entry.map("customTags") {
        if name.is_empty() {
            tag.value_error("§9", "a tag needs a name").at_key();
        }
        for (kind, field) in [
            ("literal", "value"),
            ("header", "name"),
            ("environment", "name"),
        ] {
            if let Some(part) = tag.field(kind).filter(|part| !filled(*part, field)) {
                part.get(field)
                    .value_error("§9", format!("a {kind} tag needs a {field}"));
            }
        }
    }
}
