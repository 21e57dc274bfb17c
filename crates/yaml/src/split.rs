//! Where the documents of a text begin and end, without reading them. Owns the
//! rule of `---` and `...`; must not know what is between.

use memchr::{memchr, memmem};

use crate::Span;

/// The documents of a text as ranges that cover it without gaps.
///
/// A line that begins with `---` starts a document, a line `...` ends one. YAML
/// indents whatever a document holds, so such a line is never content. Comments and
/// directives before the first `---` belong to the document it starts. Texts
/// beyond 4 GiB are cut off: positions are 32 bits wide.
pub fn split(text: &str) -> Vec<Span> {
    let text = text.get(..text.len().min(u32::MAX as usize)).unwrap_or("");
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let first = if bytes.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let mut start = 0;
    // Whether the document that began at `start` has its `---` or any content.
    let mut begun = false;
    let mut looked = first;
    let mut line = Some(first);
    let dashes = memmem::Finder::new(b"\n---");
    let dots = memmem::Finder::new(b"\n...");
    let mut next_dash = dashes.find(&bytes[first..]).map(|i| first + i + 1);
    let mut next_dot = dots.find(&bytes[first..]).map(|i| first + i + 1);
    while let Some(at) = line {
        if is_marker(bytes, at, b"---") {
            if begun || !is_prefix(&bytes[looked..at]) {
                spans.push(span(start, at));
                start = at;
            }
            begun = true;
            looked = at + 3;
        } else if is_marker(bytes, at, b"...") {
            let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
            if begun || !is_prefix(&bytes[looked..at]) {
                spans.push(span(start, end));
                start = end;
            }
            begun = false;
            looked = end;
        }
        while next_dash.is_some_and(|d| d <= at) {
            next_dash = dashes.find(&bytes[at + 1..]).map(|i| at + i + 2);
        }
        while next_dot.is_some_and(|d| d <= at) {
            next_dot = dots.find(&bytes[at + 1..]).map(|i| at + i + 2);
        }
        line = match (next_dash, next_dot) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    if begun || spans.is_empty() || !is_prefix(&bytes[looked..]) {
        spans.push(span(start, bytes.len()));
    } else if let Some(last) = spans.last_mut() {
        // Nothing but blanks and comments after `...`: no document of its own.
        last.end = bytes.len() as u32;
    }
    spans
}

fn span(start: usize, end: usize) -> Span {
    Span::new(start as u32, end as u32)
}

fn is_marker(bytes: &[u8], at: usize, marker: &[u8]) -> bool {
    bytes[at..].starts_with(marker)
        && matches!(bytes.get(at + 3), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
}

/// Whether only blanks, comments and directives are here: what may precede `---`.
fn is_prefix(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
        let line = rest[..end].trim_ascii();
        if !(line.is_empty() || line[0] == b'#' || rest[0] == b'%') {
            return false;
        }
        rest = &rest[end..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        let spans = split(text);
        assert_eq!(spans[0].start, 0);
        assert_eq!(spans.last().unwrap().end as usize, text.len());
        assert!(spans.windows(2).all(|w| w[0].end == w[1].start));
        spans.into_iter().map(|s| s.slice(text)).collect()
    }

    #[test]
    fn dashes_start_documents() {
        assert_eq!(pieces("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
        assert_eq!(
            pieces("---\na\n---\n---\nb"),
            ["---\na\n", "---\n", "---\nb"]
        );
        assert_eq!(pieces("--- a\r\n---\r\nb"), ["--- a\r\n", "---\r\nb"]);
    }

    #[test]
    fn a_heading_belongs_to_the_document_below_it() {
        assert_eq!(
            pieces("# licence\n\n---\na: 1\n"),
            ["# licence\n\n---\na: 1\n"]
        );
        assert_eq!(
            pieces("\u{feff}%YAML 1.1\n---\na\n"),
            ["\u{feff}%YAML 1.1\n---\na\n"]
        );
    }

    #[test]
    fn dots_end_documents() {
        assert_eq!(pieces("a\n...\nb\n"), ["a\n...\n", "b\n"]);
        assert_eq!(pieces("a\n...\n# bye\n"), ["a\n...\n# bye\n"]);
        assert_eq!(pieces("a\n...\n# c\n---\nb"), ["a\n...\n", "# c\n---\nb"]);
    }

    #[test]
    fn other_dashes_are_content() {
        assert_eq!(pieces("a: |\n  ---\n"), ["a: |\n  ---\n"]);
        assert_eq!(pieces("----\n---a\n"), ["----\n---a\n"]);
        assert_eq!(pieces(""), [""]);
    }
}
