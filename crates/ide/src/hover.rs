//! Hover: what is under the cursor, in Markdown.

use meshscope::Workspace;
use std::ops::Range;

/// Something to show beside the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The bytes it is about.
    pub range: Range<usize>,
    /// Markdown.
    pub markdown: String,
}

/// What the engine knows of the name at `offset`: what a host resolves to from here and who sees it,
/// what a Gateway serves, where a route goes, what an object reaches. `None` on plain fields.
pub fn hover(workspace: &Workspace, file: &str, offset: usize) -> Option<Hover> {
    let _ = (workspace, file, offset);
    None
}

/// The documentation of the field at `offset` from the schema of its kind: type, description, values,
/// default. For editors without another YAML server; needs no mesh.
pub fn field_help(workspace: &Workspace, file: &str, offset: usize) -> Option<Hover> {
    let _ = (workspace, file, offset);
    None
}
