//! Every way round the egress gateway that files can prove (O:15B), each with the object that opens
//! it. Ways that hold for one host (a route elsewhere, a copy sent directly) are found by
//! [`super::inventory`]; here are those of workloads and of policy.

use super::layers::Held;
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::{facts, resource};
use crate::netpol::confinement;
use crate::registry::{Resolution, Source};
use crate::visibility::scope_of;
use crate::workloads::{
    PatchedSide, ProxyKind, Workload, class_proxy, patches_for, selecting, workloads_in,
};
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, Resource, Str};

/// A way to leave without the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayRound {
    /// What it is.
    pub kind: Way,
    /// The workloads that have it, `namespace/name`.
    pub workloads: Vec<Str>,
    /// The objects that open it.
    pub because: Vec<Because>,
    /// Whether a network policy closes it all the same.
    pub closed_by_policy: Held,
}

/// The ways, by row of O:15B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// Row 1: no sidecar in the pod.
    NoSidecar,
    /// Row 1: the pod is in the host's network.
    HostNetwork,
    /// Row 2: annotations take ports, ranges or interfaces out of capture.
    NotCaptured,
    /// Row 3: a container runs as the proxy's user and is not captured.
    ProxyUser,
    /// Row 3: a container may change the capture rules.
    MayChangeCapture,
    /// Row 4: only TCP is captured.
    NotTcp,
    /// Rows 6-12, 14, 25: unknown destinations pass through.
    AllowAny,
    /// Row 28: a Sidecar opens what mesh config closes.
    SidecarAllowsAny,
    /// Row 10: an entry that goes to whatever address was dialled, under any name that matches it.
    DialledAddress,
    /// Row 27: a filter may change routes; files do not say whether it does.
    Extension,
}

impl Way {
    /// The row of the catalogue (O:15B).
    pub fn row(self) -> u32 {
        match self {
            Way::NoSidecar | Way::HostNetwork => 1,
            Way::NotCaptured => 2,
            Way::ProxyUser | Way::MayChangeCapture => 3,
            Way::NotTcp => 4,
            Way::AllowAny => 6,
            Way::DialledAddress => 10,
            Way::Extension => 27,
            Way::SidecarAllowsAny => 28,
        }
    }

    /// What it means, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Way::NoSidecar => "no sidecar: nothing routes its calls",
            Way::HostNetwork => "in the host's network: nothing captures its calls",
            Way::NotCaptured => "traffic taken out of capture by annotations",
            Way::ProxyUser => "a container runs as user 1337, whose traffic is not captured",
            Way::MayChangeCapture => "a container may change the capture rules",
            Way::NotTcp => "UDP, QUIC and ICMP are not captured",
            Way::AllowAny => "unknown destinations pass through",
            Way::SidecarAllowsAny => "a Sidecar allows any destination where mesh config does not",
            Way::DialledAddress => {
                "an entry without resolution goes to whatever address was dialled"
            }
            Way::Extension => "an EnvoyFilter or extension may change where calls go",
        }
    }
}

/// The annotations that take traffic out of capture or choose what is captured.
const CAPTURE: [&str; 7] = [
    "traffic.sidecar.istio.io/excludeOutboundPorts",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges",
    "traffic.sidecar.istio.io/includeOutboundIPRanges",
    "traffic.sidecar.istio.io/includeOutboundPorts",
    "traffic.sidecar.istio.io/excludeInterfaces",
    "sidecar.istio.io/interceptionMode",
    "sidecar.istio.io/bootstrapOverride",
];

/// The user and group of the proxy.
const PROXY_USER: i64 = 1337;

/// The ways round of one namespace's workloads, by row.
pub fn ways_round(db: &dyn Db, mesh: Mesh, namespace: &str) -> Vec<WayRound> {
    let mut found: Vec<WayRound> = Vec::new();
    let all = workloads_in(db, mesh, name(db, namespace));
    for workload in all.iter().filter(|w| w.proxy != Some(ProxyKind::Router)) {
        let confinement = confinement(db, mesh, workload);
        let closed = match confinement.verdict {
            crate::netpol::Confined::Yes => Held::Yes,
            crate::netpol::Confined::Unknown => Held::Unknown,
            _ => Held::No,
        };
        for (kind, because) in of_workload(db, mesh, workload) {
            let label: Str = workload.label().into();
            let same = found
                .iter_mut()
                .find(|w| w.kind == kind && w.closed_by_policy == closed);
            match same {
                Some(way) => {
                    if !way.workloads.contains(&label) {
                        way.workloads.push(label);
                    }
                    if !way.because.contains(&because) {
                        way.because.push(because);
                    }
                }
                None => found.push(WayRound {
                    kind,
                    workloads: vec![label],
                    because: vec![because],
                    closed_by_policy: closed,
                }),
            }
        }
    }
    found.sort_by_key(|w| (w.kind.row(), w.kind, w.closed_by_policy));
    found
}

