//! What happens to a call.

use super::{CommandError, Reason};
use crate::words::{listed, plain};
use meshscope::engine::trace::{self, Call, ClientSees, From, Hop, Trace, Verdict};
use meshscope::engine::workloads::{ProxyKind, find_workload};
use meshscope::{Mesh, Role, Who, Workspace};
use serde::Serialize;

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

/// What happens to a call.
///
/// # Errors
/// When the mesh, the workload or the URL cannot be read.
pub fn trace(workspace: &Workspace, request: &TraceRequest) -> Result<TraceAnswer, CommandError> {
    let mesh = super::mesh(workspace, request.mesh.as_deref())?;
    let refuse = |reason: String| CommandError { reason };
    let who: Who = request.from.parse().map_err(|e| refuse(format!("{e}")))?;
    let mut call = Call::from_url(&request.url).map_err(|e| refuse(format!("{e}")))?;
    if let Some(method) = &request.method {
        call.method = method.into();
    }
    let headers = request.headers.iter();
    call.headers = headers
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let (db, input) = (mesh.db(), mesh.input());
    let workload = find_workload(db, input, &who.namespace, &who.name);
    let workload = workload.ok_or_else(|| {
        refuse(format!(
            "no manifest holds a workload {}/{}",
            who.namespace, who.name
        ))
    })?;
    let from = match workload.proxy == Some(ProxyKind::Router) && who.role != Role::Workload {
        true => From::Gateway(workload),
        false => From::Workload(workload),
    };
    Ok(answer(mesh, &trace::trace(db, input, &from, &call)))
}

fn answer(mesh: Mesh<'_>, found: &Trace) -> TraceAnswer {
    let texts = |list: &[meshscope::manifest::Str]| list.iter().map(|s| s.to_string()).collect();
    TraceAnswer {
        mesh: mesh.name().into(),
        verdict: found.verdict.name().into(),
        arrives: found.verdict.arrives(),
        summary: summary(found),
        steps: found.hops.iter().map(|hop| step(mesh, hop)).collect(),
        destinations: texts(&found.destinations),
        through_gateways: texts(&found.through_gateways),
        because: Reason::all(mesh, &found.because),
        assumptions: found
            .assumptions
            .iter()
            .map(|a| plain(a).to_owned())
            .collect(),
    }
}

/// The answer in one sentence.
fn summary(found: &Trace) -> String {
    let way = match found.through_gateways.is_empty() {
        true => "without passing a gateway".to_owned(),
        false => format!("through the gateway {}", listed(&found.through_gateways, 3)),
    };
    if found.verdict.arrives() {
        let to = match found.destinations.is_empty() {
            true => "the destination".to_owned(),
            false => listed(&found.destinations, 3),
        };
        let but = match found.client_sees {
            ClientSees::Upstream => String::new(),
            other => format!(", but the client gets {}", sees(other)),
        };
        return format!("Arrives at {to}, {way}{but}.");
    }
    let at = found.stops_at.as_deref().unwrap_or("the first proxy");
    format!(
        "Ends at {at} ({}): the client gets {}.",
        found.verdict.name().replace('_', " "),
        sees(found.client_sees)
    )
}

fn sees(client: ClientSees) -> String {
    match client {
        ClientSees::Upstream => "the answer of the destination".into(),
        ClientSees::Reset => "a connection that is closed at once".into(),
        ClientSees::Refused => "a refused connection".into(),
        ClientSees::Status(code) => format!("HTTP {code}"),
    }
}

fn step(mesh: Mesh<'_>, hop: &Hop) -> TraceStep {
    let role = if hop.is_gateway {
        "gateway"
    } else {
        "workload"
    };
    let route = hop.route.as_ref().map(|route| {
        let name = route.name.as_deref().unwrap_or("no route");
        let parts = [route.config.as_str(), route.virtual_host.as_str(), name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    });
    let cluster = hop.cluster().map(ToString::to_string);
    let title = match (&cluster, hop.verdict) {
        (Some(cluster), Verdict::ClusterMissing) => {
            format!("leads to cluster {cluster}, which it does not have")
        }
        (Some(cluster), _) => format!("goes on to cluster {cluster}"),
        (None, verdict) => format!("ends here: {}", verdict.name().replace('_', " ")),
    };
    TraceStep {
        proxy: format!("{role}:{}", hop.proxy),
        title,
        listener: hop
            .listener
            .as_ref()
            .map(|listener| listener.name.to_string()),
        route,
        cluster,
        because: Reason::all(mesh, &hop.because),
    }
}
