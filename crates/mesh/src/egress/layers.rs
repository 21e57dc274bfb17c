//! The three layers that turn an egress gateway from habit into enforcement: REGISTRY_ONLY, a
//! Sidecar scope that hides what is not meant, a network policy that holds the pods (O:15, O:16).
//!
//! Each is judged for every workload of a namespace; a layer holds when it holds for all of them.

use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::{facts, key};
use crate::netpol::{Confined, confinement};
use crate::visibility::{Scope, scope_of};
use crate::workloads::{Proxy, ProxyKind, Workload, class_proxy, workloads_in};
use meshscope_manifest::{Kind, Str};
use std::sync::Arc;

/// Whether something is proved to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Held {
    /// Not: there is a counter-example.
    No,
    /// It depends on what no file says.
    Unknown,
    /// Yes.
    Yes,
}

/// One layer in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Whether it holds for every workload.
    pub held: Held,
    /// What decided, per workload; those it does not hold for come first.
    pub parts: Vec<LayerPart>,
    /// What it rests on and no file says.
    pub assumptions: Vec<Str>,
}

/// A layer on one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPart {
    /// `namespace/name`; empty when the namespace has no workload and a bare sidecar was asked.
    pub workload: Str,
    /// Whether it holds.
    pub held: Held,
    /// Why.
    pub because: Vec<Because>,
}

/// The three layers of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The namespace.
    pub namespace: Str,
    /// Unknown destinations are refused (O:3.4).
    pub registry_only: Layer,
    /// Hosts nobody listed are not visible (V:3.2).
    pub sidecar_scope: Layer,
    /// Pods cannot leave the cluster by themselves (O:16.2).
    pub network_policy: Layer,
}

impl Layers {
    /// Whether all three hold.
    pub fn enforced(&self) -> bool {
        self.all().iter().all(|(_, l)| l.held == Held::Yes)
    }

