//! A trace as JSON has it.

use super::ask::Question;
use crate::output::Failure;
use crate::reason::{Reason, Reasons, texts};
use meshscope::engine::egress::{self, Outcome};
use meshscope::engine::envoy::ClientCertificate;
use meshscope::engine::names;
use meshscope::engine::trace::{Branch, Call, From, Hop, RewriteTaken, Trace, trace};
use meshscope::engine::workloads::{ProxyKind, Workload};
use meshscope::manifest::Str;
use meshscope::{Mesh, Role};
use serde::Serialize;

/// What happens to a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TraceView {
    /// Who calls.
    pub from: String,
    /// The call as a URL.
    pub call: String,
    /// The path of the call and all its branches.
    #[serde(flatten)]
    pub path: PathView,
    /// Gateways some route means it to pass, and it does not.
    pub bypasses: Vec<Bypass>,
    /// Whether parts of it leave through a gateway and others do not.
    #[serde(skip)]
    pub leaks: bool,
}

/// A call, or a branch of one, from some proxy on.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PathView {
    /// How it ends.
    pub verdict: &'static str,
    /// What the caller gets.
    pub client_sees: String,
    /// Gateway workloads it passes.
    pub through_gateways: Vec<String>,
    /// Where it ends when it does not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stops_at: Option<String>,
    /// Where it arrives.
    pub destinations: Vec<String>,
    /// The proxies in order.
    pub hops: Vec<HopView>,
    /// What decided beyond the hops.
    pub because: Vec<Reason>,
    /// What no file says.
    pub assumptions: Vec<String>,
    /// Whether it gets to somebody who may answer.
    #[serde(skip)]
    pub arrives: bool,
}

/// A gateway that is meant to be passed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bypass {
    /// The gateway workloads.
    pub gateways: Vec<String>,
    /// The VirtualService that means it.
    pub because: Reason,
}

/// A proxy on the way.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HopView {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// The listener that took the connection.
    pub listener: Option<ListenerView>,
    /// The filter chain.
    pub filter_chain: Option<ChainView>,
    /// The route, for HTTP.
    pub route: Option<RouteView>,
    /// The cluster it goes on to.
    pub cluster: Option<String>,
    /// The share that goes there, as written.
    pub weight: Option<i64>,
    /// The TLS added: `none` or a mode.
    pub upstream_tls: Option<&'static str>,
    /// Every way on, the one followed first; empty when there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchView>,
    /// How the call would end if all were well behind this proxy.
    pub verdict: &'static str,
    /// What decided here.
    pub because: Vec<Reason>,
    /// What nearly matched, and why not.
    pub near_misses: Vec<Reason>,
}

/// A listener.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListenerView {
    /// The name.
    pub name: String,
    /// The address.
    pub address: String,
    /// The port.
    pub port: u32,
}

/// A filter chain.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChainView {
    /// The name, when it has one.
    pub name: Option<String>,
    /// Its server names.
    pub sni: Vec<String>,
    /// Whether it ends TLS.
    pub terminates_tls: bool,
    /// `none`, `optional` or `required`.
    pub client_certificate: &'static str,
    /// SDS name of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_certificate: Option<String>,
}

/// A route.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// The route config; none for one written into the listener.
    pub config: Option<String>,
    /// The virtual host; none when no one takes the Host header.
    pub virtual_host: Option<String>,
    /// The route; none when there is none for the request.
    pub name: Option<String>,
    /// What it rewrites.
    pub rewrite: Option<RewriteView>,
}

/// A rewrite.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RewriteView {
    /// The new path or prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The new Host header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Pattern and substitution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<(String, String)>,
}

/// One way on.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BranchView {
    /// The cluster.
    pub cluster: String,
    /// Its share as written.
    pub weight: i64,
    /// Whether it only gets a copy.
    pub mirror: bool,
    /// The TLS added.
    pub upstream_tls: &'static str,
    /// What becomes of it, when it is not the one the hops follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathView>,
}

/// Traces a call.
pub fn of(mesh: Mesh<'_>, reasons: &Reasons<'_>, asked: &Question) -> Result<TraceView, Failure> {
    let workload = crate::ask::workload(mesh, &asked.from)?;
    let is_gateway = workload.proxy == Some(ProxyKind::Router) && asked.from.role != Role::Workload;
    let from = match is_gateway {
        true => From::Gateway(workload.clone()),
        false => From::Workload(workload.clone()),
    };
    let found = trace(mesh.db(), mesh.input(), &from, &asked.call);
    let role = if is_gateway { "gateway" } else { "workload" };
    let outcome = egress::outcome(&found);
    let leaks = outcome.leaves_without_gateway() && passes_gateway(&outcome);
    let bypasses = match is_gateway {
        true => Vec::new(),
        false => bypasses(mesh, reasons, &workload, &asked.call, &found),
    };
    Ok(TraceView {
        from: format!("{role}:{}", workload.label()),
        call: asked.call.to_string(),
        path: path(reasons, &found),
        bypasses,
        leaks,
    })
}

