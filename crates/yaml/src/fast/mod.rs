//! A scanner for the YAML people write in git: block collections, plain, quoted and block
//! scalars, brackets, comments. Builds the same tree as the saphyr reader at a multiple of
//! its speed, and steps aside at whatever it does not know: anchors, tags, directives,
//! `? ` keys, and every text that looks wrong. It never reports a fault; a text it takes is
//! one go-yaml takes too. Must not know recovery or documents.
//!
//! This file owns lines and block collections; scalars and brackets have their own.

mod block;
mod flow;
mod plain;
mod quoted;

use crate::comments::end_of_line;
use crate::read::Parsed;
use crate::tree::{Builder, Kind, Style, Text};
use crate::{Comment, Limits, Span};

/// Reads one document; none when it is not for this scanner.
pub(crate) fn read(text: &str, limits: &Limits) -> Option<Parsed> {
    let mut scan = Scan {
        text,
        s: text.as_bytes(),
        builder: Builder::new(text.len(), *limits),
        frames: Vec::with_capacity(16),
        comments: Vec::new(),
        seen_root: false,
    };
    scan.document()?;
    Some(Parsed {
        tree: scan.builder.tree,
        comments: scan.comments,
        errors: Vec::new(),
    })
}

/// A key may be this long; beyond, readers differ.
const MAX_KEY: usize = 1000;

/// A block collection that is open.
struct Frame {
    sequence: bool,
    /// Its column.
    indent: usize,
    /// After a `:` or `-` whose value has not come yet: where an empty value would be.
    waiting: Option<usize>,
}

/// Positions are bytes of the document. Every step returns none to step aside.
struct Scan<'t> {
    text: &'t str,
    s: &'t [u8],
    builder: Builder,
    frames: Vec<Frame>,
    comments: Vec<Comment>,
    seen_root: bool,
}

