//! What holds for every document.

use meshscope_yaml::{Content, Document, Node, Path, Segment, Span, Style};

/// Checks the positions below a node; returns its span.
fn check_positions(text: &str, node: Node<'_>) -> Span {
    let span = node.span();
    assert!(text.is_char_boundary(span.start as usize), "{span:?}");
    assert!(text.is_char_boundary(span.end as usize), "{span:?}");
    assert!(span.end as usize <= text.len());
    let written = span.slice(text);
    if node.is_alias() {
        assert!(written.starts_with('*'));
        return span;
    }
    let mut last = span.start;
    let mut inside = |child: Span| {
        assert!(span.covers(child), "{child:?} in {span:?}");
        assert!(last <= child.start, "{child:?} after {last}");
        last = child.end;
    };
    match node.content() {
        Content::Scalar(value) => match node.style() {
            Style::Plain if !written.contains('\n') => assert_eq!(value, written),
            Style::SingleQuoted => assert!(written.starts_with('\'') && written.ends_with('\'')),
            Style::DoubleQuoted => assert!(written.starts_with('"') && written.ends_with('"')),
            Style::Literal => assert!(written.starts_with('|')),
            Style::Folded => assert!(written.starts_with('>')),
            _ => {}
        },
        Content::Mapping(entries) => entries.for_each(|e| {
            inside(check_positions(text, e.key));
            inside(check_positions(text, e.value));
        }),
        Content::Sequence(items) => items.for_each(|i| inside(check_positions(text, i))),
    }
    if node.text_span().is_some() {
        assert_eq!(node.text_span().map(|s| s.slice(text)), node.text());
    }
    span
}

/// Checks all that is promised of a document of `text`.
pub fn check_document(text: &str, document: &Document) {
    if let Some(root) = document.root() {
        let span = check_positions(text, root);
        assert!(document.span().covers(span));
    }
    for error in document.errors() {
        assert!(document.span().covers(error.span), "{error:?}");
        assert!(text.is_char_boundary(error.span.start as usize));
        assert!(text.is_char_boundary(error.span.end as usize));
    }
    let mut last = 0;
    for comment in document.comments() {
        assert!(comment.span.slice(text).starts_with('#'));
        assert!(last <= comment.span.start);
        last = comment.span.end;
    }
    assert!(
        document.root().is_some() || document.recovered() || {
            let fatal = document.errors().iter().any(|e| e.kind.is_fatal());
            let blank = document.slice(document.span()).lines().all(|l| {
                let l = l.trim().trim_start_matches('\u{feff}');
                l.is_empty() || l.starts_with(['#', '%', '-', '.'])
            });
            fatal || blank
        }
    );
}

/// All paths of a tree, except below keys that are written twice.
pub fn paths(node: Node<'_>, path: &mut Path, found: &mut Vec<(Path, Span)>) {
    found.push((path.clone(), node.span()));
    if node.is_alias() {
        return;
    }
    let mut below = |step: Segment, child: Node<'_>| {
        path.push(step);
        paths(child, path, found);
        path.pop();
    };
    match node.content() {
        Content::Scalar(_) => {}
        Content::Mapping(entries) => {
            for entry in entries {
                let Some(key) = entry.key.key_text() else {
                    continue;
                };
                let wins = node.entry(&key).is_some_and(|e| e.value == entry.value);
                if wins {
                    below(Segment::Key(key.into()), entry.value);
                }
            }
        }
        Content::Sequence(items) => {
            for (i, item) in items.enumerate() {
                below(Segment::Index(i as u32), item);
            }
        }
    }
}
