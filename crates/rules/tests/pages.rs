//! Every rule has its page, and every example on it is executed: `yaml,bad` gives exactly this rule,
//! `yaml,good` gives nothing.
//!
//! A fence may name other rules that its example cannot avoid: `yaml,bad,also=other-rule`.

use meshscope_rules::registry::{ALL, every};
use meshscope_rules::{Check, testing};

const HEADINGS: [&str; 6] = [
    "## What it does",
    "## Why it matters",
    "## Example",
    "## Use instead",
    "## What Istio does",
    "## How to configure",
];

/// The fences of a page as (info string, text).
fn fences(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn pages_have_their_headings() {
    let mut wrong = Vec::new();
    for rule in every() {
        let mut rest = rule.page;
        if !rest.starts_with(&format!("# {}\n", rule.name)) {
            wrong.push(format!("{}: title", rule.name));
        }
        for heading in HEADINGS {
            match rest.find(&format!("\n{heading}\n")) {
                Some(at) => rest = &rest[at + 1..],
                None => wrong.push(format!("{}: no {heading} (or out of order)", rule.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn examples_do_what_they_say() {
    let mut wrong = Vec::new();
    for rule in ALL.iter().filter(|r| !matches!(r.check, Check::Decoding)) {
        let fences = fences(rule.page);
        for kind in ["yaml,bad", "yaml,good"] {
            if !fences.iter().any(|(info, _)| info.starts_with(kind)) {
                wrong.push(format!("{}: no {kind}", rule.name));
            }
        }
        for (info, text) in &fences {
            let Some(rest) = info.strip_prefix("yaml,") else {
                continue;
            };
            let mut expected: Vec<&str> = rest
                .split(',')
                .filter_map(|w| w.strip_prefix("also="))
                .collect();
            if rest.starts_with("bad") {
                expected.push(rule.name);
            }
            let findings = testing::check(text);
            let mut found: Vec<&str> = findings.iter().map(|f| f.rule).collect();
            for list in [&mut expected, &mut found] {
                list.sort_unstable();
                list.dedup();
            }
            if found != expected {
                let lines: Vec<String> = findings
                    .iter()
                    .map(|f| format!("    {} {}: {}", f.rule, testing::line(f), f.message))
                    .collect();
                let lines = lines.join("\n");
                wrong.push(format!(
                    "{} {info}: expected {expected:?}\n{lines}",
                    rule.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
