//! Plain scalars. Owns where they end, also over several lines; must not know what
//! they are values of.

use super::Scan;
use crate::tree::{Style, Text};

/// Cannot begin a plain scalar.
const INDICATOR: u8 = 1;
/// Needs a closer look inside of one.
const STOP: u8 = 2;
/// Ends one inside of brackets, or needs a closer look there.
const BRACKET: u8 = 4;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let sets: [(&[u8], u8); 3] = [
        (b",[]{}#&*!|>'\"%@` \t\n\r", INDICATOR),
        (b":#\n\r", STOP),
        (b",[]{}?:#\n\r", BRACKET),
    ];
    let mut s = 0;
    while s < sets.len() {
        let (bytes, bit) = sets[s];
        let mut i = 0;
        while i < bytes.len() {
            class[bytes[i] as usize] |= bit;
            i += 1;
        }
        s += 1;
    }
    class
};

impl Scan<'_> {
    /// Whether a plain scalar may begin at `at`, outside of brackets.
    #[inline]
    pub(super) fn begins_plain(&self, at: usize) -> bool {
        match self.at(at) {
            b'-' | b'?' | b':' => !self.blank_at(at + 1),
            first => CLASS[first as usize] & INDICATOR == 0,
        }
    }

    /// The same inside of brackets.
    pub(super) fn begins_plain_in_flow(&self, at: usize) -> bool {
        match self.at(at) {
            b'-' => !self.blank_at(at + 1) && CLASS[self.at(at + 1) as usize] & BRACKET == 0,
            b'?' | b':' => false,
            first => CLASS[first as usize] & INDICATOR == 0,
        }
    }

    /// The end of a plain scalar in this line, and what ended it: a `:`, a comment's `#` or
    /// the line end.
    #[inline]
    pub(super) fn plain_end(&self, from: usize) -> (usize, usize) {
        let mut at = from;
        loop {
            while at < self.s.len() && CLASS[self.s[at] as usize] & STOP == 0 {
                at += 1;
            }
            match self.at(at) {
                b':' if !self.blank_at(at + 1) => at += 1,
                b'#' if at == from || !matches!(self.s[at - 1], b' ' | b'\t') => at += 1,
                _ => return (self.trimmed(from, at), at),
            }
        }
    }

    /// The end of a plain scalar inside of brackets, in this line, and what ended it. None
    /// where readers differ.
    pub(super) fn plain_end_in_flow(&self, from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        loop {
            while at < self.s.len() && CLASS[self.s[at] as usize] & BRACKET == 0 {
                at += 1;
            }
            match self.at(at) {
                b'?' => return None,
                b':' if matches!(self.at(at + 1), b'[' | b'{') => return None,
                b':' if !self.blank_at(at + 1) => at += 1,
                b'#' if !matches!(self.s[at - 1], b' ' | b'\t') => at += 1,
                _ => return Some((self.trimmed(from, at), at)),
            }
        }
    }

    fn trimmed(&self, from: usize, to: usize) -> usize {
        from + self.s[from..to].trim_ascii_end().len()
    }

    /// A plain scalar as a value, whose first line is `at..end`; takes the lines it goes
    /// on in.
    pub(super) fn plain_lines(&mut self, at: usize, end: usize, stop: usize) -> Option<usize> {
        let parent = self.parent_indent();
        let (mut end, mut stop) = (end, stop);
        let mut folded: Option<String> = None;
        let next = loop {
            if self.at(stop) == b'#' {
                break self.rest_of_line(stop)?;
            }
            let next = self.next_line(stop);
            let Some((breaks, from)) = self.continuation(next, parent)? else {
                break next;
            };
            let (to, stopped) = self.plain_end(from);
            if self.at(stopped) == b':' {
                return None;
            }
            let text = folded.get_or_insert_with(|| self.text[at..end].to_owned());
            fold(text, breaks);
            text.push_str(&self.text[from..to]);
            (end, stop) = (to, stopped);
        };
        let text = match folded {
            Some(text) => Text::Owned(text.into()),
            None => Text::Range(at as u32, end as u32),
        };
        self.builder
            .scalar((at as u32, end as u32), text, Style::Plain);
        Some(next)
    }

    /// Whether a plain scalar goes on at the line `next`: the line breaks since, and where.
    #[allow(
        clippy::option_option,
        reason = "stepping aside is not the same as ending"
    )]
    fn continuation(&self, next: usize, parent: isize) -> Option<Option<(usize, usize)>> {
        let mut line = next;
        let mut breaks = 1;
        while line < self.s.len() {
            let mut at = line;
            while self.at(at) == b' ' {
                at += 1;
            }
            match self.s.get(at) {
                None => break,
                Some(b'\n') => line = at + 1,
                Some(b'\r') => line = at + 2,
                Some(b'\t') => return None,
                Some(_) => {
                    let marker = self.is_marker(line, b"---") || self.is_marker(line, b"...");
                    let goes_on = (at - line) as isize > parent && self.s[at] != b'#' && !marker;
                    return Some(goes_on.then_some((breaks, at)));
                }
            }
            breaks += 1;
        }
        Some(None)
    }
}

/// Joins lines: one break is a space, each further one a line break.
pub(super) fn fold(text: &mut String, breaks: usize) {
    if breaks == 1 {
        text.push(' ');
    }
    text.extend(std::iter::repeat_n('\n', breaks - 1));
}
