//! Proxy classes: pods that get the same configuration (V:R10.1).
//!
//! Two sidecars of a namespace are one class when they agree on every label that some selector
//! mentions. Labels nobody mentions are dropped, so that equal classes are equal values and everything
//! computed for one is computed once.

use super::{Proxy, ProxyKind, Workload, proxy_of, workloads_in};
use crate::db::{Db, Mesh, Name, name};
use crate::gateway_api::managed;
use crate::index::{namespaces, objects};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One class of proxies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProxyClass {
    /// What configuration is computed for: labels reduced to those that matter, no name.
    pub proxy: Proxy,
    /// The workloads of the class, `namespace/name`, in order; never empty.
    pub workloads: Vec<Str>,
}

/// Label keys that selectors mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentioned {
    /// By what decides about the calls that a proxy makes.
    of_callers: BTreeSet<Str>,
    /// By what decides only about the calls that reach a pod: who stands behind a service, whom a
    /// policy protects, which Gateways a gateway workload runs.
    of_receivers: BTreeSet<Str>,
}

/// Label keys that selectors of one namespace mention and that reach beyond it or into it.
#[salsa::tracked]
pub(crate) fn keys_mentioned_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<Mentioned> {
    let of = |kind| objects(db, mesh, namespace, kind).iter();
    let mut callers = BTreeSet::new();
    let mut add = |labels: &Labels| callers.extend(labels.0.iter().map(|(k, _)| k.clone()));
    for spec in of(Kind::VirtualService).filter_map(|r| r.virtual_service()) {
        spec.http
            .iter()
            .flat_map(|h| &h.matches)
            .for_each(|m| add(&m.source_labels));
        let l4 = spec.tls.iter().flat_map(|t| &t.matches);
        let l4 = l4.chain(spec.tcp.iter().flat_map(|t| &t.matches));
        l4.for_each(|m| add(&m.source_labels));
    }
    for spec in of(Kind::Sidecar).filter_map(|r| r.sidecar()) {
        spec.workload_selector.iter().for_each(&mut add);
    }
    for spec in of(Kind::DestinationRule).filter_map(|r| r.destination_rule()) {
        spec.workload_selector.iter().for_each(&mut add);
    }
    for kind in [
        Kind::EnvoyFilter,
        Kind::RequestAuthentication,
        Kind::Telemetry,
        Kind::WasmPlugin,
        Kind::TrafficExtension,
    ] {
        let attached = of(kind).filter_map(|r| r.attached());
        attached.for_each(|a| add(&a.selector));
    }
    let mut receivers = BTreeSet::new();
    let mut add = |labels: &Labels| receivers.extend(labels.0.iter().map(|(k, _)| k.clone()));
    let gateways = of(Kind::Gateway).filter_map(|r| r.gateway());
    gateways.for_each(|g| add(&g.selector));
    let policies = of(Kind::PeerAuthentication).filter_map(|r| r.peer_authentication());
    policies.for_each(|p| add(&p.selector));
    let policies = of(Kind::AuthorizationPolicy).filter_map(|r| r.authorization_policy());
    policies.for_each(|p| add(&p.selector));
    let services = of(Kind::Service).chain(managed(db, mesh, namespace, Kind::Service));
    let services = services.filter_map(|r| r.service());
    services.for_each(|s| add(&s.selector));
    for spec in of(Kind::ServiceEntry).filter_map(|r| r.service_entry()) {
        spec.workload_selector.iter().for_each(&mut add);
    }
    Arc::new(Mentioned {
        of_callers: callers,
        of_receivers: receivers,
    })
}

const TLS_MODE: Str = Str::new_static("security.istio.io/tlsMode");

whole! {
    /// Label keys that any selector of the mesh mentions. Changes only when a new key appears or the
    /// last mention of one goes.
    pub fn keys_mentioned() -> Arc<BTreeSet<Str>> = keys_mentioned_gathered;
}

#[salsa::tracked]
pub(crate) fn keys_mentioned_gathered(db: &dyn Db, mesh: Mesh) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::from([TLS_MODE]);
    for (_, mentioned) in each_mentioned(db, mesh) {
        keys.extend(mentioned.of_callers.iter().cloned());
        keys.extend(mentioned.of_receivers.iter().cloned());
    }
    Arc::new(keys)
}

across! {
    fn each_mentioned() -> Arc<Mentioned> = keys_mentioned_in in keys_mentioned_of_group;
}

whole! {
    /// Those of [`keys_mentioned`] that decide about the calls that a proxy makes.
    fn caller_keys() -> Arc<BTreeSet<Str>> = caller_keys_gathered;
}

#[salsa::tracked]
pub(crate) fn caller_keys_gathered(db: &dyn Db, mesh: Mesh) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::from([TLS_MODE]);
    for (_, mentioned) in each_mentioned(db, mesh) {
        keys.extend(mentioned.of_callers.iter().cloned());
    }
    Arc::new(keys)
}

/// The proxy of a workload as its class has it.
pub fn class_proxy(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Option<Proxy> {
    let mut proxy = proxy_of(workload)?;
    let keys = keys_mentioned(db, mesh);
    proxy.labels.0.retain(|(k, _)| keys.contains(k));
    proxy.workload = Str::default();
    Some(proxy)
}

/// The classes of the proxies of one namespace, in order of their first workload.
#[salsa::tracked]
pub fn classes_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[ProxyClass]> {
    let workloads = workloads_in(db, mesh, namespace).iter();
    let proxies = workloads.filter_map(|workload| {
        let proxy = class_proxy(db, mesh, workload)?;
        Some((proxy, vec![workload.label().into()]))
    });
    grouped(proxies)
}

/// The sidecars of one namespace that make their calls alike, in order of their first workload.
/// Coarser than [`classes_in`]: nearly every workload has a Service of its own, and so a class of its
/// own, for the calls that reach it alone.
#[salsa::tracked]
pub fn callers_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[ProxyClass]> {
    let keys = caller_keys(db, mesh);
    let classes = classes_in(db, mesh, namespace).iter();
    let sidecars = classes.filter(|c| c.proxy.kind == ProxyKind::Sidecar);
    let proxies = sidecars.map(|class| {
        let mut proxy = class.proxy.clone();
        proxy.labels.0.retain(|(k, _)| keys.contains(k));
        // Only what reaches the pod asks for its ports.
        proxy.container_ports.clear();
        (proxy, class.workloads.clone())
    });
    grouped(proxies)
}

fn grouped(proxies: impl Iterator<Item = (Proxy, Vec<Str>)>) -> Arc<[ProxyClass]> {
    let mut classes: Vec<ProxyClass> = Vec::new();
    for (proxy, workloads) in proxies {
        match classes.iter_mut().find(|c| c.proxy == proxy) {
            Some(class) => class.workloads.extend(workloads),
            None => classes.push(ProxyClass { proxy, workloads }),
        }
    }
    classes.into()
}

/// The classes of one kind in the whole mesh.
pub fn classes(db: &dyn Db, mesh: Mesh, kind: ProxyKind) -> Vec<ProxyClass> {
    namespaces(db, mesh)
        .iter()
        .flat_map(|ns| classes_in(db, mesh, name(db, ns)).to_vec())
        .filter(|c| c.proxy.kind == kind)
        .collect()
}
