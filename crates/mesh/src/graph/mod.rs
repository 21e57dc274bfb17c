//! The route graph: which gateway workloads serve which Gateways, what is bound to them, where routes
//! lead, under which conditions. A value of the model, and three texts of it.
//!
//! It reads bindings, prepared VirtualServices and the registry; it must not decide anything that they
//! have decided. Renderers return strings and print nothing.

mod build;
mod condition;
mod dot;
mod json;
mod mermaid;
#[cfg(test)]
mod tests;

pub use build::{Focus, route_graph};
pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;

use meshscope_manifest::{ResourceKey, Str};

/// A route graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Nodes, sorted by id.
    pub nodes: Vec<Node>,
    /// Edges, in the order routes are tried where that matters.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Unique in the graph: `kind:namespace/name`.
    pub id: Str,
    /// What it is.
    pub kind: NodeKind,
    /// What to show.
    pub label: Str,
    /// The object behind it; none for the mesh itself and for hosts nobody defines.
    pub object: Option<ResourceKey>,
}

/// Kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// All sidecars: what a VirtualService bound to `mesh` is for.
    Mesh,
    /// A gateway workload, or the pods behind a service.
    Workload,
    /// A Gateway.
    Gateway,
    /// A VirtualService or a Gateway API route.
    VirtualService,
    /// A Kubernetes Service.
    Service,
    /// A subset of a service.
    Subset,
    /// A ServiceEntry's host.
    ServiceEntry,
    /// A destination nobody defines.
    Unknown,
}

impl NodeKind {
    /// The word for it, as ids begin.
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Mesh => "mesh",
            NodeKind::Workload => "workload",
            NodeKind::Gateway => "gateway",
            NodeKind::VirtualService => "virtual-service",
            NodeKind::Service => "service",
            NodeKind::Subset => "subset",
            NodeKind::ServiceEntry => "service-entry",
            NodeKind::Unknown => "unknown",
        }
    }
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Where it starts.
    pub from: Str,
    /// Where it leads.
    pub to: Str,
    /// What it says.
    pub kind: EdgeKind,
    /// The conditions, in words: hosts, ports, paths, server names. Empty for always.
    pub condition: Str,
    /// The field that makes it, when one does.
    pub because: Option<crate::envoy::Because>,
}

/// Kinds of edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// A workload serves a Gateway.
    Serves,
    /// A VirtualService is bound to a Gateway or to the mesh.
    Binds,
    /// A route leads somewhere, with this share of the traffic.
    Routes {
        /// The weight as written.
        weight: i64,
    },
    /// A route sends a copy.
    Mirrors,
    /// A subset is a part of a service.
    PartOf,
    /// A service is answered by pods.
    RunsOn,
}

impl EdgeKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            EdgeKind::Serves => "serves",
            EdgeKind::Binds => "binds",
            EdgeKind::Routes { .. } => "routes",
            EdgeKind::Mirrors => "mirrors",
            EdgeKind::PartOf => "part-of",
            EdgeKind::RunsOn => "runs-on",
        }
    }
}

impl Edge {
    /// What to write on it.
    pub fn label(&self) -> String {
        let share = match self.kind {
            EdgeKind::Routes { weight } if weight != 0 && weight != 100 => format!("{weight}%"),
            EdgeKind::Mirrors => "copy".to_owned(),
            _ => String::new(),
        };
        match (self.condition.is_empty(), share.is_empty()) {
            (true, _) => share,
            (false, true) => self.condition.to_string(),
            (false, false) => format!("{} {share}", self.condition),
        }
    }
}