fn of_workload(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Vec<(Way, Because)> {
    let mut found = Vec::new();
    let mut add = |kind: Way, path: &str, why: &str| {
        found.push((kind, Because::new(&workload.object, path, why)));
    };
    if workload.host_network {
        add(
            Way::HostNetwork,
            "spec.template.spec.hostNetwork",
            "never injected, and policies do not hold (O:15B 1)",
        );
        return found;
    }
    if workload.proxy.is_none() {
        let why = format!("no sidecar: {} (O:15B 1)", workload.injection.why);
        add(Way::NoSidecar, "", &why);
        return found;
    }
    for annotation in CAPTURE {
        let Some(value) = workload.annotations.get(annotation) else {
            continue;
        };
        if is_harmless(annotation, value) {
            continue;
        }
        let path = format!("spec.template.metadata.annotations[{annotation:?}]");
        add(Way::NotCaptured, &path, &format!("{value:?} (O:15B 2)"));
    }
    if let Some(object) = resource(db, mesh, &workload.object) {
        found.extend(of_containers(&object));
    }
    found.push((
        Way::NotTcp,
        Because::new(
            &workload.object,
            "",
            "a sidecar captures TCP only (O:15B 4)",
        ),
    ));
    found.extend(of_scope(db, mesh, workload));
    found
}

/// `*` captures everything; `REDIRECT` and `TPROXY` are ways to capture; an empty list excludes
/// nothing.
fn is_harmless(annotation: &str, value: &str) -> bool {
    match annotation {
        "traffic.sidecar.istio.io/includeOutboundIPRanges" => value == "*",
        // Adds to what is captured unless ranges are restricted, which shows by itself.
        "traffic.sidecar.istio.io/includeOutboundPorts" => true,
        "sidecar.istio.io/interceptionMode" => value != "NONE",
        _ => value.is_empty(),
    }
}

fn of_containers(object: &Resource) -> Vec<(Way, Because)> {
    let Some(spec) = object.workload() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut add = |kind, path: String, why: &str| {
        found.push((kind, Because::new(&object.key, path, why)));
    };
    if spec.run_as_user == Some(PROXY_USER) {
        let path = "spec.template.spec.securityContext.runAsUser".to_owned();
        add(
            Way::ProxyUser,
            path,
            "the proxy's own user is not captured (O:15B 3)",
        );
    }
    for (i, container) in spec.containers.iter().enumerate() {
        if container.name == "istio-proxy" {
            continue;
        }
        let at =
            |field: &str| format!("spec.template.spec.containers[{i}].securityContext.{field}");
        if container.run_as_user == Some(PROXY_USER) {
            add(
                Way::ProxyUser,
                at("runAsUser"),
                "the proxy's own user is not captured (O:15B 3)",
            );
        }
        let mighty =
            |c: &&Str| matches!(c.as_str(), "NET_ADMIN" | "PRIVILEGED" | "ALL" | "SYS_ADMIN");
        if let Some(capability) = container.capabilities.iter().find(mighty) {
            let field = if capability == "PRIVILEGED" {
                "privileged"
            } else {
                "capabilities.add"
            };
            add(
                Way::MayChangeCapture,
                at(field),
                "can flush the rules that capture traffic (O:15B 3)",
            );
        }
    }
    found
}

fn of_scope(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Vec<(Way, Because)> {
    let Some(proxy) = class_proxy(db, mesh, workload) else {
        return Vec::new();
    };
    let facts = facts(db, mesh);
    let scope = scope_of(db, mesh, &proxy);
    let mut found = Vec::new();
    if scope.allows_any() {
        let mesh_refuses = facts.config.outbound_traffic_policy.mode
            != meshscope_manifest::spec::sidecar::OutboundMode::AllowAny;
        let (kind, because) = match (&scope.sidecar, mesh_refuses) {
            (Some(sidecar), true) => (
                Way::SidecarAllowsAny,
                Because::new(
                    sidecar,
                    "spec.outboundTrafficPolicy",
                    "overrides the REGISTRY_ONLY of mesh config (O:15B 28, V:R3.26)",
                ),
            ),
            _ => (
                Way::AllowAny,
                Because::new(
                    &crate::index::key(Kind::ConfigMap, facts.root(), "istio"),
                    "data.mesh",
                    "ALLOW_ANY: what nothing claims goes to the dialled address (O:15B 6)",
                ),
            ),
        };
        found.push((kind, because));
    }
    for member in scope.services.iter() {
        let service = &member.service;
        if service.source == Source::External && service.resolution == Resolution::Passthrough {
            found.push((
                Way::DialledAddress,
                Because::new(
                    &service.object,
                    "spec.resolution",
                    format!(
                        "{} goes to the address that was dialled, whatever it is (O:15B 10)",
                        service.host
                    ),
                ),
            ));
        }
    }
    if !facts.flag(Flag::Ambient) {
        found.extend(extensions(db, mesh, workload));
    }
    found
}

/// EnvoyFilters and extensions that select the pods (O:18.1, O:18.2).
fn extensions(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Vec<(Way, Because)> {
    let why = "may change where calls go; files do not say whether it does (O:15B 27)";
    [Kind::EnvoyFilter, Kind::WasmPlugin, Kind::TrafficExtension]
        .into_iter()
        .flat_map(|kind| selecting(db, mesh, kind, workload.namespace(), &workload.labels))
        .filter(|object| may_reroute(object))
        .map(|object| (Way::Extension, Because::new(&object.key, "spec", why)))
        .collect()
}

/// Whether an EnvoyFilter touches the outbound side of sidecars at all.
fn may_reroute(object: &Resource) -> bool {
    object.key.kind != Kind::EnvoyFilter
        || object
            .attached()
            .is_some_and(|a| patches_for(&a.spec, PatchedSide::Outbound).next().is_some())
}
