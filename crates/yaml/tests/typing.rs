//! What scalars mean, as `sigs.k8s.io/yaml` decodes them. The expectations were printed by
//! sigs.k8s.io/yaml 1.6.0.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use meshscope_yaml::{Typed, parse};

fn typed(value: &str) -> String {
    let text = format!("a: {value}\n");
    let stream = parse(&text);
    let document = &stream.documents[0];
    match document.root().unwrap().get("a").unwrap().typed().unwrap() {
        Typed::Null => "null".into(),
        Typed::Bool(b) => b.to_string(),
        Typed::Int(i) => format!("int {i}"),
        Typed::Uint(u) => format!("uint {u}"),
        Typed::Float(f) => format!("float {f:?}"),
        Typed::Str(s) => format!("{s:?}"),
    }
}

#[test]
fn words() {
    for word in [
        "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    ] {
        assert_eq!(typed(word), "true", "{word}");
    }
    for word in [
        "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
    ] {
        assert_eq!(typed(word), "false", "{word}");
    }
    for word in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(typed(word), "null", "{word}");
    }
    for word in [
        "yEs", "tRUE", "nULL", "oN", "nope", "truest", "'yes'", "\"~\"", "<<",
    ] {
        let text = word.trim_matches(['\'', '"']);
        assert_eq!(typed(word), format!("{text:?}"));
    }
}

#[test]
fn numbers() {
    for (text, expected) in [
        ("12", "int 12"),
        ("+12", "int 12"),
        ("-0", "int 0"),
        ("0777", "int 511"),
        ("0_7", "int 7"),
        ("0o7", "int 7"),
        ("0O7", "int 7"),
        ("0x1F", "int 31"),
        ("0b11", "int 3"),
        ("-0b11", "int -3"),
        ("1_000", "int 1000"),
        ("-_1", "int -1"),
        ("08", "float 8.0"),
        ("-9223372036854775808", "int -9223372036854775808"),
        ("9223372036854775808", "uint 9223372036854775808"),
        ("0xFFFFFFFFFFFFFFFF", "uint 18446744073709551615"),
        ("18446744073709551616", "float 1.8446744073709552e19"),
        ("1.10", "float 1.1"),
        ("1.", "float 1.0"),
        (".5", "float 0.5"),
        (".1_0", "float 0.1"),
        ("1e3", "float 1000.0"),
        ("-1.5E-2", "float -0.015"),
        (".inf", "float inf"),
        ("-.INF", "float -inf"),
        (".nan", "float NaN"),
    ] {
        assert_eq!(typed(text), expected, "{text}");
    }
}

#[test]
fn strings_that_look_like_something_else() {
    for text in [
        "0x",
        "0b2",
        "+-1",
        "--1",
        "_1",
        "1e999",
        ".e1",
        ".",
        "1:30",
        "12:30:45",
        "1.2.3",
        "10.0.0.0/8",
        "2001-01-01",
        "0xFFFFFFFFFFFFFFFFFF",
        "1 2",
        "0o8",
        "1e",
    ] {
        assert_eq!(typed(text), format!("{:?}", text), "{text}");
    }
}

#[test]
fn tags() {
    for (text, expected) in [
        ("!!str 12", "\"12\""),
        ("!!str", "\"\""),
        ("!!int \"4\"", "int 4"),
        ("!!float 3", "float 3.0"),
        ("!!bool 'yes'", "true"),
        ("!!null null", "null"),
        ("!!binary aGVsbG8=", "\"hello\""),
        ("! 12", "\"12\""),
        ("!custom 12", "\"12\""),
        ("!<tag:yaml.org,2002:int> 0x10", "int 16"),
    ] {
        assert_eq!(typed(text), expected, "{text}");
    }
}

#[test]
fn keys_become_what_json_calls_them() {
    let text = "yes: 1\n0x10: 2\n1.5: 3\n1e30: 4\n1234567.5: 5\n0.00001: 6\n'on': 7\n!!str 1: 8\n";
    let stream = parse(text);
    let root = stream.documents[0].root().unwrap();
    let keys: Vec<_> = root.entries().filter_map(|e| e.key.key_text()).collect();
    assert_eq!(
        keys,
        [
            "true",
            "16",
            "1.5",
            "1e+30",
            "1.2345675e+06",
            "1e-05",
            "on",
            "1"
        ]
    );
    assert_eq!(root.get("true").unwrap().text(), Some("1"));
    assert!(root.get("yes").is_none());
    assert_eq!(root.get("16").unwrap().text(), Some("2"));
}

#[test]
fn texts_of_scalars() {
    for (text, expected) in [
        ("a: 'it''s'", "it's"),
        ("a: \"\\u00e9\\t\\x41\\\\\"", "é\tA\\"),
        ("a: \"one\n  two\n\n  three\"", "one two\nthree"),
        ("a: 'one\n  two'", "one two"),
        ("a: one\n  two\n\n  three # c", "one two\nthree"),
        ("a: |\n  x\n    y\n\n  z\n\n", "x\n  y\n\nz\n"),
        ("a: |-\n  x\n\n", "x"),
        ("a: |+\n  x\n\n", "x\n\n"),
        ("a: >\n  x\n  y\n\n  z\n   w\n  v\n", "x y\nz\n w\nv\n"),
        ("a: |2\n    x\n", "  x\n"),
        ("a: |\n  no line end", "no line end"),
        ("a: \"one \\\n  two\"", "one two"),
    ] {
        let stream = parse(text);
        let document = &stream.documents[0];
        assert_eq!(
            document.root().unwrap().get("a").unwrap().text(),
            Some(expected),
            "{text:?}"
        );
    }
}
