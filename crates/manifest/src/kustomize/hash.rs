//! The hash that generated resources carry in their names, as kustomize computes it
//! (`api/hasher/hasher.go`), and the base64 its secrets are written in.

use super::resource::Resource;
use super::sha256;
use super::tree::{Is, Node};

/// The hash of a resource's content.
pub(super) fn of(resource: &Resource) -> String {
    let node = &resource.node;
    let kind = resource.kind();
    let mut json = String::new();
    // The name is always empty: kustomize looks it up under the key `metadata/name`.
    match kind.as_str() {
        "ConfigMap" => {
            json.push('{');
            if let Some(binary) = node.get("binaryData").filter(|b| b.fields().is_some()) {
                json.push_str("\"binaryData\":");
                write(binary, &mut json);
                json.push(',');
            }
            json.push_str("\"data\":");
            data(node.get("data"), &mut json);
            json.push_str(",\"kind\":\"ConfigMap\",\"name\":\"\"}");
        }
        "Secret" => {
            json.push_str("{\"data\":");
            data(node.get("data"), &mut json);
            json.push_str(",\"kind\":\"Secret\",\"name\":\"\"");
            if let Some(strings) = node.get("stringData").filter(|b| b.fields().is_some()) {
                json.push_str(",\"stringData\":");
                write(strings, &mut json);
            }
            json.push_str(",\"type\":");
            quote(&node.str_at("type"), &mut json);
            json.push('}');
        }
        _ => write(node, &mut json),
    }
    encode(&sha256::hex(json.as_bytes()))
}

/// Ten digits, without those that could spell a word.
fn encode(hex: &str) -> String {
    hex.chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

fn data(node: Option<&Node>, out: &mut String) {
    match node {
        Some(node) if !node.is_scalar() => write(node, out),
        _ => out.push_str("\"\""),
    }
}

/// JSON as Go writes it: keys in order, HTML escaped.
fn write(node: &Node, out: &mut String) {
    match &node.is {
        Is::Null { .. } => out.push_str("null"),
        Is::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Is::Int(i) => out.push_str(&i.to_string()),
        Is::Float(f) => out.push_str(&f.to_string()),
        Is::Text(text) => quote(text, out),
        Is::Seq(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Is::Map(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Base64 in lines of 70 characters, when it is longer than one.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut plain = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0u32, |sum, b| sum << 8 | u32::from(*b));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            plain.push(if place <= chunk.len() {
                DIGITS[digit as usize] as char
            } else {
                '='
            });
        }
    }
    const LINE: usize = 70;
    if plain.len() < LINE {
        return plain;
    }
    let mut lines = String::with_capacity(plain.len() + plain.len() / LINE + 1);
    let mut rest = plain.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines
}
