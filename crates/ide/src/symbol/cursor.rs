//! What is under the cursor: by place, in every mesh.

use super::mention::{Mention, mentions};
use super::owner::{Owner, owners_in};
use meshscope::Workspace;
use meshscope::engine::SourceFile;
use meshscope::engine::index;
use meshscope::yaml::{Document, split};
use std::ops::Range;
use std::sync::Arc;

/// A mention under the cursor, in one mesh.
pub(crate) struct Hit<'w> {
    /// The object it is of.
    pub owner: Owner<'w>,
    /// The mention.
    pub mention: Mention,
    /// Its bytes in the file asked about.
    pub range: Range<usize>,
}

/// The document of a file that a byte is in, and its ordinal.
pub(crate) fn document_at(
    workspace: &Workspace,
    file: SourceFile,
    offset: usize,
) -> Option<(u32, Arc<Document>)> {
    let db = workspace.db();
    let spans = split(file.text(db));
    let after = spans.partition_point(|span| span.start as usize <= offset);
    let ordinal = u32::try_from(after.checked_sub(1)?).ok()?;
    let document = index::document(db, file, ordinal).clone()?;
    Some((ordinal, document))
}

/// The objects that something near a byte is of, in every mesh.
pub(crate) fn owners_at<'w>(
    workspace: &'w Workspace,
    file: SourceFile,
    offset: usize,
) -> Vec<Owner<'w>> {
    let Some((ordinal, _)) = document_at(workspace, file, offset) else {
        return Vec::new();
    };
    let meshes = workspace.meshes();
    meshes
        .flat_map(|mesh| owners_in(mesh, file, Some(ordinal)))
        .collect()
}

/// The mentions under the cursor: the smallest there are, once per object they are of.
pub(crate) fn hits<'w>(workspace: &'w Workspace, file: &str, offset: usize) -> Vec<Hit<'w>> {
    let Some(file) = workspace.file(file) else {
        return Vec::new();
    };
    let mut found: Vec<Hit<'w>> = Vec::new();
    for owner in owners_at(workspace, file, offset) {
        let at = nearest(&owner, file, offset);
        if let Some((mention, range)) = at {
            found.push(Hit {
                owner,
                mention,
                range,
            });
        }
    }
    let smallest = found.iter().map(|hit| hit.range.len()).min();
    found.retain(|hit| Some(hit.range.len()) == smallest);
    found
}

/// The smallest mention of an object that touches a byte.
fn nearest(owner: &Owner<'_>, file: SourceFile, offset: usize) -> Option<(Mention, Range<usize>)> {
    let touching = mentions(owner).into_iter().filter_map(|mention| {
        let (of, range) = mention.place(owner)?;
        let touches = of == file && range.start <= offset && offset <= range.end;
        touches.then_some((mention, range))
    });
    touching.min_by_key(|(_, range)| range.len())
}
