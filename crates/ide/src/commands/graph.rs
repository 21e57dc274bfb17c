//! The route graph as text.

use super::CommandError;
use meshscope::Workspace;
use meshscope::engine::graph::{Focus, dot, mermaid};

/// How to write the route graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// A Mermaid flowchart.
    Mermaid,
    /// One JSON object: `nodes` and `edges`.
    Json,
    /// One page that needs nothing else.
    Html,
}

/// Which graph to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteGraphRequest {
    /// The mesh; the first when none is named.
    pub mesh: Option<String>,
    /// Only routes of this namespace, and what they touch.
    pub namespace: Option<String>,
    /// Only routes for this host.
    pub host: Option<String>,
    /// The format.
    pub format: GraphFormat,
}

/// The route graph of a mesh as text.
///
/// # Errors
/// When there is no such mesh.
pub fn route_graph(
    workspace: &Workspace,
    request: &RouteGraphRequest,
) -> Result<String, CommandError> {
    let mesh = super::mesh(workspace, request.mesh.as_deref())?;
    let focus = Focus {
        namespace: request.namespace.as_deref().map(Into::into),
        host: request.host.as_deref().map(Into::into),
    };
    let drawn = || meshscope::engine::graph::route_graph(mesh.db(), mesh.input(), &focus);
    Ok(match request.format {
        GraphFormat::Dot => dot(&drawn()),
        GraphFormat::Mermaid => mermaid(&drawn()),
        GraphFormat::Json => {
            let graph = mesh.route_graph(&focus);
            serde_json::to_string(&graph).map_err(|error| CommandError {
                reason: error.to_string(),
            })?
        }
        GraphFormat::Html => mesh.route_graph(&focus).page(mesh.name()),
    })
}
