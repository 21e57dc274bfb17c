//! Tabs that indent. saphyr lets some pass that go-yaml refuses: before a list item or key,
//! and on lines that are blank otherwise. Owns finding them in a tree that was built; must
//! not know how it was.

use memchr::{memchr, memchr_iter};

use crate::tree::{Kind, Style, Tree};
use crate::{ErrorKind, Span, SyntaxError};

/// The first tab that indents outside of brackets and scalars.
pub(crate) fn indentation(text: &str, tree: &Tree) -> Option<SyntaxError> {
    let bytes = text.as_bytes();
    memchr(b'\t', bytes)?;
    let mut from = 0;
    let mut id = 0;
    while let Some(node) = tree.nodes.get(id as usize) {
        let flow = node.style == Style::Flow;
        id = if flow { tree.next(id) } else { id + 1 };
        // The gaps between what is written, whatever it is nested in.
        if !flow && matches!(node.kind, Kind::Mapping | Kind::Sequence) {
            continue;
        }
        if let Some(error) = in_gap(bytes, from, node.start as usize) {
            return Some(error);
        }
        from = from.max(node.end as usize);
        if matches!(node.style, Style::Literal | Style::Folded) {
            // Blank lines at the end of a block scalar may be its text.
            let blank = bytes[from..]
                .iter()
                .take_while(|b| b.is_ascii_whitespace())
                .count();
            let line = bytes[from..from + blank].iter().rposition(|b| *b == b'\n');
            from += line.map_or(blank, |i| i + 1);
        }
    }
    in_gap(bytes, from, bytes.len())
}

fn in_gap(bytes: &[u8], from: usize, to: usize) -> Option<SyntaxError> {
    let gap = bytes.get(from..to)?;
    let tab = memchr_iter(b'\t', gap).map(|i| from + i).find(|tab| {
        let before = &bytes[..*tab];
        let next = bytes[*tab..].iter().find(|b| !matches!(b, b' ' | b'\t'));
        match (before[..without_blanks(before)].last(), next) {
            // Blank lines are let be, though go-yaml refuses some of them.
            (_, None | Some(b'\n' | b'\r')) => false,
            (None | Some(b'\n'), Some(b'#')) => before.last().is_none_or(|b| *b == b'\n'),
            (None | Some(b'\n'), _) => true,
            (Some(b'-' | b'?'), next) => next != Some(&b'#'),
            _ => false,
        }
    })?;
    let span = Span::new(tab as u32, tab as u32 + 1);
    let message = "a tab where indentation must be spaces";
    Some(SyntaxError::new(ErrorKind::Tab, span, message))
}

/// The length without the blanks at the end.
fn without_blanks(bytes: &[u8]) -> usize {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    bytes.iter().rposition(|b| !blank(b)).map_or(0, |i| i + 1)
}
