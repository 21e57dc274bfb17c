//! meshscope as a library: open a repository, edit files in memory, ask its meshes.
//!
//! Owns the [`Workspace`] with its database, the settings, and the questions of a [`Mesh`] as plain
//! values. It must not know output formats, editors or the language server protocol.

mod comparison;
mod db;
pub mod finding;
pub mod fs;
mod graph;
mod helm;
pub mod identity;
mod mesh;
pub mod settings;
mod workspace;

pub use comparison::{Comparison, FindingChanges, MeshChange};
pub use db::Database;
pub use finding::Finding;
pub use fs::{FileSystem, MAX_FILE_BYTES, MemoryFileSystem, OsFileSystem};
pub use graph::{GraphEdge, GraphNode, GraphReason, RouteGraph};
pub use mesh::{
    Assumption, Explanation, FieldPlace, Mesh, OpenDecision, Origin, Overview, Profile, Report,
    ResourceRef, ResourceRefError, Role, SeenObject, SeenService, Step, Visibility, VisibleTo, Who,
    WhoError,
};
/// How a reader of a [`Snapshot`] learns that its workspace was edited, and how it is told to stop.
pub use salsa::{CancellationToken, Cancelled};
pub use settings::{MeshSpec, Settings};
pub use workspace::{
    LoadProblem, OnFile, OpenError, Proposal, Repaired, Repairs, Snapshot, Workspace,
};

/// The engine, for questions the handles here do not ask yet.
pub use meshscope_mesh as engine;

/// Resources and values.
pub use meshscope_manifest as manifest;

/// The rules and their pages.
pub use meshscope_rules as rules;

/// Documents, paths and their places in a text.
pub use meshscope_yaml as yaml;