    /// The layers with the names users know them by.
    pub fn all(&self) -> [(&'static str, &Layer); 3] {
        [
            ("registry_only", &self.registry_only),
            ("sidecar_scope", &self.sidecar_scope),
            ("network_policy", &self.network_policy),
        ]
    }
}

/// Judges the layers of a namespace. Gateway workloads are not asked: they are meant to leave.
pub fn layers(db: &dyn Db, mesh: Mesh, namespace: &str) -> Layers {
    let all = workloads_in(db, mesh, name(db, namespace));
    let clients: Vec<Arc<Workload>> = all
        .iter()
        .filter(|w| w.proxy != Some(ProxyKind::Router))
        .cloned()
        .collect();
    let (mut registry, mut scope, mut policy) = (Vec::new(), Vec::new(), Vec::new());
    let mut assumptions: Vec<Str> = Vec::new();
    for workload in &clients {
        let label: Str = workload.label().into();
        let part = |(held, because)| LayerPart {
            workload: label.clone(),
            held,
            because,
        };
        match class_proxy(db, mesh, workload) {
            Some(proxy) => {
                let of = scope_of(db, mesh, &proxy);
                registry.push(part(registry_only(db, mesh, &of)));
                scope.push(part(sidecar_scope(&of, workload)));
            }
            None => {
                let why = format!("no sidecar: {}", workload.injection.why);
                let because = vec![Because::new(&workload.object, "", why)];
                registry.push(part((Held::No, because.clone())));
                scope.push(part((Held::No, because)));
            }
        }
        policy.push(part(network_policy(db, mesh, workload, &mut assumptions)));
    }
    if clients.is_empty() {
        let bare = bare(namespace);
        let of = scope_of(db, mesh, &bare.0);
        let part = |(held, because)| LayerPart {
            workload: Str::default(),
            held,
            because,
        };
        registry.push(part(registry_only(db, mesh, &of)));
        scope.push(part(sidecar_scope(&of, &bare.1)));
        policy.push(part(network_policy(db, mesh, &bare.1, &mut assumptions)));
    }
    Layers {
        namespace: namespace.into(),
        registry_only: layer(registry, Vec::new()),
        sidecar_scope: layer(scope, Vec::new()),
        network_policy: layer(policy, assumptions),
    }
}

fn layer(mut parts: Vec<LayerPart>, mut assumptions: Vec<Str>) -> Layer {
    parts.sort_by_key(|p| p.held);
    assumptions.sort();
    assumptions.dedup();
    Layer {
        held: parts.first().map_or(Held::Unknown, |p| p.held),
        parts,
        assumptions,
    }
}

/// A pod without labels: what a namespace without workloads would do to one.
pub(super) fn bare(namespace: &str) -> (Proxy, Workload) {
    let proxy = Proxy {
        kind: ProxyKind::Sidecar,
        namespace: namespace.into(),
        config_namespace: namespace.into(),
        labels: Default::default(),
        ips: Vec::new(),
        metadata: Vec::new(),
        workload: Str::default(),
        container_ports: Vec::new(),
    };
    let workload = Workload {
        object: key(Kind::Namespace, "", namespace),
        labels: Default::default(),
        proxy: Some(ProxyKind::Sidecar),
        injection: Default::default(),
        replicas: 0,
        service_account: Str::default(),
        pod_ips: Vec::new(),
        container_ports: Vec::new(),
        annotations: Default::default(),
        metadata: Vec::new(),
        host_network: false,
    };
    (proxy, workload)
}

fn registry_only(db: &dyn Db, mesh: Mesh, scope: &Scope) -> (Held, Vec<Because>) {
    let facts = facts(db, mesh);
    let held = if scope.allows_any() {
        Held::No
    } else {
        Held::Yes
    };
    let said = if scope.allows_any() {
        "ALLOW_ANY: unknown destinations pass through (O:3.4)"
    } else {
        "unknown destinations are refused (O:3.4)"
    };
    // A Sidecar replaces the policy of the mesh only when it writes one (V:R3.26).
    let by_sidecar = scope.sidecar.as_ref().filter(|sidecar| {
        let object = crate::index::resource(db, mesh, sidecar);
        object
            .as_deref()
            .and_then(|o| o.sidecar())
            .is_some_and(|s| s.outbound_traffic_policy.is_some())
    });
    let because = match by_sidecar {
        Some(sidecar) => Because::new(sidecar, "spec.outboundTrafficPolicy", said),
        None => Because::new(
            &key(Kind::ConfigMap, facts.root(), "istio"),
            "data.mesh",
            format!("meshConfig.outboundTrafficPolicy: {said}"),
        ),
    };
    (held, vec![because])
}

/// A scope hides what nobody listed unless an egress listener imports every host of every namespace.
fn sidecar_scope(scope: &Scope, workload: &Workload) -> (Held, Vec<Because>) {
    let Some(sidecar) = &scope.sidecar else {
        let why = "no Sidecar applies: every exported host is visible (V:R3.5)";
        return (Held::No, vec![Because::new(&workload.object, "", why)]);
    };
    let open = scope.listeners.iter().position(|l| l.hosts.is_everything());
    match open {
        Some(index) => {
            let path = format!("spec.egress[{index}].hosts");
            let why = "imports every host of every namespace (V:R3.6)";
            (Held::No, vec![Because::new(sidecar, path, why)])
        }
        None => {
            let why = "imports only what it lists (V:R3.6)";
            (Held::Yes, vec![Because::new(sidecar, "spec.egress", why)])
        }
    }
}

fn network_policy(
    db: &dyn Db,
    mesh: Mesh,
    workload: &Workload,
    assumptions: &mut Vec<Str>,
) -> (Held, Vec<Because>) {
    let confinement = confinement(db, mesh, workload);
    assumptions.extend(confinement.assumptions.iter().cloned());
    let holes = || {
        confinement.holes.iter().map(|h| {
            let mut because = h.because.clone();
            because.why =
                format!("lets {} {}:{} out (O:16.2)", h.protocol, h.address, h.port).into();
            because
        })
    };
    match confinement.verdict {
        Confined::Yes => (Held::Yes, confinement.policies),
        Confined::No => (Held::No, holes().collect()),
        Confined::Unknown => (Held::Unknown, holes().collect()),
        Confined::Unrestricted => {
            let why = "no network policy restricts its egress (O:16.2)";
            (Held::No, vec![Because::new(&workload.object, "", why)])
        }
        Confined::HostNetwork => {
            let why = "in the host's network, where policies do not hold (O:16.3)";
            (Held::No, vec![Because::new(&workload.object, "", why)])
        }
    }
}
