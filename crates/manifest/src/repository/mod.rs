//! How the files of a repository become meshes: what installs gateways, which roots there are, and
//! which of them land in one cluster.
//!
//! Everything here works on paths, facts and values that somebody else read. It must not know salsa,
//! the file system, or what a mesh does with an object.

mod application_set;
mod conflicts;
mod facts;
pub mod installs;
pub mod layout;
mod meshes;
mod namespace;
mod placeholder;
mod roots;
mod variables;

pub use application_set::ApplicationSet;
pub use conflicts::split;
pub use facts::{Added, Application, Fact, FluxKustomization, Release, fact, helmfile};
pub use meshes::{Discovery, Identity, Mesh, MeshSetting, discover};
pub use namespace::{NamespaceFrom, NamespaceSources, effective_namespace};
pub use placeholder::is_unknown;
pub use roots::{Applied, FileFacts, How, Repository, Root, RootKind, Roots, Stated, roots};
pub use variables::Variables;
