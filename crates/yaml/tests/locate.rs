//! From paths to places and back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use meshscope_yaml::{Document, Path, parse};

const TEXT: &str = "\
metadata:
  annotations:
    a.b/c: 'x'
spec:
  hosts: [one, two]
  http:
  - match:
    -   uri: {prefix: /}   # why
    - # nothing yet
    route:
    -
      # the only one
      weight: 100
  empty:
";

fn document() -> Document {
    parse(TEXT).documents.remove(0)
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[test]
fn a_path_leads_to_key_value_and_entry() {
    let document = document();
    for (text, key, value, entry) in [
        (
            "metadata.annotations[\"a.b/c\"]",
            "a.b/c",
            "'x'",
            "a.b/c: 'x'",
        ),
        ("spec.hosts[1]", "", "two", "two"),
        ("spec.hosts", "hosts", "[one, two]", "hosts: [one, two]"),
        (
            "spec.http[0].match[0]",
            "",
            "uri: {prefix: /}",
            "-   uri: {prefix: /}",
        ),
        (
            "spec.http[0].match[0].uri.prefix",
            "prefix",
            "/",
            "prefix: /",
        ),
        ("spec.http[0].match[1]", "", "", "-"),
        (
            "spec.http[0].route[0]",
            "",
            "weight: 100",
            "-\n      # the only one\n      weight: 100",
        ),
        ("spec.empty", "empty", "", "empty:"),
    ] {
        let found = document
            .locate(&path(text))
            .unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.key.map_or("", |k| k.slice(TEXT)), key, "{text}");
        assert_eq!(found.value.slice(TEXT), value, "{text}");
        assert_eq!(found.entry.slice(TEXT), entry, "{text}");
    }
    for absent in [
        "spec.hosts[2]",
        "spec.nothing",
        "spec.hosts.x",
        "metadata[0]",
    ] {
        assert!(document.locate(&path(absent)).is_none(), "{absent}");
    }
    let root = document.locate(&Path::root()).unwrap();
    assert_eq!(root.value.slice(TEXT), TEXT.trim_end());
}

#[test]
fn a_byte_leads_to_the_innermost_path() {
    let document = document();
    let at = |text: &str| {
        let offset = TEXT.find(text).unwrap_or_else(|| panic!("{text}")) as u32;
        document.path_at(offset).map(|p| p.to_string())
    };
    for (text, expected) in [
        ("metadata", "metadata"),
        ("annotations", "metadata.annotations"),
        ("'x'", "metadata.annotations[\"a.b/c\"]"),
        ("two]", "spec.hosts[1]"),
        ("/}", "spec.http[0].match[0].uri.prefix"),
        ("prefix", "spec.http[0].match[0].uri.prefix"),
        ("- # nothing", "spec.http[0].match[1]"),
        ("# the only one", "spec.http[0].route[0]"),
        ("100", "spec.http[0].route[0].weight"),
        ("empty", "spec.empty"),
    ] {
        assert_eq!(at(text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(document.path_at(TEXT.len() as u32 + 5), None);
}

#[test]
fn aliases_lead_to_what_they_stand_for() {
    let text = "a: &a {b: 1}\nc: *a\nd:\n  <<: *a\n";
    let document = &parse(text).documents[0];
    let locate = |p: &str| document.locate(&path(p)).unwrap().value.slice(text);
    assert_eq!(locate("c"), "*a");
    assert_eq!(locate("c.b"), "1");
    assert_eq!(locate("d.b"), "1");
    assert_eq!(locate("d[\"<<\"]"), "*a");
    let alias = text.find("*a").unwrap() as u32;
    assert_eq!(document.path_at(alias), Some(path("c")));
}
