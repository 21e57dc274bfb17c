//! Kustomize, natively: what `kustomize build` (5.5) makes of a directory, with the place every field
//! was written in.
//!
//! [`build_one`] makes the [`Layer`] of one directory from its files and the layers of its bases;
//! [`finish`] makes of a layer what a root is when it is built: names hashed, references and
//! variables resolved. [`build`] does both for a root and everything it uses. Nothing here fails:
//! what kustomize would stop at is a [`Problem`], and the rest is built all the same.
//!
//! This module must not know meshes, clusters or Istio, nor read files itself.

mod additions;
mod build;
mod charts;
mod config;
mod field;
mod file;
mod finish;
mod generate;
mod hash;
mod id;
mod images;
mod json_patch;
mod layer;
mod merge;
mod merge_list;
mod nameref;
mod patches;
mod path;
mod place;
mod plugins;
mod problem;
mod replace;
mod resource;
mod schema;
mod schema_table;
mod select;
pub mod sha256;
mod source;
mod transform;
mod tree;
mod vars;

/// A YAML node as a value, typed as kustomize types its own files.
pub(crate) fn value_of(node: meshscope_yaml::Node<'_>) -> crate::Value {
    tree::Node::read(node, tree::Typing::Json).to_value()
}

/// A path from the root of the repository in its one spelling; `None` when it leaves it.
pub(crate) fn normal_path(path: &str) -> Option<String> {
    path::join("", path)
}

pub use additions::Additions;
pub use build::{build_one, build_with};
pub use file::is_kustomization;
pub use finish::{Built, Object, References, build, finish, references};
pub use layer::{Bases, Chart, Files, Layer, Read};
pub use place::{Inside, Origin, Place};
pub use problem::{Problem, ProblemKind, Role, Use};
