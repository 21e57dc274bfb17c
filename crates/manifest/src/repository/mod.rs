//! How the files of a repository become meshes: what installs gateways, which roots there are, and
//! which of them land in one cluster.
//!
//! Everything here works on paths, facts and values that somebody else read. It must not know salsa,
//! the file system, or what a mesh does with an object.

mod facts;
pub mod installs;
pub mod layout;
mod meshes;
mod namespace;
mod placeholder;
mod roots;

pub use facts::{Application, Fact, FluxKustomization, Release, fact, helmfile};
pub use meshes::{Discovery, Identity, Mesh, MeshSetting, discover, split};
pub use namespace::{NamespaceFrom, NamespaceSources, effective_namespace};
pub use placeholder::is_unknown;
pub use roots::{Applied, FileFacts, Repository, Root, RootKind, Roots, roots};
