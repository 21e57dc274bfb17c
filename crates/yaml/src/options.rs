//! How a text is to be read. Owns the knobs and their defaults; must not know
//! who turns them.

/// How to read a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The line being typed in: 1-based, counted in the whole text. Only used to recover.
    pub edited_line: Option<u32>,
    /// Whether a broken document is mended line by line until it reads. Off by
    /// default: what is on disk is judged as it is.
    pub recover: bool,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Bounds that keep hostile or generated texts harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document.
    pub max_bytes: u32,
    /// Collections inside each other.
    pub max_depth: u32,
    /// Nodes a document may have once its aliases are written out.
    pub max_expanded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 32 << 20,
            max_depth: 1000,
            max_expanded: 10_000_000,
        }
    }
}
