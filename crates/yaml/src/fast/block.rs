//! Block scalars (`|` and `>`). Owns their indentation, folding and chomping; must not
//! know what they are values of.

use super::Scan;
use crate::comments::{block_end, end_of_line};
use crate::tree::{Style, Text};

impl Scan<'_> {
    /// The block scalar whose header is at `at`. The start of the line after it.
    pub(super) fn block_scalar(&mut self, at: usize) -> Option<usize> {
        let literal = self.s[at] == b'|';
        let header = self.header(at)?;
        let parent = self.parent_indent();
        // Outside of all collections content may stand at column 0 to some readers only.
        let parent = usize::try_from(parent).ok()?;
        let mut line = header.body;
        let mut blank_lines = 0;
        let mut most = 0;
        let indent = loop {
            let spaces = self.s[line..].iter().take_while(|b| **b == b' ').count();
            let first = line + spaces;
            if first < self.s.len() && matches!(self.s[first], b'\n' | b'\r') {
                if header.indent.is_some() {
                    break 0;
                }
                blank_lines += 1;
                most = most.max(spaces);
                line = self.next_line(first);
                continue;
            }
            if first == self.s.len() || self.s[first] == b'\t' || most > spaces {
                return None;
            }
            break spaces;
        };
        let indent = header.indent.map_or(indent, |by| parent + by);
        if indent <= parent {
            // Nothing in it; what empty lines then mean with `+` is not worth knowing.
            if header.chomp == Chomp::Keep {
                return None;
            }
            self.push_block(at, line, None, String::new(), literal);
            return Some(header.body);
        }
        if header.indent.is_some() {
            (line, blank_lines) = (header.body, 0);
        }
        let body = Body {
            line,
            blank_lines,
            indent,
            parent,
        };
        let (text, first, next) = self.block_text(body, literal, header.chomp)?;
        self.push_block(at, next, first, text, literal);
        Some(next)
    }

    fn push_block(
        &mut self,
        at: usize,
        next: usize,
        first: Option<usize>,
        text: String,
        literal: bool,
    ) {
        let end = block_end(self.s, at, next.min(self.s.len())) as u32;
        let from = first.unwrap_or(end as usize);
        let text = if text.is_empty() {
            Text::Range(end, end)
        } else if self.s.get(from..from + text.len()) == Some(text.as_bytes()) {
            Text::Range(from as u32, (from + text.len()) as u32)
        } else {
            Text::Owned(text.into())
        };
        let style = if literal {
            Style::Literal
        } else {
            Style::Folded
        };
        self.builder.scalar((at as u32, end), text, style);
    }

    fn header(&mut self, at: usize) -> Option<Header> {
        let mut chomp = Chomp::Clip;
        let mut indent = None;
        let mut end = at + 1;
        loop {
            match self.at(end) {
                b'+' if chomp == Chomp::Clip => chomp = Chomp::Keep,
                b'-' if chomp == Chomp::Clip => chomp = Chomp::Strip,
                digit @ b'1'..=b'9' if indent.is_none() => {
                    indent = Some(usize::from(digit - b'0'));
                }
                b' ' | b'\t' | b'\n' | b'\r' => break,
                _ => return None,
            }
            end += 1;
        }
        let body = self.rest_of_line(end)?.min(self.s.len());
        Some(Header {
            chomp,
            indent,
            body,
        })
    }

    /// The text of the lines from `body.line` on, where its first character is, and the
    /// line after it.
    fn block_text(
        &self,
        body: Body,
        literal: bool,
        chomp: Chomp,
    ) -> Option<(String, Option<usize>, usize)> {
        let mut text = String::new();
        let mut line = body.line;
        let mut first = None;
        // Line breaks that are written once it is known what follows them.
        let mut after_line = false;
        let mut empty_lines = body.blank_lines;
        let mut began_blank = false;
        while line < self.s.len() {
            let end = end_of_line(self.s, line);
            let spaces = self.s[line..end]
                .iter()
                .take(body.indent)
                .take_while(|b| **b == b' ');
            let spaces = spaces.count();
            let start = line + spaces;
            if start == end {
                if end == self.s.len() {
                    line = end;
                    break;
                }
                empty_lines += 1;
                line = self.next_line(end);
                continue;
            }
            if spaces < body.indent {
                // Between the scalar and its parent, and after a tab, nothing may begin.
                if spaces > body.parent || self.s[start] == b'\t' {
                    return None;
                }
                break;
            }
            let begins_blank = matches!(self.s[start], b' ' | b'\t');
            let joins = !literal && !began_blank && !begins_blank && after_line;
            if joins && empty_lines == 0 {
                text.push(' ');
            } else if after_line && !joins {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n('\n', empty_lines));
            empty_lines = 0;
            text.push_str(&self.text[start..end]);
            first = first.or(Some(start));
            began_blank = begins_blank;
            after_line = end < self.s.len();
            line = self.next_line(end);
        }
        first?;
        if chomp != Chomp::Strip && after_line {
            text.push('\n');
        }
        if chomp == Chomp::Keep {
            text.extend(std::iter::repeat_n('\n', empty_lines));
        }
        Some((text, first, line))
    }
}

/// What the line of a `|` says.
struct Header {
    chomp: Chomp,
    /// Indentation beyond that of the collection around.
    indent: Option<usize>,
    /// The line after it.
    body: usize,
}

struct Body {
    /// Its first line that is not empty, or its first with a stated indentation.
    line: usize,
    /// Empty lines before.
    blank_lines: usize,
    indent: usize,
    /// The column of the collection around.
    parent: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}
