//! A mesh of one YAML text, for tests of this folder and its neighbours.

use crate::db::{Mesh, MeshSettings, SourceFile, Unit};
use std::sync::Arc;

/// A mesh of one YAML text; objects without namespace are in `default`.
pub(crate) fn mesh_of(db: &salsa::DatabaseImpl, text: &str) -> Mesh {
    mesh_with(db, text, MeshSettings::default())
}

/// The same with settings.
pub(crate) fn mesh_with(db: &salsa::DatabaseImpl, text: &str, settings: MeshSettings) -> Mesh {
    let file = SourceFile::new(db, "mesh.yaml".into(), text.into(), None);
    let unit = Unit {
        file,
        namespace: Some("default".into()),
    };
    Mesh::new(db, "test".into(), [unit].into(), Arc::new(settings))
}
