//! Commands: questions with an answer of their own, for a panel or a page beside the text.

use crate::place::Place;
use meshscope::Workspace;
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

/// A workload a trace may start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub who: String,
    /// The mesh.
    pub mesh: String,
    /// Calls worth asking about from here, as URLs; the hosts under the cursor first.
    pub calls: Vec<String>,
}

/// The workloads worth tracing from at `offset`: on a workload itself; on a route or host, those that
/// carry it; on a Gateway its gateway workloads.
pub fn callers(workspace: &Workspace, file: &str, offset: usize) -> Vec<Caller> {
    let _ = (workspace, file, offset);
    Vec::new()
}

/// A call to trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceRequest {
    /// The mesh; the first when none is named.
    pub mesh: Option<String>,
    /// Who calls: `workload:NS/NAME`, `gateway:NS/NAME` or `NS/NAME`.
    pub from: String,
    /// What is called, such as `http://reviews.shop/api`.
    pub url: String,
    /// The method; GET when none is said.
    pub method: Option<String>,
    /// Request headers.
    pub headers: Vec<(String, String)>,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceAnswer {
    /// The mesh.
    pub mesh: String,
    /// The verdict, as `meshscope trace` names it.
    pub verdict: String,
    /// Whether the call gets somewhere.
    pub arrives: bool,
    /// One sentence for people.
    pub summary: String,
    /// The proxies on the way, in order.
    pub steps: Vec<TraceStep>,
    /// Where it ends: workloads, hosts or addresses.
    pub destinations: Vec<String>,
    /// Gateway workloads it passes.
    pub through_gateways: Vec<String>,
    /// What decided the end.
    pub because: Vec<Reason>,
    /// What no file says and was assumed.
    pub assumptions: Vec<String>,
}

/// What one proxy does with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceStep {
    /// The proxy, `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// What it does, in one line.
    pub title: String,
    /// The listener.
    pub listener: Option<String>,
    /// The route config and virtual host.
    pub route: Option<String>,
    /// The cluster.
    pub cluster: Option<String>,
    /// What decided it.
    pub because: Vec<Reason>,
}

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

/// What happens to a call.
///
/// # Errors
/// When the mesh, the workload or the URL cannot be read.
pub fn trace(workspace: &Workspace, request: &TraceRequest) -> Result<TraceAnswer, CommandError> {
    let _ = (workspace, request);
    Err(CommandError {
        reason: "not traced".into(),
    })
}

/// Whom a change of an object reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// The mesh.
    pub mesh: String,
    /// `Kind NAMESPACE/NAME`.
    pub resource: String,
    /// One sentence for people.
    pub summary: String,
    /// Proxies that are configured from it.
    pub sees: Vec<ReachedProxy>,
    /// Proxies istiod pushes to when it changes.
    pub pushed: Vec<ReachedProxy>,
    /// Proxies that would do something else without it.
    pub changes_behaviour: Vec<ReachedProxy>,
    /// What keeps its old version when Envoy refuses what is made of it.
    pub freezes: Vec<FrozenPart>,
}

/// A proxy that is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReachedProxy {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// Why.
    pub because: Vec<Reason>,
}

/// Something that freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrozenPart {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// `cluster`, `listener` or `route-config`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What else is in it.
    pub along: Vec<String>,
    /// The part that is made of the object.
    pub because: Reason,
}

/// Whom a change of the object at `offset` reaches, one answer per mesh.
pub fn blast_radius(workspace: &Workspace, file: &str, offset: usize) -> Vec<Impact> {
    let _ = (workspace, file, offset);
    Vec::new()
}

/// Whom a change of `resource` (`Kind NAMESPACE/NAME`) reaches in a mesh, the first when none is named.
///
/// # Errors
/// When there is no such mesh or the name is none.
pub fn blast_radius_of(
    workspace: &Workspace,
    mesh: Option<&str>,
    resource: &str,
) -> Result<Impact, CommandError> {
    let _ = (workspace, mesh, resource);
    Err(CommandError {
        reason: "no such resource".into(),
    })
}

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
    let _ = (workspace, request);
    Err(CommandError {
        reason: "no such mesh".into(),
    })
}
