//! Prints documents as JSON, one per line, to compare readers: NUL-separated documents on
//! stdin, as `sigs.k8s.io/yaml` would turn them into JSON.

use std::io::{Read, Write};

use meshscope_yaml::{Content, Node, Typed, parse};

fn main() -> std::io::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut out = std::io::stdout().lock();
    for text in text.split('\0') {
        let stream = parse(text);
        let document = &stream.documents[0];
        match (
            document.root(),
            document.errors().iter().find(|e| e.kind.is_fatal()),
        ) {
            (_, Some(error)) => writeln!(out, "!{:?} {error}", error.span)?,
            (None, None) => writeln!(out, "null")?,
            (Some(root), None) => {
                let mut json = String::new();
                node(&mut json, root);
                writeln!(out, "{json}")?;
            }
        }
    }
    Ok(())
}

fn node(out: &mut String, value: Node<'_>) {
    match value.content() {
        Content::Mapping(_) => {
            let mut fields: Vec<_> = value.fields().collect();
            fields.sort_by_key(|e| e.key.key_text());
            out.push('{');
            for (i, entry) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(out, &entry.key.key_text().unwrap_or_default());
                out.push(':');
                node(out, entry.value);
            }
            out.push('}');
        }
        Content::Sequence(items) => {
            out.push('[');
            for (i, item) in items.enumerate() {
                if i > 0 {
                    out.push(',');
                }
                node(out, item);
            }
            out.push(']');
        }
        Content::Scalar(_) => match value.typed().unwrap_or(Typed::Null) {
            Typed::Null => out.push_str("null"),
            Typed::Bool(b) => out.push_str(if b { "true" } else { "false" }),
            Typed::Int(i) => out.push_str(&i.to_string()),
            Typed::Uint(u) => out.push_str(&u.to_string()),
            Typed::Float(f) => out.push_str(&format!("{f:?}")),
            Typed::Str(s) => string(out, &s),
        },
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
