//! Commands: questions with an answer of their own, for a panel or a page beside the text.

mod callers;
mod graph;
mod impact;
mod meshes;
mod trace;

pub use callers::{Caller, callers};
pub use graph::{GraphFormat, RouteGraphRequest, route_graph};
pub use impact::{FrozenPart, Impact, ReachedProxy, blast_radius, blast_radius_of};
pub use meshes::{ListedMesh, meshes};
pub use trace::{TraceAnswer, TraceRequest, TraceStep, trace};

use crate::calls::place_of_field;
use crate::place::Place;
use crate::words;
use meshscope::engine::envoy::Because;
use meshscope::engine::workloads::ProxyKind;
use meshscope::{Mesh, Workspace};
use serde::Serialize;
use std::fmt;

/// Why a command has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// The reason, for people.
    pub reason: String,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for CommandError {}

/// A reason: the object and field that decided something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// `Kind NAMESPACE/NAME`.
    pub resource: String,
    /// The field; empty for the object.
    pub path: String,
    /// What it decided.
    pub why: String,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Reason {
    /// A reason of the engine, with its place.
    fn of(mesh: Mesh<'_>, because: &Because) -> Reason {
        Reason {
            resource: words::object(&because.object),
            path: because.path.to_string(),
            why: because.why.to_string(),
            place: place_of_field(mesh, &because.object, &because.path),
        }
    }

    fn all(mesh: Mesh<'_>, because: &[Because]) -> Vec<Reason> {
        because.iter().map(|b| Reason::of(mesh, b)).collect()
    }
}

/// The mesh that is asked for, or the first.
fn mesh<'w>(workspace: &'w Workspace, name: Option<&str>) -> Result<Mesh<'w>, CommandError> {
    let found = match name {
        Some(name) => workspace.mesh(name),
        None => workspace.meshes().next(),
    };
    found.ok_or_else(|| CommandError {
        reason: match name {
            Some(name) => format!("there is no mesh {name}"),
            None => "there is no mesh".into(),
        },
    })
}

/// A proxy as the command line names it.
fn proxy(kind: ProxyKind, workload: &str) -> String {
    match kind {
        ProxyKind::Sidecar => format!("workload:{workload}"),
        ProxyKind::Router => format!("gateway:{workload}"),
    }
}

#[cfg(test)]
mod tests;
