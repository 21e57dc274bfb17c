//! Collections in brackets. Owns their commas, colons and line breaks; must not know
//! what they are values of.

use super::Scan;
use super::plain::fold;
use crate::comments::end_of_line;
use crate::tree::{Kind, Style, Text};
use crate::{Comment, Span};

/// Brackets inside each other; deeper ones are for saphyr, which bounds them.
const MAX_DEPTH: u32 = 64;

impl Scan<'_> {
    /// The collection whose bracket is at `at`; one past its closing bracket.
    pub(super) fn flow(&mut self, at: usize, depth: u32) -> Option<usize> {
        if depth > MAX_DEPTH {
            return None;
        }
        let sequence = self.s[at] == b'[';
        let (kind, close) = if sequence {
            (Kind::Sequence, b']')
        } else {
            (Kind::Mapping, b'}')
        };
        self.builder.open(kind, Style::Flow, at as u32).ok()?;
        let mut at = self.skip_space(at + 1)?;
        loop {
            if self.at(at) == close && at < self.s.len() {
                self.builder.close(at as u32 + 1);
                return Some(at + 1);
            }
            at = if sequence {
                self.flow_value(at, depth)?
            } else {
                self.flow_entry(at, depth)?
            };
            at = self.skip_space(at)?;
            match self.at(at) {
                b',' => at = self.skip_space(at + 1)?,
                byte if byte == close => {}
                _ => return None,
            }
        }
    }

    fn flow_value(&mut self, at: usize, depth: u32) -> Option<usize> {
        if matches!(self.at(at), b'[' | b'{') {
            return self.flow(at, depth + 1);
        }
        self.flow_scalar(at)
    }

    /// `key: value`, or a key alone.
    fn flow_entry(&mut self, at: usize, depth: u32) -> Option<usize> {
        let quoted = matches!(self.at(at), b'"' | b'\'');
        let end = self.flow_scalar(at)?;
        if end - at > super::MAX_KEY {
            return None;
        }
        let colon = self.skip_blanks(end);
        if self.at(colon) != b':' {
            // The colon may be in another line for some readers.
            let next = self.skip_space(end)?;
            if self.at(next) == b':' {
                return None;
            }
            self.empty(end);
            return Some(end);
        }
        if !quoted && !self.blank_at(colon + 1) {
            return None;
        }
        if quoted && memchr::memchr(b'\n', &self.s[at..end]).is_some() {
            return None;
        }
        let value = self.skip_space(colon + 1)?;
        if matches!(self.at(value), b',' | b'}') {
            self.empty(colon + 1);
            return Some(colon + 1);
        }
        self.flow_value(value, depth)
    }

    /// A scalar, and that nothing follows which would make it go on.
    fn flow_scalar(&mut self, at: usize) -> Option<usize> {
        let (text, end, style) = match self.at(at) {
            quote @ (b'"' | b'\'') => {
                let (end, _) = self.quoted_end(at)?;
                let style = if quote == b'"' {
                    Style::DoubleQuoted
                } else {
                    Style::SingleQuoted
                };
                (self.quoted_text(at, end)?, end, style)
            }
            _ if !self.begins_plain_in_flow(at) => return None,
            _ => {
                let (text, end) = self.flow_plain(at)?;
                (text, end, Style::Plain)
            }
        };
        self.builder.scalar((at as u32, end as u32), text, style);
        Some(end)
    }

    /// A plain scalar and its end, over as many lines as it takes.
    fn flow_plain(&self, at: usize) -> Option<(Text, usize)> {
        let (mut end, mut stop) = self.plain_end_in_flow(at)?;
        let mut folded: Option<String> = None;
        while matches!(self.at(stop), b'\n' | b'\r') {
            let space = self.s.get(stop..)?;
            let count = space.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let from = stop + count;
            let marker = self.is_marker(from, b"---") || self.is_marker(from, b"...");
            if from == self.s.len() || marker {
                return None;
            }
            if matches!(self.s[from], b',' | b']' | b'}' | b'#') {
                break;
            }
            // A `:` here, or a bracket, is read by nobody as more of the scalar.
            if matches!(self.s[from], b'[' | b'{' | b'?') || self.ends_key(from) {
                return None;
            }
            let text = folded.get_or_insert_with(|| self.text[at..end].to_owned());
            fold(text, space[..count].iter().filter(|b| **b == b'\n').count());
            (end, stop) = self.plain_end_in_flow(from)?;
            text.push_str(&self.text[from..end]);
            // A key has one line.
            if self.at(stop) == b':' {
                return None;
            }
        }
        let text = match folded {
            Some(text) => Text::Owned(text.into()),
            None => Text::Range(at as u32, end as u32),
        };
        Some((text, end))
    }

    fn ends_key(&self, at: usize) -> bool {
        self.at(at) == b':' && self.blank_at(at + 1)
    }

    /// Past blanks, line ends and comments. None at a document marker.
    fn skip_space(&mut self, at: usize) -> Option<usize> {
        let mut at = at;
        loop {
            match self.s.get(at)? {
                b' ' | b'\t' | b'\r' => at += 1,
                b'\n' => {
                    at += 1;
                    let rest = &self.s[at..];
                    if rest.starts_with(b"---") || rest.starts_with(b"...") {
                        return None;
                    }
                }
                b'#' => {
                    let end = end_of_line(self.s, at);
                    let span = Span::new(at as u32, end as u32);
                    // Looking ahead twice must not find a comment twice.
                    if self.comments.last().is_none_or(|c| c.span < span) {
                        self.comments.push(Comment { span });
                    }
                    at = end;
                }
                _ => return Some(at),
            }
        }
    }
}
