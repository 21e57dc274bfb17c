//! Code lenses: a line above each object with what the mesh makes of it.
//!
//! Listing is cheap and reads one file; the numbers are computed when a lens is shown.

use meshscope::Workspace;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A lens without its text: what to remember until it is shown. Round-trips through serde.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lens {
    /// The file it is in.
    pub path: String,
    /// The bytes it stands above: the first line of the object.
    pub range: Range<usize>,
    /// What it tells.
    pub kind: LensKind,
    /// The object, `Kind NAMESPACE/NAME`.
    pub resource: String,
    /// The meshes the object is in; the numbers are of the first.
    pub meshes: Vec<String>,
}

/// What a lens tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LensKind {
    /// How many sidecars and gateway workloads a change reaches.
    Reach,
    /// For a Gateway: the gateway workloads it applies to.
    Workloads,
    /// For a Gateway: how many routes are bound to it. For a VirtualService: on which Gateways it is.
    Routes,
}

/// The text of a lens and what a click does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensTitle {
    /// The text.
    pub title: String,
    /// What a click asks for.
    pub command: Option<LensCommand>,
}

/// What a click on a lens asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LensCommand {
    /// [`crate::blast_radius_of`] this resource in this mesh.
    BlastRadius {
        /// `Kind NAMESPACE/NAME`.
        resource: String,
        /// The mesh.
        mesh: String,
    },
    /// [`crate::references`] at this offset of the lens's file.
    References {
        /// Byte offset.
        offset: usize,
    },
    /// [`crate::route_graph`] with this in focus.
    RouteGraph {
        /// The mesh.
        mesh: String,
        /// The namespace to show.
        namespace: String,
    },
}

/// The lenses of a file, without their texts.
pub fn lenses(workspace: &Workspace, file: &str) -> Vec<Lens> {
    let _ = (workspace, file);
    Vec::new()
}

/// The text of a lens; `None` when the object is gone.
pub fn resolve_lens(workspace: &Workspace, lens: &Lens) -> Option<LensTitle> {
    let _ = (workspace, lens);
    None
}
