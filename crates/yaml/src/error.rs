//! What can be wrong with a text as YAML, and how it is said. Owns the wording;
//! must not know how the fault was found.

use std::fmt;

use smol_str::SmolStr;

use crate::Span;

/// One fault of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What, in a few words for the person who wrote the file.
    pub message: String,
    /// What, for programs.
    pub kind: ErrorKind,
    /// The other place involved: the first of two equal keys.
    pub related: Option<Span>,
}

/// The sorts of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not YAML.
    Syntax,
    /// Template text (`{{ … }}`) where YAML was expected.
    Template,
    /// A tab where indentation must be spaces.
    Tab,
    /// A control character, which YAML forbids everywhere.
    ControlCharacter,
    /// The same key twice in one mapping; both are kept, the later one wins.
    DuplicateKey {
        /// The key as JSON sees it.
        key: SmolStr,
    },
    /// `*name` without an `&name` before it; the value reads as null.
    UnknownAlias {
        /// The name without the `*`.
        name: SmolStr,
    },
    /// An alias inside its own anchor; the value reads as null.
    CyclicAlias,
    /// Nested deeper than [`Limits::max_depth`](crate::Limits::max_depth).
    TooDeep,
    /// Larger than [`Limits::max_bytes`](crate::Limits::max_bytes).
    TooLarge,
    /// Aliases that would expand beyond [`Limits::max_expanded`](crate::Limits::max_expanded).
    AliasBomb,
    /// The reader itself failed: a bug on our side.
    Internal,
}

impl ErrorKind {
    /// Whether the document has no tree because of it (unless it was recovered).
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::DuplicateKey { .. }
                | Self::UnknownAlias { .. }
                | Self::CyclicAlias
                | Self::AliasBomb
        )
    }
}

impl SyntaxError {
    pub(crate) fn new(kind: ErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            kind,
            related: None,
        }
    }

    pub(crate) fn shifted(mut self, by: i64) -> Self {
        self.span = self.span.shifted(by);
        self.related = self.related.map(|s| s.shifted(by));
        self
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}
