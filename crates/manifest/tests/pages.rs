//! The pages of the rules are executed: what a page calls bad fires its rule, what it calls good does
//! not, and every page has all its headings.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)] // tests

use meshscope_manifest::decode_document;
use meshscope_manifest::document::syntax_problems;
use meshscope_manifest::validate::Context;
use std::path::Path;

const HEADINGS: &[&str] = &[
    "## What it does",
    "## Why it matters",
    "## Example",
    "## Use instead",
    "## What Istio does",
    "## How to configure",
];

/// The rules that look at one object alone; pages of other rules are not this crate's.
const RULES: &[&str] = &[
    "yaml-syntax-error",
    "missing-api-version",
    "unknown-field",
    "invalid-field-type",
    "invalid-enum-value",
    "invalid-field-value",
    "invalid-regex",
    "invalid-export-to",
    "invalid-gateway",
    "invalid-virtual-service",
    "http-rule-without-action",
    "invalid-destination-rule",
    "invalid-service-entry",
    "invalid-sidecar",
    "invalid-sidecar-egress-host",
    "invalid-authorization-policy",
    "invalid-resource",
    "invalid-annotation",
    "field-without-effect",
    "deprecated-field",
];

/// The names of the rules that fire on a text.
fn fired(text: &str) -> Vec<&'static str> {
    let mut rules = Vec::new();
    for document in &meshscope_yaml::parse(text).documents {
        rules.extend(syntax_problems(document).iter().map(|p| p.rule));
        for object in decode_document(document, &Context::default()) {
            rules.extend(object.problems.iter().map(|p| p.rule));
        }
    }
    rules
}

/// The fenced blocks of a page with this info string.
fn blocks<'t>(page: &'t str, info: &str) -> Vec<&'t str> {
    let fence = format!("```{info}\n");
    page.split(fence.as_str())
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

#[test]
fn the_examples_of_every_page_do_what_the_page_says() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/pages");
    for rule in RULES {
        let path = pages.join(format!("{rule}.md"));
        let page =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(
            page.starts_with(&format!("# {rule}\n")),
            "{rule} has another title"
        );
        for heading in HEADINGS {
            assert!(
                page.contains(&format!("\n{heading}\n")),
                "{rule} lacks {heading}"
            );
        }
        let (bad, good) = (blocks(&page, "yaml,bad"), blocks(&page, "yaml,good"));
        assert!(
            !bad.is_empty() && !good.is_empty(),
            "{rule} lacks an example"
        );
        for text in bad {
            let fired = fired(text);
            assert!(
                fired.contains(rule),
                "{rule} does not fire on its bad example, {fired:?} do"
            );
        }
        for text in good {
            let fired = fired(text);
            assert!(
                fired.is_empty(),
                "{fired:?} fire on the good example of {rule}"
            );
        }
    }
}
