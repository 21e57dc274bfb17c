//! Quoted scalars. Owns escapes and folding in them; must not know what they are values
//! of.

use memchr::{memchr, memchr2, memchr3};

use super::Scan;
use super::plain::fold;
use crate::tree::Text;

impl Scan<'_> {
    /// One past the closing quote, and whether that is on another line.
    #[inline]
    pub(super) fn quoted_end(&self, start: usize) -> Option<(usize, bool)> {
        let quote = self.s[start];
        let mut lines = false;
        let mut at = start + 1;
        loop {
            at += memchr3(quote, b'\\', b'\n', self.s.get(at..)?)?;
            match self.s[at] {
                b'\n' => {
                    // A document marker ends everything.
                    if self.s[at + 1..].starts_with(b"---") || self.s[at + 1..].starts_with(b"...")
                    {
                        return None;
                    }
                    lines = true;
                    at += 1;
                }
                b'\\' if quote == b'"' => at += 2,
                b'\\' => at += 1,
                _ if quote == b'\'' && self.at(at + 1) == b'\'' => at += 2,
                _ => return Some((at + 1, lines)),
            }
        }
    }

    /// What is between the quotes at `start` and before `end`. None for what go-yaml does
    /// not know either.
    #[inline]
    pub(super) fn quoted_text(&self, start: usize, end: usize) -> Option<Text> {
        let inner = &self.text[start + 1..end - 1];
        let bytes = inner.as_bytes();
        let single = self.s[start] == b'\'';
        let special = if single { b'\'' } else { b'\\' };
        if memchr2(special, b'\n', bytes).is_none() {
            return Some(Text::Range(start as u32 + 1, end as u32 - 1));
        }
        if memchr(b'\n', bytes).is_none() {
            let mut text = String::with_capacity(inner.len());
            unescape(inner, single, &mut text)?;
            return Some(Text::Owned(text.into()));
        }
        folded(inner, single).map(|text| Text::Owned(text.into()))
    }
}

/// The text of a quoted scalar of several lines.
fn folded(inner: &str, single: bool) -> Option<String> {
    let blank = [' ', '\t', '\r'];
    let mut text = String::with_capacity(inner.len());
    let mut breaks = 0;
    let mut lines = inner.split('\n').peekable();
    let mut first = true;
    while let Some(mut line) = lines.next() {
        if !first {
            breaks += 1;
            line = line.trim_start_matches(blank);
        }
        first = false;
        let last = lines.peek().is_none();
        if !last {
            line = line.trim_end_matches(blank);
            // Whether a backslash here escapes the line break, a blank, or is escaped itself
            // is for saphyr to find out.
            if line.ends_with('\\') && !single {
                return None;
            }
        }
        if line.is_empty() && !last {
            continue;
        }
        if breaks > 0 {
            fold(&mut text, breaks);
            breaks = 0;
        }
        unescape(line, single, &mut text)?;
    }
    Some(text)
}

fn unescape(line: &str, single: bool, text: &mut String) -> Option<()> {
    if single {
        let mut pieces = line.split("''");
        text.push_str(pieces.next()?);
        for piece in pieces {
            text.push('\'');
            text.push_str(piece);
        }
        return Some(());
    }
    let mut rest = line;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let plain = match chars.next()? {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\x0B',
            'f' => '\x0C',
            'r' => '\r',
            'e' => '\x1B',
            c @ (' ' | '"' | '\'' | '\\') => c,
            'N' => '\u{85}',
            '_' => '\u{A0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            c @ ('x' | 'u' | 'U') => {
                let digits = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code = chars.as_str().get(..digits)?;
                if !code.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                chars = chars.as_str()[digits..].chars();
                char::from_u32(u32::from_str_radix(code, 16).ok()?)?
            }
            _ => return None,
        };
        text.push(plain);
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(())
}
