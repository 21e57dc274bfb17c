//! Where things are: files and byte ranges.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A range of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the root of the workspace.
    pub path: String,
    /// The bytes; always within the file and between characters.
    pub range: Range<usize>,
}

/// One edit of a file. Edits of one answer never overlap; all of them are to be applied, or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextEdit {
    /// What is replaced; empty to insert.
    pub place: Place,
    /// By what.
    pub new_text: String,
}
