//! `meshscope graph`: the route graph, as text for Graphviz and Mermaid, as JSON, as one page.

mod html;
mod layout;

use crate::args::Cli;
use crate::output::{Failure, print, print_answer};
use crate::reason::{Reason, Reasons};
use clap::{Args, ValueEnum};
use meshscope::Mesh;
use meshscope::engine::graph::{EdgeKind, Focus, Graph, dot, mermaid, route_graph};
use meshscope::finding::{Location, ResourceId};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Only VirtualServices of this namespace, and what they touch
    #[arg(long, value_name = "NS")]
    pub namespace: Option<String>,
    /// Only VirtualServices for this host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// How to show the graph
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
}

/// Formats of `graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz
    Dot,
    /// A Mermaid flowchart, which GitHub and GitLab draw in Markdown
    Mermaid,
    /// One JSON object
    Json,
    /// One page that needs nothing else
    Html,
}

/// The graph as JSON has it.
#[derive(Debug, Serialize)]
pub struct GraphView {
    /// Nodes, sorted by id.
    pub nodes: Vec<NodeView>,
    /// Edges, in the order routes are tried where that matters.
    pub edges: Vec<EdgeView>,
}

/// A node.
#[derive(Debug, Serialize)]
pub struct NodeView {
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
#[derive(Debug, Serialize)]
pub struct EdgeView {
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
    pub because: Option<Reason>,
    /// What to write on it.
    #[serde(skip)]
    pub label: String,
}

/// Runs the command.
pub fn run_command(cli: &Cli, args: &GraphArgs) -> Result<ExitCode, Failure> {
    let workspace = crate::ask::workspace(cli)?;
    let mesh = crate::ask::mesh(cli, &workspace)?;
    let focus = Focus {
        namespace: args.namespace.as_ref().map(Into::into),
        host: args.host.as_ref().map(Into::into),
    };
    let graph = route_graph(mesh.db(), mesh.input(), &focus);
    match args.format {
        GraphFormat::Dot => print(&dot(&graph))?,
        GraphFormat::Mermaid => print(&mermaid(&graph))?,
        GraphFormat::Json => print_answer(&view(mesh, &graph))?,
        GraphFormat::Html => print(&html::page(mesh.name(), &view(mesh, &graph)))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn view(mesh: Mesh<'_>, graph: &Graph) -> GraphView {
    let reasons = Reasons::new(mesh);
    let nodes = graph.nodes.iter().map(|n| NodeView {
        id: n.id.to_string(),
        kind: n.kind.name(),
        label: n.label.to_string(),
        resource: n.object.as_ref().map(ResourceId::from),
        location: n.object.as_ref().and_then(|o| mesh.locate(o, "")),
    });
    let edges = graph.edges.iter().map(|e| EdgeView {
        from: e.from.to_string(),
        to: e.to.to_string(),
        kind: e.kind.name(),
        condition: e.condition.to_string(),
        weight: match e.kind {
            EdgeKind::Routes { weight } => Some(weight),
            _ => None,
        },
        because: e.because.as_ref().map(|b| reasons.one(b)),
        label: e.label(),
    });
    GraphView {
        nodes: nodes.collect(),
        edges: edges.collect(),
    }
}
