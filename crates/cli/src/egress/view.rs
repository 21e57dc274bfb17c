//! Egress as JSON has it.

use crate::reason::{Reason, Reasons, texts};
use meshscope::Mesh;
use meshscope::engine::egress::{
    Apart, ExternalHost, Held, HostPath, Isolation, Layer, Layers, Outcome, Way, WayRound,
};
use meshscope::engine::index::is_unknown_namespace;
use meshscope::engine::workloads::{ProxyKind, workloads};
use meshscope::finding::ResourceId;
use meshscope::manifest::{ResourceKey, Str};
use serde::Serialize;
use std::collections::BTreeSet;

/// Egress of a mesh.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EgressView {
    /// Namespaces with clients.
    pub namespaces: Vec<NamespaceView>,
    /// Every pair of egress gateways.
    pub isolation: Vec<IsolationView>,
}

/// A namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NamespaceView {
    /// Its name; empty when no file says it.
    pub namespace: String,
    /// Whether all three layers hold.
    pub enforced: bool,
    /// The layers.
    pub layers: LayersView,
    /// External hosts and the paths to them.
    pub hosts: Vec<HostView>,
    /// Ways round the gateway.
    pub ways_round: Vec<WayView>,
}

/// The three layers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LayersView {
    /// Unknown destinations are refused.
    pub registry_only: LayerView,
    /// Hosts nobody listed are not visible.
    pub sidecar_scope: LayerView,
    /// Pods cannot leave the cluster by themselves.
    pub network_policy: LayerView,
}

/// A layer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LayerView {
    /// `yes`, `no` or `unknown`.
    pub held: &'static str,
    /// Per workload, those it does not hold for first.
    pub workloads: Vec<PartView>,
    /// What no file says.
    pub assumptions: Vec<String>,
}

/// A layer on one workload.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartView {
    /// The workload; none when the namespace has none and a bare pod is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// `yes`, `no` or `unknown`.
    pub held: &'static str,
    /// Why.
    pub because: Vec<Reason>,
}

/// An external host.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostView {
    /// The host.
    pub host: String,
    /// The object that defines it; none when only a VirtualService names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// What means to lead it through gateways.
    pub intended: Vec<IntendedView>,
    /// What happens.
    pub paths: Vec<PathView>,
}

/// An intention.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IntendedView {
    /// The VirtualService.
    pub virtual_service: ResourceId,
    /// The gateway workloads.
    pub gateways: Vec<String>,
}

/// The path of one kind of call.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "EgressPathView")
)]
pub struct PathView {
    /// The call as a URL.
    pub call: String,
    /// The workloads that make it.
    pub clients: Vec<String>,
    /// Where it goes.
    pub out: OutView,
    /// Whether a route means it to pass a gateway and it does not.
    pub bypasses: bool,
    /// What decided.
    pub because: Vec<Reason>,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutView {
    /// `gateway`, `direct`, `passthrough`, `not-captured`, `blocked`, `broken` or `split`.
    pub path: &'static str,
    /// The gateway workloads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// How it fails, for a broken one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// The parts of a split, the heaviest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<OutView>,
    /// Whether a part leaves without a gateway.
    #[serde(skip)]
    pub leaves: bool,
}

/// A way round the gateway.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WayView {
    /// What it is.
    pub kind: &'static str,
    /// The same in words.
    pub message: &'static str,
    /// Who has it.
    pub workloads: Vec<String>,
    /// Whether a network policy closes it: `yes`, `no` or `unknown`.
    pub closed_by_policy: &'static str,
    /// What opens it.
    pub because: Vec<Reason>,
}

/// A pair of egress gateways.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IsolationView {
    /// The pair.
    pub gateways: [String; 2],
    /// Whether they are apart on both axes.
    pub isolated: bool,
    /// Pods.
    pub physical: PhysicalView,
    /// Configuration.
    pub logical: LogicalView,
    /// What ties them together.
    pub because: Vec<Reason>,
}

/// What keeps pods apart: `separate`, `shared` or `unknown`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PhysicalView {
    /// Different pods.
    pub pods: &'static str,
    /// Different namespaces.
    pub namespaces: &'static str,
    /// No selector takes both.
    pub selectors: &'static str,
    /// Different service accounts.
    pub service_accounts: &'static str,
    /// Different nodes.
    pub nodes: &'static str,
}

/// What both are configured from.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogicalView {
    /// Objects both get.
    pub shared_exported_resources: Vec<ResourceId>,
    /// Objects of the root namespace both get.
    pub mesh_wide: Vec<ResourceId>,
    /// Gateways that apply to both.
    pub shared_gateways: Vec<ResourceId>,
    /// Namespaces routed to both.
    pub common_clients: Vec<String>,
}

/// Egress of a mesh, or of one namespace.
pub fn of(mesh: Mesh<'_>, only: Option<&str>) -> EgressView {
    let reasons = Reasons::new(mesh);
    let all = workloads(mesh.db(), mesh.input());
    let clients = all.iter().filter(|w| w.proxy != Some(ProxyKind::Router));
    let names: BTreeSet<Str> = clients
        .map(|w| w.namespace().clone())
        .filter(|ns| only.is_none_or(|only| only == ns.as_str()))
        .collect();
    EgressView {
        namespaces: names
            .iter()
            .map(|ns| namespace(mesh, &reasons, ns))
            .collect(),
        isolation: mesh
            .isolation_matrix()
            .iter()
            .map(|i| isolation(&reasons, i))
            .collect(),
    }
}

