//! Scalars that saphyr reads and go-yaml, and so kubectl, refuses. Owns telling them; must
//! not know what is around them.

use memchr::memchr;
use saphyr_parser::ScalarStyle;

use crate::{ErrorKind, Span, SyntaxError};

/// The fault of a scalar written as `bytes`, which begin at `start`.
pub(super) fn fault(
    bytes: &[u8],
    start: usize,
    style: ScalarStyle,
    in_brackets: bool,
) -> Option<SyntaxError> {
    let fault = |at: usize, message| {
        let span = Span::new(at as u32, at as u32 + 1);
        Some(SyntaxError::new(ErrorKind::Syntax, span, message))
    };
    if style == ScalarStyle::Plain && in_brackets {
        if bytes.len() > 1 && bytes[0] == b':' {
            return fault(
                start,
                "inside of brackets a word that begins with `:` needs quotes",
            );
        }
        if let Some(at) = memchr(b'?', bytes) {
            return fault(
                start + at,
                "inside of brackets a word with `?` needs quotes",
            );
        }
    }
    if style == ScalarStyle::DoubleQuoted {
        let mut at = 0;
        while let Some(found) = memchr(b'\\', bytes.get(at..).unwrap_or(&[])) {
            at += found + 2;
            if bytes.get(at - 1) == Some(&b'/') {
                return fault(
                    start + at - 2,
                    "`\\/` is an escape in JSON, not to Kubernetes",
                );
            }
        }
    }
    None
}
