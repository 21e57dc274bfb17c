//! The keys of mappings: marks those with a key twice or a merge key, and finds keys that
//! cannot be one. Owns what keys there may be; must not know which of equal ones wins.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::scalar::{key_text, type_of};
use crate::tree::{Kind, MERGES, NodeData, REPEATS, TAGGED, Tree};
use crate::{ErrorKind, Span, Style, SyntaxError, Typed};

/// Up to so many keys, comparing each with each is quicker than hashing.
const FEW: usize = 16;

/// Flags the mappings of a tree and reports the keys that repeat. An error is the first key
/// that cannot be one.
pub(crate) fn mark(
    tree: &mut Tree,
    source: &str,
    errors: &mut Vec<SyntaxError>,
) -> Result<(), SyntaxError> {
    let mut keys: Vec<(u32, u64)> = Vec::new();
    for id in 0..tree.nodes.len() as u32 {
        let node = tree.nodes[id as usize];
        if node.kind != Kind::Mapping {
            continue;
        }
        keys.clear();
        let mut flags = 0;
        let mut key = id + 1;
        while key < node.a {
            let data = &tree.nodes[key as usize];
            if let Some(error) = refused(tree, source, key) {
                return Err(error);
            }
            if data.kind == Kind::Scalar {
                let text = tree.text(source, key);
                if text == "<<" && data.style == Style::Plain {
                    flags |= MERGES;
                } else {
                    keys.push((key, fingerprint(text, data)));
                }
            }
            key = tree.next(tree.next(key));
        }
        let before = errors.len();
        find(tree, source, &keys, errors);
        if errors.len() > before {
            flags |= REPEATS;
        }
        tree.nodes[id as usize].flags |= flags;
    }
    Ok(())
}

/// The fault of a key that is null or a collection, which go-yaml refuses. A collection is
/// nearly always the `{{ x }}` of a template, and null a key not typed yet.
fn refused(tree: &Tree, source: &str, key: u32) -> Option<SyntaxError> {
    let node = &tree.nodes[key as usize];
    let span = Span::new(node.start, node.end);
    let target = tree.resolve(key);
    match tree.nodes[target as usize].kind {
        Kind::Alias => None,
        Kind::Scalar => {
            let (text, style) = (tree.text(source, target), tree.nodes[target as usize].style);
            let null = style == Style::Plain
                && text.len() <= 4
                && type_of(text, style, tree.tag(target)) == Typed::Null;
            let message = if text.is_empty() {
                "the key before `:` is missing"
            } else {
                "null cannot be a key; for the word, quote it"
            };
            null.then(|| SyntaxError::new(ErrorKind::Syntax, span, message))
        }
        Kind::Mapping | Kind::Sequence => {
            let before = (node.start as usize).saturating_sub(1);
            if source.get(before..).is_some_and(|s| s.starts_with("{{")) {
                let span = Span::new(span.start - 1, span.start + 1);
                let message = "template text (`{{`), not YAML yet";
                return Some(SyntaxError::new(ErrorKind::Template, span, message));
            }
            let message = "a key cannot be a mapping or a list";
            Some(SyntaxError::new(ErrorKind::Syntax, span, message))
        }
    }
}

/// Something equal keys have in common and most others do not.
fn fingerprint(text: &str, node: &NodeData) -> u64 {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return 0;
    };
    // `1` and `0x1`, `yes` and `"true"` are one key: whatever may be typed is compared in
    // full.
    let typed = node.flags & TAGGED != 0
        || !matches!(first, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'/')
        || matches!(
            first,
            b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O'
        );
    if typed {
        return 0;
    }
    let middle = bytes[bytes.len() / 2];
    (bytes.len() as u64) << 24 | u64::from(*first) << 16 | u64::from(middle) << 8 | u64::from(*last)
}

fn find(tree: &Tree, source: &str, keys: &[(u32, u64)], errors: &mut Vec<SyntaxError>) {
    let text = |id: u32| -> Cow<'_, str> {
        key_text(
            tree.text(source, id),
            tree.nodes[id as usize].style,
            tree.tag(id),
        )
    };
    if keys.len() <= FEW {
        for (i, &(second, print)) in keys.iter().enumerate() {
            for &(first, other) in &keys[..i] {
                if print == other && text(first) == text(second) {
                    errors.push(repeated(tree, first, second, &text(second)));
                    break;
                }
            }
        }
        return;
    }
    let mut seen: HashMap<Cow<'_, str>, u32> = HashMap::with_capacity(keys.len());
    for &(id, _) in keys {
        let key = text(id);
        match seen.get(&key) {
            Some(&first) => errors.push(repeated(tree, first, id, &key)),
            None => {
                seen.insert(key, id);
            }
        }
    }
}

fn repeated(tree: &Tree, first: u32, second: u32, key: &str) -> SyntaxError {
    let span = |id: u32| {
        let node = &tree.nodes[id as usize];
        Span::new(node.start, node.end)
    };
    let shown: String = key.chars().take(60).collect();
    let kind = ErrorKind::DuplicateKey { key: key.into() };
    let message = format!("the key `{shown}` is here twice; the last one counts");
    let related = Some(span(first));
    SyntaxError {
        related,
        ..SyntaxError::new(kind, span(second), message)
    }
}
