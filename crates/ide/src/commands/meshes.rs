//! The meshes of a workspace, to choose from before a question is asked.

use meshscope::Workspace;
use meshscope::engine::index;
use serde::Serialize;

/// A mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedMesh {
    /// Its name.
    pub name: String,
    /// Why its files are one mesh.
    pub reason: String,
    /// Whether the file asked about is part of it.
    pub here: bool,
}

/// The meshes, in the order of the workspace.
pub fn meshes(workspace: &Workspace, file: &str) -> Vec<ListedMesh> {
    let db = workspace.db();
    let file = workspace.file(file);
    let listed = workspace.meshes().map(|mesh| ListedMesh {
        name: mesh.name().into(),
        reason: mesh.reason().into(),
        here: file.is_some_and(|file| {
            let mut units = mesh.input().units(db).iter();
            units.any(|unit| index::unit_files(db, unit).contains(&file))
        }),
    });
    listed.collect()
}
