//! Says what is wrong in the words of somebody who writes YAML. Owns the translation of
//! saphyr's messages; must not know how to go on after a fault.

use memchr::memchr_iter;

use crate::comments::end_of_line;
use crate::{ErrorKind, Span, SyntaxError};

/// saphyr's words, a piece of each, and ours.
const WORDS: &[(&str, &str)] = &[
    (
        "simple key expect ':'",
        "this line is no `key: value`: there is no colon",
    ),
    ("simple key expected", "a value without a key"),
    (
        "mapping values are not allowed",
        "a second `: ` in one line, or wrong indentation above",
    ),
    (
        "invalid indentation in quoted",
        "the quoted text goes on with too little indentation",
    ),
    ("unexpected end of stream", "the quote is never closed"),
    (
        "unexpected document indicator",
        "the quote is not closed in this document",
    ),
    ("trailing content after", "text after the closing quote"),
    ("expected ',' or ']'", "`,` or `]` is missing"),
    ("expected ',' or '}'", "`,` or `}` is missing"),
    (
        "did not find expected '-'",
        "indentation fits no list item above",
    ),
    ("did not find expected key", "indentation fits no key above"),
    ("invalid indentation", "indentation fits nothing above"),
    (
        "wrongly indented line in block",
        "this line is indented less than the text block's first",
    ),
    ("comment intercepting", "text goes on after a comment"),
    ("did not find expected node content", "a value is missing"),
    (
        "misplaced bracket",
        "a closing bracket without its opening one",
    ),
    ("unknown anchor", "an alias without its anchor"),
    ("recursion limit exceeded", "brackets nested too deep"),
    (
        "block sequence entries are not allowed",
        "a list item cannot begin here",
    ),
    (
        "cannot start with a tab",
        "a tab where indentation must be spaces",
    ),
    (
        "expected comment or line break",
        "text after the `|` or `>` of a text block",
    ),
];

/// A fault saphyr reported at a byte of the text.
pub(crate) fn scan_error(text: &str, at: u32, info: &str) -> SyntaxError {
    let bytes = text.as_bytes();
    let at = (at as usize).min(bytes.len());
    let line = bytes[..at]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |i| i + 1);
    let end = end_of_line(bytes, line).max(at);
    let span = Span::new(at as u32, end as u32);
    if let Some(brace) = text
        .get(line..end)
        .and_then(|l| l.find("{{"))
        .or_else(|| template(text))
    {
        let start = if brace + line < end {
            line + brace
        } else {
            brace
        };
        let span = Span::new(start as u32, start as u32 + 2);
        let message = "template text (`{{`), not YAML yet";
        return SyntaxError::new(ErrorKind::Template, span, message);
    }
    // saphyr tells where the scalar before the tab begins.
    let later = || memchr_iter(b'\t', bytes).find(|t| *t >= at && indents(bytes, *t));
    let told = info.contains("tab").then(later).flatten();
    if let Some(tab) = told.or_else(|| tab_near(bytes, line, at)) {
        let span = Span::new(tab as u32, tab as u32 + 1);
        let message = "a tab where indentation must be spaces";
        return SyntaxError::new(ErrorKind::Tab, span, message);
    }
    let message = WORDS
        .iter()
        .find(|(theirs, _)| info.contains(theirs))
        .map_or(info, |w| w.1);
    let kind = match info {
        "recursion limit exceeded" => ErrorKind::TooDeep,
        _ => ErrorKind::Syntax,
    };
    SyntaxError::new(kind, span, message)
}

/// The first line that is template text and nothing else.
fn template(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let words = line.trim_start();
        if words.starts_with("{{") {
            return Some(at + line.len() - words.len());
        }
        at += line.len();
    }
    None
}

fn indents(bytes: &[u8], tab: usize) -> bool {
    let before = bytes[..tab]
        .iter()
        .rev()
        .find(|b| !matches!(b, b' ' | b'\t'));
    matches!(before, None | Some(b'\n'))
}

/// A tab in the indentation of this line, or of the line above.
fn tab_near(bytes: &[u8], line: usize, at: usize) -> Option<usize> {
    let indent = |from: usize| {
        let blank = bytes[from..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let tab = bytes[from..from + blank].iter().position(|b| *b == b'\t');
        tab.map(|i| from + i)
    };
    if bytes.get(at) == Some(&b'\t') {
        return Some(at);
    }
    let above = line.checked_sub(1);
    let above = above.map(|l| {
        bytes[..l]
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |i| i + 1)
    });
    indent(line).or_else(|| indent(above?))
}
