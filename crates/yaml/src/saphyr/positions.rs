//! Positions saphyr's events leave out, found by looking at the text again. Owns where
//! dashes, headers and closing quotes are; must not know events.

use memchr::memchr2;

use super::Reader;
use crate::comments;
use crate::tree::{Kind, Style};

impl Reader<'_> {
    /// Where an empty node is: after the `:` or `-` it belongs to.
    pub(super) fn empty_at(&self, mark: usize) -> usize {
        match self.builder.inside() {
            Some((Kind::Mapping, _)) if self.builder.expects_value() => {
                let colon = self.skip_blank(self.cursor);
                if self.bytes.get(colon) == Some(&b':') {
                    colon + 1
                } else {
                    self.cursor
                }
            }
            Some((Kind::Sequence, Style::Block)) => {
                let dash = self.skip_blank(self.cursor);
                if self.bytes.get(dash) == Some(&b'-') {
                    dash + 1
                } else {
                    mark
                }
            }
            _ => mark,
        }
    }

    /// Past blanks, line ends and comments.
    pub(super) fn skip_blank(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.bytes.get(at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                Some(b'#') => at = comments::end_of_line(self.bytes, at),
                _ => return at,
            }
        }
    }

    /// Past anchors and tags and the blanks after them.
    pub(super) fn after_properties(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(b'&' | b'!') = self.bytes.get(at) {
            at = self.skip_blank(name_end(self.text, at + 1));
        }
        at
    }

    /// The first `-` of a list that is the value of what came last.
    pub(super) fn first_dash(&self, mark: usize) -> usize {
        let mut at = self.cursor;
        loop {
            at = self.after_properties(self.skip_blank(at));
            match self.bytes.get(at) {
                Some(b':' | b'?') => at += 1,
                Some(b'-') => return at,
                _ => return mark,
            }
        }
    }

    /// The `|` or `>` of a block scalar whose content, or header, is at `mark`.
    pub(super) fn block_header(&self, mark: usize) -> usize {
        let mut at = self.cursor;
        loop {
            at = self.after_properties(self.skip_blank(at));
            match self.bytes.get(at) {
                Some(b'|' | b'>') => return at,
                Some(b':' | b'-' | b'?') => at += 1,
                // A directive.
                Some(b'%') => at = comments::end_of_line(self.bytes, at),
                _ => return mark,
            }
        }
    }
}

/// The end of an anchor's or alias's name, or of a tag.
pub(super) fn name_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or("");
    let verbatim = rest.starts_with('<').then(|| rest.find('>')).flatten();
    let end = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
    from + verbatim.map_or_else(|| rest.find(end).unwrap_or(rest.len()), |i| i + 1)
}

/// One past the closing quote of the quoted scalar at `start`.
pub(super) fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let Some(&quote) = bytes.get(start) else {
        return start;
    };
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(quote, b'\\', rest)) {
        at += found;
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\\' => at += 1,
            _ if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            _ => return at + 1,
        }
    }
    bytes.len()
}

/// Whether the last line of the block scalar at `header`, which ends the text, has no line
/// break though its indentation is that of the scalar: saphyr adds one then.
pub(super) fn is_unfinished(bytes: &[u8], header: usize) -> bool {
    let blank = |line: &[u8]| line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'));
    let body = &bytes[comments::end_of_line(bytes, header)..];
    let mut lines = body.split(|b| *b == b'\n');
    let last = lines.next_back().unwrap_or(body);
    let first = lines.find(|l| !blank(l)).unwrap_or(last);
    let indent = first.iter().take_while(|b| **b == b' ').count();
    !last.is_empty() && (!blank(last) || last.len() >= indent)
}