fn namespace(mesh: Mesh<'_>, reasons: &Reasons<'_>, name: &Str) -> NamespaceView {
    let layers = mesh.egress_layers(name);
    let hosts = mesh.egress_inventory(name);
    let ways = mesh.egress_ways_round(name);
    NamespaceView {
        namespace: match is_unknown_namespace(name) {
            true => String::new(),
            false => name.to_string(),
        },
        enforced: layers.enforced(),
        layers: of_layers(reasons, &layers),
        hosts: hosts.iter().map(|h| host(reasons, h)).collect(),
        ways_round: ways.iter().map(|w| way(reasons, w)).collect(),
    }
}

fn of_layers(reasons: &Reasons<'_>, layers: &Layers) -> LayersView {
    LayersView {
        registry_only: layer(reasons, &layers.registry_only),
        sidecar_scope: layer(reasons, &layers.sidecar_scope),
        network_policy: layer(reasons, &layers.network_policy),
    }
}

fn layer(reasons: &Reasons<'_>, layer: &Layer) -> LayerView {
    let parts = layer.parts.iter().map(|p| PartView {
        workload: (!p.workload.is_empty()).then(|| p.workload.to_string()),
        held: held(p.held),
        because: reasons.all(&p.because),
    });
    LayerView {
        held: held(layer.held),
        workloads: parts.collect(),
        assumptions: texts(&layer.assumptions),
    }
}

fn host(reasons: &Reasons<'_>, host: &ExternalHost) -> HostView {
    let intended = host.intended.iter().map(|i| IntendedView {
        virtual_service: (&i.virtual_service).into(),
        gateways: texts(&i.gateways),
    });
    HostView {
        host: host.host.to_string(),
        resource: host.service.as_ref().map(ResourceId::from),
        intended: intended.collect(),
        paths: host.paths.iter().map(|p| path(reasons, p)).collect(),
    }
}

fn path(reasons: &Reasons<'_>, path: &HostPath) -> PathView {
    PathView {
        call: path.call.to_string(),
        clients: texts(&path.clients),
        out: out(&path.outcome),
        bypasses: path.bypasses,
        because: reasons.all(&path.because),
    }
}

fn out(outcome: &Outcome) -> OutView {
    let mut view = OutView {
        path: outcome.name(),
        gateways: Vec::new(),
        verdict: None,
        parts: Vec::new(),
        leaves: outcome.leaves_without_gateway(),
    };
    match outcome {
        Outcome::Gateway(gateways) => view.gateways = texts(gateways),
        Outcome::Broken(verdict) => view.verdict = Some(verdict.name()),
        Outcome::Split(parts) => view.parts = parts.iter().map(out).collect(),
        Outcome::Direct | Outcome::Passthrough | Outcome::NotCaptured | Outcome::Blocked => {}
    }
    view
}

fn way(reasons: &Reasons<'_>, way: &WayRound) -> WayView {
    WayView {
        kind: match way.kind {
            Way::NoSidecar => "no-sidecar",
            Way::HostNetwork => "host-network",
            Way::NotCaptured => "not-captured",
            Way::ProxyUser => "proxy-user",
            Way::MayChangeCapture => "may-change-capture",
            Way::NotTcp => "not-tcp",
            Way::AllowAny => "allow-any",
            Way::SidecarAllowsAny => "sidecar-allows-any",
            Way::DialledAddress => "dialled-address",
            Way::Extension => "extension",
        },
        message: way.kind.describe(),
        workloads: texts(&way.workloads),
        closed_by_policy: held(way.closed_by_policy),
        because: reasons.all(&way.because),
    }
}

fn isolation(reasons: &Reasons<'_>, pair: &Isolation) -> IsolationView {
    let objects = |keys: &[ResourceKey]| keys.iter().map(ResourceId::from).collect();
    let (physical, logical) = (&pair.physical, &pair.logical);
    IsolationView {
        gateways: [pair.gateways.0.to_string(), pair.gateways.1.to_string()],
        isolated: pair.isolated,
        physical: PhysicalView {
            pods: apart(physical.pods),
            namespaces: apart(physical.namespaces),
            selectors: apart(physical.selectors),
            service_accounts: apart(physical.service_accounts),
            nodes: apart(physical.nodes),
        },
        logical: LogicalView {
            shared_exported_resources: objects(&logical.shared_exported_resources),
            mesh_wide: objects(&logical.mesh_wide),
            shared_gateways: objects(&logical.shared_gateways),
            common_clients: texts(&logical.common_clients),
        },
        because: reasons.all(&pair.because),
    }
}

fn held(held: Held) -> &'static str {
    match held {
        Held::Yes => "yes",
        Held::No => "no",
        Held::Unknown => "unknown",
    }
}

fn apart(apart: Apart) -> &'static str {
    match apart {
        Apart::Separate => "separate",
        Apart::Shared => "shared",
        Apart::Unknown => "unknown",
    }
}
