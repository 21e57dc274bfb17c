//! Go to definition: from a name to what it means.

use crate::place::Place;
use meshscope::Workspace;
use std::ops::Range;

/// What the name under the cursor means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// The bytes of the name in the file asked about.
    pub origin: Range<usize>,
    /// Where what it means is written; several when clients or meshes differ, or a selector takes
    /// several workloads.
    pub targets: Vec<Target>,
}

/// One place a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name, or the field that makes it.
    pub place: Place,
    /// All of the object or entry that is meant, in the same file.
    pub whole: Range<usize>,
    /// What it is, such as `Service shop/reviews` or `subset v1 of DestinationRule shop/reviews`.
    pub label: String,
    /// The meshes this holds in.
    pub meshes: Vec<String>,
}

/// What the name at `offset` of `file` means. `None` where nothing with a meaning is written.
pub fn definition(workspace: &Workspace, file: &str, offset: usize) -> Option<Definitions> {
    let _ = (workspace, file, offset);
    None
}
