//! Texts that are made up: sound ones, and ones whose lines were shuffled.

use proptest::prelude::*;

/// A value to be written.
#[derive(Clone, Debug)]
enum Value {
    Scalar(String),
    /// A block scalar: its header and its lines.
    Block(&'static str, Vec<String>),
    Flow(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    Empty,
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-x]{1,6}".prop_filter("a word of YAML 1.1", |k| !is_word(k)),
        1 => Just("'quoted key'".to_owned()),
        1 => Just("\"k: é\"".to_owned()),
        1 => Just("a.b/c-d".to_owned()),
        1 => Just("12".to_owned()),
    ]
}

/// Words YAML 1.1 and 1.2 see differently, and the one that can be no key.
fn is_word(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "null"
    )
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-x]{1,8}".prop_filter("a word of YAML 1.1", |k| !is_word(k)),
        "[a-x]{2,4} [a-x]{1,4}( #c)?",
        "-?[1-9][0-9]{0,6}",
        "[0-9]\\.[0-9]{1,3}",
        Just("true".to_owned()),
        Just("~".to_owned()),
        Just("é😀 ü".to_owned()),
        Just("http://a.b:80/c?d#e".to_owned()),
        Just("'it''s # not a comment'".to_owned()),
        Just("\"tab\\t\\u00e9 \\\"q\\\" {{x}}\"".to_owned()),
        Just("'1'".to_owned()),
        Just("\"\"".to_owned()),
    ]
}

fn flow() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        prop::collection::vec("[p-x]{2,5}|'q'|[1-9]", 1..4)
            .prop_map(|i| format!("[{}]", i.join(", "))),
        Just("{a: 1, 'b': [x, {c: }], \"d\":\"e\"}".to_owned()),
        Just("[ a,\n          b, # why\n          c ]".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let line = "[a-z]{1,5}( [a-z:#]{1,4})?";
    let header = prop_oneof![Just("|"), Just("|-"), Just(">"), Just(">-"), Just("|+")];
    let leaf = prop_oneof![
        6 => scalar().prop_map(Value::Scalar),
        1 => (header, prop::collection::vec(line, 1..4)).prop_map(|(h, l)| Value::Block(h, l)),
        2 => flow().prop_map(Value::Flow),
        1 => Just(Value::Empty),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::List),
            prop::collection::vec((key(), inner), 1..5).prop_map(|entries| {
                let mut seen = Vec::new();
                let fresh = |(k, _): &(String, Value)| {
                    let new = !seen.contains(k);
                    seen.push(k.clone());
                    new
                };
                Value::Map(entries.into_iter().filter(fresh).collect())
            }),
        ]
    })
}

/// Writes a value that begins in the middle of a line, after a `-` or a `:`.
fn write(out: &mut String, value: &Value, indent: usize, after_dash: bool) {
    let pad = " ".repeat(indent);
    match value {
        Value::Empty => out.push('\n'),
        Value::Scalar(text) | Value::Flow(text) => *out += &format!(" {text}\n"),
        Value::Block(header, lines) => {
            *out += &format!(" {header}\n");
            lines.iter().for_each(|l| *out += &format!("{pad}  {l}\n"));
        }
        Value::List(items) => {
            out.push('\n');
            for item in items {
                *out += &format!("{pad}-");
                write(out, item, indent + 2, true);
            }
        }
        Value::Map(entries) => {
            for (i, (key, value)) in entries.iter().enumerate() {
                match (i, after_dash) {
                    (0, true) => *out += " ",
                    (0, false) => *out += &format!(" # c\n{pad}"),
                    _ => *out += &pad,
                }
                *out += &format!("{key}:");
                write(out, value, indent + 2, false);
            }
        }
    }
}

/// Sound texts of one to three documents.
pub fn generated() -> impl Strategy<Value = String> {
    let entries = prop::collection::vec((key(), value()), 0..5);
    let documents = prop::collection::vec(entries, 1..4);
    (documents, any::<bool>(), any::<bool>()).prop_map(|(documents, crlf, bom)| {
        let mut out = String::new();
        for (i, entries) in documents.into_iter().enumerate() {
            if i > 0 {
                out += "---\n";
            }
            let mut seen = Vec::new();
            for (key, value) in entries {
                if !seen.contains(&key) {
                    out += &format!("{key}:");
                    write(&mut out, &value, 2, false);
                    seen.push(key);
                }
            }
        }
        if crlf {
            out = out.replace('\n', "\r\n");
        }
        if bom && !out.is_empty() {
            format!("\u{feff}{out}")
        } else {
            out
        }
    })
}

/// Texts whose lines are those of sound ones, in another order and indentation.
pub fn scrambled() -> impl Strategy<Value = String> {
    (
        generated(),
        prop::collection::vec((any::<prop::sample::Index>(), 0usize..5), 1..8),
    )
        .prop_map(|(text, picks)| {
            let lines: Vec<_> = text.split_inclusive('\n').collect();
            if lines.is_empty() {
                return text;
            }
            let pick = |(at, indent): (prop::sample::Index, usize)| {
                " ".repeat(indent) + at.get(&lines).trim_start()
            };
            picks.into_iter().map(pick).collect()
        })
}
