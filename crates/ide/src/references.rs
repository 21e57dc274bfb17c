//! Find references: everything that means the same.

use crate::place::Place;
use meshscope::Workspace;
use std::ops::Range;

/// One place where something is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The bytes of the name.
    pub place: Place,
    /// Whether this is what defines it.
    pub is_definition: bool,
    /// The meshes this holds in.
    pub meshes: Vec<String>,
}

/// Everything that means what the name at `offset` of `file` means, sorted by place; its definitions
/// only with `definitions`.
pub fn references(
    workspace: &Workspace,
    file: &str,
    offset: usize,
    definitions: bool,
) -> Vec<Reference> {
    let _ = (workspace, file, offset, definitions);
    Vec::new()
}

/// The references in `file` itself, definitions included: what an editor highlights. The flag says
/// which of them define it.
pub fn highlights(workspace: &Workspace, file: &str, offset: usize) -> Vec<(Range<usize>, bool)> {
    let _ = (workspace, file, offset);
    Vec::new()
}