impl Scan<'_> {
    /// The byte at `at`; a line end beyond the text.
    #[inline(always)]
    fn at(&self, at: usize) -> u8 {
        self.s.get(at).copied().unwrap_or(b'\n')
    }

    /// Whether a blank, a line end or the end of the text is at `at`.
    #[inline(always)]
    fn blank_at(&self, at: usize) -> bool {
        matches!(self.at(at), b' ' | b'\t' | b'\n' | b'\r')
    }

    #[inline]
    fn skip_blanks(&self, mut at: usize) -> usize {
        while matches!(self.at(at), b' ' | b'\t') && at < self.s.len() {
            at += 1;
        }
        at
    }

    /// The start of the line after `at`.
    #[inline]
    fn next_line(&self, at: usize) -> usize {
        let rest = self.s.get(at..).unwrap_or(&[]);
        memchr::memchr(b'\n', rest).map_or(self.s.len(), |i| at + i + 1)
    }

    fn comment(&mut self, at: usize) -> usize {
        let end = end_of_line(self.s, at);
        self.comments.push(Comment {
            span: Span::new(at as u32, end as u32),
        });
        self.next_line(end)
    }

    /// After a value: only blanks and a comment may follow. The start of the next line.
    #[inline]
    fn rest_of_line(&mut self, at: usize) -> Option<usize> {
        let at = self.skip_blanks(at);
        match self.at(at) {
            b'\n' => Some(at + 1),
            b'\r' => Some(at + 2),
            b'#' => Some(self.comment(at)),
            _ => None,
        }
    }

    fn empty(&mut self, at: usize) {
        let at = at as u32;
        self.builder
            .scalar((at, at), Text::Range(at, at), Style::Plain);
    }

    fn open(&mut self, kind: Kind, indent: usize, at: usize) -> Option<()> {
        self.builder.open(kind, Style::Block, at as u32).ok()?;
        self.frames.push(Frame {
            sequence: kind == Kind::Sequence,
            indent,
            waiting: None,
        });
        Some(())
    }

    fn close(&mut self) {
        if let Some(at) = self.frames.pop().and_then(|f| f.waiting) {
            self.empty(at);
        }
        self.builder.close(0);
    }

    /// The column of the innermost block collection; -1 outside of all.
    fn parent_indent(&self) -> isize {
        self.frames.last().map_or(-1, |f| f.indent as isize)
    }

    fn document(&mut self) -> Option<()> {
        // A CR on its own is a line end to YAML; nobody writes that, so it is not ours.
        let lone = |i: usize| self.s.get(i + 1) != Some(&b'\n');
        if memchr::memchr_iter(b'\r', self.s).any(lone) {
            return None;
        }
        let mut line = if self.s.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        let mut begun = false;
        while line < self.s.len() {
            let mut at = line;
            while self.at(at) == b' ' {
                at += 1;
            }
            if at >= self.s.len() {
                break;
            }
            match self.s[at] {
                b'\n' => line = at + 1,
                b'\r' => line = at + 2,
                b'#' => line = self.comment(at),
                b'\t' => return None,
                b'-' if at == line && self.is_marker(at, b"---") => {
                    if begun || self.seen_root {
                        return None;
                    }
                    begun = true;
                    line = self.rest_of_line(at + 3)?;
                }
                b'.' if at == line && self.is_marker(at, b"...") => {
                    let mut end = self.rest_of_line(at + 3)?;
                    while end < self.s.len() {
                        end = self.rest_of_line(end)?;
                    }
                    break;
                }
                b'%' if at == line => return None,
                _ => line = self.line(at, at - line)?,
            }
        }
        while !self.frames.is_empty() {
            self.close();
        }
        Some(())
    }

    fn is_marker(&self, at: usize, marker: &[u8]) -> bool {
        self.s[at..].starts_with(marker) && self.blank_at(at + 3)
    }

    #[inline(always)]
    fn is_dash(&self, at: usize) -> bool {
        self.at(at) == b'-' && self.blank_at(at + 1)
    }

    /// A line whose first byte is at `at`, in `column`. Returns where the next line to look
    /// at starts.
    fn line(&mut self, at: usize, column: usize) -> Option<usize> {
        let dash = self.is_dash(at);
        while let Some(frame) = self.frames.last() {
            let over = frame.indent == column && frame.sequence && !dash;
            if frame.indent <= column && !over {
                break;
            }
            self.close();
        }
        let Some(frame) = self.frames.last_mut() else {
            if std::mem::replace(&mut self.seen_root, true) {
                return None;
            }
            return self.node(at, column, false);
        };
        if frame.indent != column || (dash && !frame.sequence) {
            // A value on a line of its own; a list may stand as far left as its key.
            frame.waiting.take()?;
            return self.node(at, column, false);
        }
        if let Some(empty) = frame.waiting.take() {
            self.empty(empty);
        }
        if dash { self.item(at) } else { self.entry(at) }
    }

    /// `- item`, with the `-` at `at`.
    fn item(&mut self, at: usize) -> Option<usize> {
        let indent = self.frames.last()?.indent;
        let value = self.after_indicator(at + 1)?;
        match value {
            Next::Line(line) => Some(line),
            // go-yaml takes no tab for the indentation of an item.
            Next::Value(v) if self.s[at + 1..v].contains(&b'\t') => None,
            Next::Value(v) => self.node(v, indent + (v - at), false),
        }
    }

    /// `key: value`, with the key at `at`, in the mapping that is open.
    fn entry(&mut self, at: usize) -> Option<usize> {
        let (style, end, colon) = self.key(at)?;
        self.push_key(at, end, style)?;
        self.value(colon + 1)
    }

    /// What follows the `:` of a key.
    fn value(&mut self, at: usize) -> Option<usize> {
        match self.after_indicator(at)? {
            Next::Line(line) => Some(line),
            Next::Value(value) => self.node(value, 0, true),
        }
    }

    /// What follows a `-` or `:`: a value in the same line, or the next line.
    fn after_indicator(&mut self, at: usize) -> Option<Next> {
        let value = self.skip_blanks(at);
        if matches!(self.at(value), b'\n' | b'\r' | b'#') {
            let line = self.rest_of_line(value)?;
            self.frames.last_mut()?.waiting = Some(at);
            return Some(Next::Line(line));
        }
        Some(Next::Value(value))
    }

    /// A key at `at`: its style, its end, and the place of its colon.
    fn key(&self, at: usize) -> Option<(Style, usize, usize)> {
        let (style, end, colon) = match self.at(at) {
            quote @ (b'"' | b'\'') => {
                let (end, lines) = self.quoted_end(at)?;
                let style = if quote == b'"' {
                    Style::DoubleQuoted
                } else {
                    Style::SingleQuoted
                };
                if lines {
                    return None;
                }
                (style, end, self.skip_blanks(end))
            }
            _ if !self.begins_plain(at) => return None,
            _ => {
                let (end, stop) = self.plain_end(at);
                (Style::Plain, end, stop)
            }
        };
        let is_key = self.at(colon) == b':' && self.blank_at(colon + 1) && colon - at < MAX_KEY;
        is_key.then_some((style, end, colon))
    }

    fn push_key(&mut self, at: usize, end: usize, style: Style) -> Option<()> {
        let text = match style {
            Style::Plain => Text::Range(at as u32, end as u32),
            _ => self.quoted_text(at, end)?,
        };
        self.builder.scalar((at as u32, end as u32), text, style);
        Some(())
    }

    /// A node at `at`. `inline` after a key in the same line, where no block collection may
    /// begin.
    fn node(&mut self, at: usize, column: usize, inline: bool) -> Option<usize> {
        match self.at(at) {
            b'-' if self.blank_at(at + 1) => {
                if inline {
                    return None;
                }
                self.open(Kind::Sequence, column, at)?;
                self.item(at)
            }
            b'[' | b'{' => {
                let end = self.flow(at, 0)?;
                self.rest_of_line(end)
            }
            b'|' | b'>' => self.block_scalar(at),
            quote @ (b'"' | b'\'') => {
                if let Some(key) = self.key(at) {
                    return self.mapping(at, column, inline, key);
                }
                let (end, _) = self.quoted_end(at)?;
                let text = self.quoted_text(at, end)?;
                let style = if quote == b'"' {
                    Style::DoubleQuoted
                } else {
                    Style::SingleQuoted
                };
                self.builder.scalar((at as u32, end as u32), text, style);
                self.rest_of_line(end)
            }
            _ if !self.begins_plain(at) => None,
            _ => {
                let (end, stop) = self.plain_end(at);
                if self.at(stop) == b':' {
                    let key = (Style::Plain, end, stop);
                    return self
                        .mapping(at, column, inline, key)
                        .filter(|_| end - at < MAX_KEY);
                }
                self.plain_lines(at, end, stop)
            }
        }
    }

    /// A mapping that begins with a key.
    fn mapping(
        &mut self,
        at: usize,
        column: usize,
        inline: bool,
        (style, end, colon): (Style, usize, usize),
    ) -> Option<usize> {
        if inline {
            return None;
        }
        self.open(Kind::Mapping, column, at)?;
        self.push_key(at, end, style)?;
        self.value(colon + 1)
    }
}

/// What follows a `-` or `:`.
enum Next {
    Value(usize),
    Line(usize),
}
