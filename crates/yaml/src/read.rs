//! From a text to documents. Owns the order of the steps and what happens when one
//! fails; must not know YAML's grammar.

use std::sync::Arc;

use memchr::memchr_iter;

use crate::document::within;
use crate::recover::recover;
use crate::tree::Tree;
use crate::{
    Comment, Document, ErrorKind, Limits, Options, Span, SyntaxError, fast, keys, saphyr, split,
    tabs,
};

/// All documents of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The documents, in the order of the text; their spans cover it.
    pub documents: Vec<Document>,
    /// Faults of the text as a whole.
    pub errors: Vec<SyntaxError>,
}

/// Reads a text as it is on disk.
pub fn parse(text: &str) -> Stream {
    parse_with(text, &Options::default())
}

/// Reads a text.
pub fn parse_with(text: &str, options: &Options) -> Stream {
    let mut errors = Vec::new();
    if text.len() > u32::MAX as usize {
        let message = "the text is larger than 4 GiB; what is beyond is not read";
        errors.push(SyntaxError::new(
            ErrorKind::TooLarge,
            Span::empty(u32::MAX),
            message,
        ));
    }
    let documents = split(text)
        .into_iter()
        .map(|span| parse_document(text, span, options));
    Stream {
        documents: documents.collect(),
        errors,
    }
}

/// Reads one document of a text, one of [`split`]'s ranges.
pub fn parse_document(text: &str, span: Span, options: &Options) -> Document {
    let slice = span.slice(text);
    let read = read(slice, &options.limits);
    let mut document = Document {
        start: span.start,
        text: Arc::from(""),
        tree: Arc::default(),
        errors: Arc::default(),
        comments: Arc::default(),
        recovered: false,
    };
    let mut errors = Vec::new();
    match read {
        Ok(parsed) => {
            document.tree = Arc::new(parsed.tree);
            document.comments = parsed.comments.into();
            errors = parsed.errors;
        }
        Err(error) => {
            if options.recover && error.kind != ErrorKind::TooLarge {
                let edited = options.edited_line.and_then(|l| line_within(text, span, l));
                if let Some(parsed) = recover(slice, &error, edited, &options.limits) {
                    document.tree = Arc::new(parsed.tree);
                    document.comments = parsed.comments.into();
                    document.recovered = true;
                    errors = parsed.errors;
                }
            }
            errors.push(error);
            errors.sort_by_key(|e| e.span);
        }
    }
    document.text = Arc::from(slice);
    document.errors = errors.into();
    let start = document.start;
    document.start = 0;
    document.moved(start)
}

/// What one reading of a document gave; positions are bytes of the document.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed {
    pub tree: Tree,
    pub comments: Vec<Comment>,
    /// Faults that leave a tree.
    pub errors: Vec<SyntaxError>,
}

/// Reads a document, once.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Parsed, SyntaxError> {
    if text.len() > limits.max_bytes as usize {
        let message = format!(
            "a document of more than {} bytes is not read",
            limits.max_bytes
        );
        return Err(SyntaxError::new(
            ErrorKind::TooLarge,
            Span::empty(0),
            message,
        ));
    }
    if let Some(error) = control_character(text) {
        return Err(error);
    }
    let mut parsed = match fast::read(text, limits) {
        Some(parsed) => parsed,
        None => {
            let parsed = saphyr::read(text, limits)?;
            if let Some(error) = tabs::indentation(text, &parsed.tree) {
                return Err(error);
            }
            parsed
        }
    };
    keys::mark(&mut parsed.tree, text, &mut parsed.errors)?;
    if !within(&parsed.tree, limits) {
        let message = "its aliases expand to too much";
        parsed.errors.push(SyntaxError::new(
            ErrorKind::AliasBomb,
            Span::empty(0),
            message,
        ));
    }
    parsed.errors.sort_by_key(|e| e.span);
    Ok(parsed)
}

/// The first character that go-yaml accepts nowhere.
fn control_character(text: &str) -> Option<SyntaxError> {
    let bytes = text.as_bytes();
    let forbidden = |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7F;
    // One pass without branches first: there is almost never one.
    if !bytes.iter().fold(false, |any, &b| any | forbidden(b)) {
        return None;
    }
    let at = bytes.iter().position(|&b| forbidden(b))?;
    let span = Span::new(at as u32, at as u32 + 1);
    let message = format!("control character 0x{:02X}", bytes[at]);
    Some(SyntaxError::new(ErrorKind::ControlCharacter, span, message))
}

/// The 1-based line, within a document, of a line of the whole text.
fn line_within(text: &str, span: Span, line: u32) -> Option<u32> {
    let before = memchr_iter(b'\n', text.as_bytes().get(..span.start as usize)?).count();
    line.checked_sub(before as u32).filter(|l| *l > 0)
}
