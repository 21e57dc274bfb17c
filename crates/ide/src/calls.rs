//! The call hierarchy: the route graph, walked from one object. A gateway workload calls the Gateways
//! it serves, a Gateway the routes bound to it, a route its destinations, a service its workloads.

use crate::outline::SymbolKind;
use crate::place::Place;
use meshscope::Workspace;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A node of the route graph that is written somewhere. Round-trips through serde.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallItem {
    /// Its id in the route graph of [`CallItem::mesh`].
    pub id: String,
    /// The mesh.
    pub mesh: String,
    /// What to show.
    pub name: String,
    /// A few words beside it: kind and mesh.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Where its name is written; for sidecars and unknown hosts, where it is spoken of.
    pub place: Place,
    /// All of it, in the same file.
    pub whole: Range<usize>,
}

/// An edge from or to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLink {
    /// The other end.
    pub item: CallItem,
    /// Conditions and weights, in words; may be empty.
    pub label: String,
    /// Where the edges are written. For incoming calls an editor wants those in the caller's file, for
    /// outgoing ones those in the file of the item asked about.
    pub places: Vec<Place>,
}

/// The nodes of the route graph under the cursor, one per mesh.
pub fn call_hierarchy(workspace: &Workspace, file: &str, offset: usize) -> Vec<CallItem> {
    let _ = (workspace, file, offset);
    Vec::new()
}

/// What leads to an item.
pub fn incoming_calls(workspace: &Workspace, item: &CallItem) -> Vec<CallLink> {
    let _ = (workspace, item);
    Vec::new()
}

/// Where an item leads.
pub fn outgoing_calls(workspace: &Workspace, item: &CallItem) -> Vec<CallLink> {
    let _ = (workspace, item);
    Vec::new()
}
