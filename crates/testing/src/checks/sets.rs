//! Comparing sets of names, and the difference in words.

use crate::report::{Check, CheckKind};
use meshscope::manifest::{Str, Value};
use std::collections::BTreeSet;

/// A set of names.
pub type Names = BTreeSet<Str>;

/// The strings of a list.
pub fn names(value: &Value) -> Names {
    let items = value.as_list().iter();
    items
        .filter_map(|item| item.as_str().map(Str::new))
        .collect()
}

/// Checks that two sets are equal.
pub fn equal(kind: CheckKind, name: String, expected: &Names, actual: &Names) -> Check {
    let missing = expected.difference(actual);
    let unexpected = actual.difference(expected);
    compared(kind, name, expected, actual, missing, unexpected)
}

/// Checks that all of `expected` are there.
pub fn includes(kind: CheckKind, name: String, expected: &Names, actual: &Names) -> Check {
    let missing = expected.difference(actual);
    compared(kind, name, expected, actual, missing, std::iter::empty())
}

/// Checks that none of `expected` are there.
pub fn excludes(kind: CheckKind, name: String, expected: &Names, actual: &Names) -> Check {
    let unexpected = expected.intersection(actual);
    compared(kind, name, expected, actual, std::iter::empty(), unexpected)
}

fn compared<'a>(
    kind: CheckKind,
    name: String,
    expected: &Names,
    actual: &Names,
    missing: impl Iterator<Item = &'a Str>,
    unexpected: impl Iterator<Item = &'a Str>,
) -> Check {
    let list = |names: &mut dyn Iterator<Item = &'a Str>| {
        let names: Vec<&str> = names.map(Str::as_str).collect();
        names.join(", ")
    };
    let (missing, unexpected) = (list(&mut { missing }), list(&mut { unexpected }));
    let parts = [("missing", missing), ("unexpected", unexpected)];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let words: Vec<String> = parts
        .map(|(what, names)| format!("{what}: {names}"))
        .collect();
    if words.is_empty() {
        return Check::passed(kind, name);
    }
    let json = |names: &Names| names.iter().map(Str::as_str).collect::<Vec<_>>().into();
    Check::failed(kind, name, words.join("; ")).with(json(expected), json(actual))
}
