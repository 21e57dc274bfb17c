//! The route graph as people see it: every node and edge with its place in the files, as JSON and as
//! one page.
//!
//! It must not decide what is connected; the engine has.

mod curve;
mod layout;
mod page;

use crate::Mesh;
use crate::finding::{Location, ResourceId, written_at};
use meshscope_mesh::envoy::Because;
use meshscope_mesh::graph::{Edge, EdgeKind, Focus, Node, route_graph};
use serde::Serialize;

/// The route graph of a mesh, in the words of the command line's contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RouteGraph {
    /// Nodes, sorted by id.
    pub nodes: Vec<GraphNode>,
    /// Edges, in the order routes are tried where that matters.
    pub edges: Vec<GraphEdge>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GraphNode {
    /// Unique in the graph.
    pub id: String,
    /// What it is.
    pub kind: &'static str,
    /// What to show.
    pub label: String,
    /// The object behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// Where that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GraphEdge {
    /// Where it starts.
    pub from: String,
    /// Where it leads.
    pub to: String,
    /// What it says.
    pub kind: &'static str,
    /// When; empty for always.
    pub condition: String,
    /// The share of a route, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// The field that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<GraphReason>,
    /// What to write on it.
    #[serde(skip)]
    pub label: String,
}

/// The field that makes an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GraphReason {
    /// The object.
    pub resource: ResourceId,
    /// The field; empty for the object.
    pub path: String,
    /// Where it is written; none for what no file holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it says, the rule of the semantics in parentheses at the end.
    pub why: String,
}

impl Mesh<'_> {
    /// The route graph, or the part of it in focus.
    pub fn route_graph(&self, focus: &Focus) -> RouteGraph {
        let graph = route_graph(self.db(), self.input(), focus);
        RouteGraph {
            nodes: graph.nodes.iter().map(|n| self.graph_node(n)).collect(),
            edges: graph.edges.iter().map(|e| self.graph_edge(e)).collect(),
        }
    }

    fn graph_node(&self, node: &Node) -> GraphNode {
        let object = node.object.as_ref();
        GraphNode {
            id: node.id.to_string(),
            kind: node.kind.name(),
            label: node.label.to_string(),
            resource: object.map(ResourceId::from),
            location: object.and_then(|o| self.locate(o, "")),
        }
    }

    fn graph_edge(&self, edge: &Edge) -> GraphEdge {
        let because = |because: &Because| GraphReason {
            resource: (&because.object).into(),
            path: because.path.to_string(),
            location: self.locate(&because.object, &because.path),
            why: because.why.to_string(),
        };
        GraphEdge {
            from: edge.from.to_string(),
            to: edge.to.to_string(),
            kind: edge.kind.name(),
            condition: edge.condition.to_string(),
            weight: match edge.kind {
                EdgeKind::Routes { weight } => Some(weight),
                _ => None,
            },
            because: edge.because.as_ref().map(because),
            label: edge.label(),
        }
    }
}

impl RouteGraph {
    /// The graph as one HTML page with a drawing of it, a filter, and what is behind every box and
    /// line. It loads nothing. What has a place in the files says so in `data-file`, `data-line` and
    /// `data-column` (1-based), for whoever shows the page and can go there.
    pub fn page(&self, mesh: &str) -> String {
        page::page(mesh, self)
    }
}

impl GraphReason {
    /// `Kind ns/name spec.field (file:line)`, or `(in no file)`.
    fn place(&self) -> String {
        written_at(&self.resource, &self.path, self.location.as_ref())
    }
}
