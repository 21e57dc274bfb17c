//! How the files of a repository become meshes: what installs gateways, which roots there are, and
//! which of them land in one cluster.
//!
//! Everything here works on paths, facts and values that somebody else read. It must not know salsa,
//! the file system, or what a mesh does with an object.

pub mod installs;