/// Whether any part of a call leaves through a gateway.
fn passes_gateway(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Gateway(_) => true,
        Outcome::Split(parts) => parts.iter().any(passes_gateway),
        _ => false,
    }
}

/// The gateways that routes mean the call to pass, and that it does not pass though it arrives.
fn bypasses(
    mesh: Mesh<'_>,
    reasons: &Reasons<'_>,
    from: &Workload,
    call: &Call,
    found: &Trace,
) -> Vec<Bypass> {
    let through = |label: &Str| found.through_gateways.contains(label);
    let named = |host: &Str| {
        names::matches(host, &call.host)
            || (!call.sni.is_empty() && names::matches(host, &call.sni))
    };
    let all = egress::intended(mesh.db(), mesh.input());
    let meant = all.iter().filter(|i| {
        found.verdict.arrives()
            && named(&i.host)
            && i.means(call, from.namespace())
            && !i.gateways.iter().any(through)
    });
    meant
        .map(|i| Bypass {
            gateways: texts(&i.gateways),
            because: reasons.one(&meshscope::engine::envoy::Because::new(
                &i.virtual_service,
                "",
                format!("leads {} through the gateway", i.host),
            )),
        })
        .collect()
}

fn path(reasons: &Reasons<'_>, found: &Trace) -> PathView {
    PathView {
        verdict: found.verdict.name(),
        client_sees: found.client_sees.to_string(),
        through_gateways: texts(&found.through_gateways),
        stops_at: found.stops_at.as_ref().map(Str::to_string),
        destinations: texts(&found.destinations),
        hops: found.hops.iter().map(|h| hop(reasons, h)).collect(),
        because: reasons.all(&found.because),
        assumptions: texts(&found.assumptions),
        arrives: found.verdict.arrives(),
    }
}

fn hop(reasons: &Reasons<'_>, hop: &Hop) -> HopView {
    let role = if hop.is_gateway {
        "gateway"
    } else {
        "workload"
    };
    let main = hop.branches.first();
    let branches = match hop.branches.len() {
        0 | 1 => Vec::new(),
        _ => hop.branches.iter().map(|b| branch(reasons, b)).collect(),
    };
    let because = reasons.all(&hop.because);
    let mut near_misses = reasons.all(&hop.near_misses);
    // What decided did not nearly do so.
    near_misses.retain(|miss| {
        !because
            .iter()
            .any(|b| b.resource == miss.resource && b.path == miss.path)
    });
    HopView {
        proxy: format!("{role}:{}", hop.proxy),
        listener: hop.listener.as_ref().map(|l| ListenerView {
            name: l.name.to_string(),
            address: l.address.to_string(),
            port: l.port,
        }),
        filter_chain: hop.chain.as_ref().map(|c| ChainView {
            name: written(&c.name),
            sni: texts(&c.sni),
            terminates_tls: c.terminates_tls,
            client_certificate: client_certificate(c.client_certificate),
            server_certificate: written(&c.server_certificate),
        }),
        route: hop.route.as_ref().map(|r| RouteView {
            config: written(&r.config),
            virtual_host: written(&r.virtual_host),
            name: r.name.as_ref().map(Str::to_string),
            rewrite: r.rewrite.as_ref().map(rewrite),
        }),
        cluster: main.map(|b| b.cluster.to_string()),
        weight: main.map(|b| b.weight),
        upstream_tls: main.map(upstream_tls),
        branches,
        verdict: hop.verdict.name(),
        because,
        near_misses,
    }
}

fn branch(reasons: &Reasons<'_>, branch: &Branch) -> BranchView {
    BranchView {
        cluster: branch.cluster.to_string(),
        weight: branch.weight,
        mirror: branch.mirror,
        upstream_tls: upstream_tls(branch),
        path: branch.other.as_ref().map(|other| path(reasons, other)),
    }
}

fn rewrite(rewrite: &RewriteTaken) -> RewriteView {
    let regex = rewrite.regex.as_ref();
    RewriteView {
        uri: written(&rewrite.uri),
        authority: written(&rewrite.authority),
        regex: regex.map(|(pattern, to)| (pattern.to_string(), to.to_string())),
    }
}

fn upstream_tls(branch: &Branch) -> &'static str {
    branch.upstream_tls.map_or("none", |mode| mode.name())
}

fn written(text: &Str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_string())
}

/// The word for what a server asks of its clients.
pub fn client_certificate(asked: ClientCertificate) -> &'static str {
    match asked {
        ClientCertificate::None => "none",
        ClientCertificate::Optional => "optional",
        ClientCertificate::Required => "required",
    }
}
