//! Comments, which saphyr skips. Owns telling a comment's `#` from any other; must not
//! know why anybody wants comments.

use memchr::{memchr, memchr_iter};

use crate::tree::{Kind, NodeData};
use crate::{Comment, Span, Style};

/// The comments between the scalars of a tree whose nodes are in the order of the text.
pub(crate) fn find(text: &str, nodes: &[NodeData]) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut comments = Vec::new();
    if memchr(b'#', bytes).is_none() {
        return comments;
    }
    let mut from = 0;
    let scalars = nodes
        .iter()
        .filter(|n| n.kind == Kind::Scalar && n.start < n.end);
    for node in scalars {
        let start = match node.style {
            // The line of `|` may end with a comment.
            Style::Literal | Style::Folded => {
                let header = &bytes[node.start as usize..];
                node.start as usize + memchr(b'\n', header).unwrap_or(header.len())
            }
            _ => node.start as usize,
        };
        gap(bytes, from, start, &mut comments);
        from = start.max(node.end as usize);
    }
    gap(bytes, from, bytes.len(), &mut comments);
    comments
}

/// The comments of a stretch without scalars.
fn gap(bytes: &[u8], from: usize, to: usize, comments: &mut Vec<Comment>) {
    let Some(stretch) = bytes.get(from..to) else {
        return;
    };
    let mut done = from;
    for at in memchr_iter(b'#', stretch).map(|i| from + i) {
        // A `#` that touches what is before it belongs to it: an anchor or tag.
        let apart = match at.checked_sub(1).map(|i| bytes[i]) {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => true,
            // After the brackets and commas of flow collections go-yaml asks for no blank.
            Some(b',' | b'[' | b']' | b'{' | b'}') => true,
            Some(_) => at == 3 && bytes.starts_with(b"\xEF\xBB\xBF"),
        };
        if at < done || !apart {
            continue;
        }
        done = end_of_line(bytes, at);
        comments.push(Comment {
            span: Span::new(at as u32, done as u32),
        });
    }
}

/// The end of a line without its line break.
pub(crate) fn end_of_line(bytes: &[u8], at: usize) -> usize {
    let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i);
    if end > at && bytes[end - 1] == b'\r' {
        end - 1
    } else {
        end
    }
}

/// The end of a block scalar without the blank at its end.
pub(crate) fn block_end(bytes: &[u8], header: usize, end: usize) -> usize {
    let line = end_of_line(bytes, header);
    let body = bytes.get(line..end).unwrap_or(&[]).trim_ascii_end();
    if body.is_empty() {
        let indicators = bytes[header..line]
            .iter()
            .take_while(|b| matches!(b, b'|' | b'>' | b'+' | b'-' | b'0'..=b'9'));
        return header + indicators.count();
    }
    line + body.len()
}
