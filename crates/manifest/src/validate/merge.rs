//! One fault, one finding: what the schema and the webhook say about the same place becomes one.
//!
//! Must not know what any finding means beyond its rule and path.

use super::problem::{Problem, Severity};
use crate::value::Value;
use meshscope_yaml::{Path, Segment};

/// Joins the findings of the schema with those of the webhook, which say the same more plainly.
pub(super) fn merge(
    mut schema: Vec<Problem>,
    webhook: Vec<Problem>,
    covered: &[Path],
    document: &Value,
) -> Vec<Problem> {
    let said = |problem: &Problem| {
        let same =
            |other: &Problem| other.severity == Severity::Error && other.path == problem.path;
        problem.rule == "invalid-field-value"
            && (covered.contains(&problem.path) || webhook.iter().any(same))
    };
    schema.retain(|problem| !said(problem));
    let mut kept = Vec::new();
    for problem in webhook {
        // A wrong type, a wrong word or a dropped field is the cause; what follows is no news.
        let cause = schema.iter_mut().find(|cause| is_cause(cause, &problem));
        match cause {
            Some(cause) => cause.rejected |= problem.rejected,
            None => kept.push(problem),
        }
    }
    schema.append(&mut kept);
    schema.retain(|problem| !is_template(document, problem));
    schema
}

fn is_cause(cause: &Problem, consequence: &Problem) -> bool {
    if consequence.severity != Severity::Error {
        return matches!(cause.rule, "invalid-field-type" | "invalid-enum-value")
            && consequence.path.starts_with(&cause.path);
    }
    match cause.rule {
        "invalid-field-type" | "invalid-enum-value" => {
            let above = cause
                .path
                .parent()
                .is_some_and(|above| above == consequence.path);
            consequence.path.starts_with(&cause.path) || above
        }
        // A field that was renamed is missing under its right name.
        "unknown-field" => cause.fix.as_ref().is_some_and(|fix| {
            fix.edits.iter().any(|edit| match edit {
                super::Edit::RenameKey { path, key } => {
                    let renamed = path.parent().unwrap_or_default().join(key);
                    let above = path.parent().is_some_and(|above| above == consequence.path);
                    consequence.path == renamed || above
                }
                _ => false,
            })
        }),
        _ => false,
    }
}

/// Whether the value of a finding, or its key, is text that a tool will replace before anybody
/// applies it.
fn is_template(document: &Value, problem: &Problem) -> bool {
    let names_host = matches!(
        problem.reason,
        "ANNOTATION"
            | "WILD"
            | "DNS"
            | "DEST"
            | "NSHOST"
            | "PWILD"
            | "GWN-1"
            | "GWN-2"
            | "EXP-2"
            | "§8"
            | "§11"
    );
    let marked = |text: &str| {
        let marks = ["${", "{{", "$(", "###", "<<"];
        marks.iter().any(|mark| text.contains(mark)) || (names_host && has_placeholder(text))
    };
    let mut value = document;
    for step in problem.path.segments() {
        value = match step {
            Segment::Key(key) if marked(key) => return true,
            Segment::Key(key) => value.get(key),
            Segment::Index(i) => match value.as_list().get(*i as usize) {
                Some(item) => item,
                None => return false,
            },
        };
    }
    value.as_str().is_some_and(marked)
}

/// Whether a word like `APP_DOMAIN` or `<domain>` stands where the name of a host should be.
fn has_placeholder(text: &str) -> bool {
    let word = |word: &str| {
        let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let begins = word.bytes().take(2).all(|b| b.is_ascii_uppercase());
        begins && word.len() > 3 && word.contains('_') && word.bytes().all(upper)
    };
    (text.contains('<') && text.contains('>'))
        || text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(word)
}
