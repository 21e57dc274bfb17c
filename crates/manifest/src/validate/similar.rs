//! Rule unknown-field, and what a misspelt word was meant to be.
//!
//! Must not know where words are from.

use super::problem::{Edit, Severity};
use super::report::At;
use super::schema::Node;
use crate::kind::Kind;

/// Reports a key that the table of the object does not have.
pub(super) fn unknown_field(node: &Node, object: At<'_>, key: &str, field: At<'_>) {
    let kind = object.report.kind;
    let nearest = nearest(key, node.names());
    let hint = nearest
        .map(|name| format!("did you mean {name}? "))
        .unwrap_or_default();
    let path = field.path();
    let mut message = format!(
        "{} has no field {path}; {hint}the API server drops it (or refuses it with strict validation)",
        kind.name()
    );
    if kind == Kind::AuthorizationPolicy {
        message += &without(object);
    }
    let found = field
        .report("unknown-field", Severity::Error, "CRD", message)
        .at_key()
        .not_rejected();
    if let Some(name) = nearest.filter(|name| !object.has(name)) {
        let edit = Edit::RenameKey {
            path,
            key: name.into(),
        };
        found.fix(
            format!("rename to {name}"),
            spelling(key) == spelling(name),
            vec![edit],
        );
    }
}

/// What an AuthorizationPolicy means once the API server has dropped the field.
fn without(object: At<'_>) -> String {
    let path = object.path().to_string();
    let others = object.value.as_map().map_or(0, indexmap::IndexMap::len) > 1;
    if others {
        return String::new();
    }
    match path.as_str() {
        "spec" => ": without it the policy has no rules".into(),
        p if p.starts_with("spec.rules[") && p.ends_with(']') && p.matches('[').count() == 1 => {
            ": without it the rule is empty and matches every request".into()
        }
        _ => String::new(),
    }
}

/// A word without case and separators: `http_match_request` is `httpMatchRequest`.
fn spelling(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The word that `word` is a slip of, if one is near.
pub fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let spelled = spelling(word);
    let limit = (spelled.len() / 3).min(3);
    words
        .map(|candidate| (distance(&spelled, &spelling(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= limit.max(usize::from(candidate.len() > 2)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to the other: letters added, dropped, changed or swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 4 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut best = (above[j] + usize::from(a[i] != b[j]))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let words = ["hosts", "gateways", "exportTo", "http", "tls", "tcp"];
        assert_eq!(nearest("host", words.into_iter()), Some("hosts"));
        assert_eq!(nearest("export_to", words.into_iter()), Some("exportTo"));
        assert_eq!(nearest("getaways", words.into_iter()), Some("gateways"));
        assert_eq!(nearest("timeout", words.into_iter()), None);
    }
}
