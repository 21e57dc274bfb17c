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

/// Label keys that selectors of one namespace mention and that reach beyond it or into it.
#[salsa::tracked]
fn keys_mentioned_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::new();
    let mut add = |labels: &Labels| keys.extend(labels.0.iter().map(|(k, _)| k.clone()));
    let of = |kind| {
        objects(db, mesh, namespace, kind)
            .iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    for r in of(Kind::VirtualService) {
        let Some(spec) = r.virtual_service() else {
            continue;
        };
        spec.http
            .iter()
            .flat_map(|h| &h.matches)
            .for_each(|m| add(&m.source_labels));
        let l4 = spec.tls.iter().flat_map(|t| &t.matches);
        let l4 = l4.chain(spec.tcp.iter().flat_map(|t| &t.matches));
        l4.for_each(|m| add(&m.source_labels));
    }
    for r in of(Kind::Gateway) {
        r.gateway().into_iter().for_each(|g| add(&g.selector));
    }
    for r in of(Kind::Sidecar) {
        r.sidecar()
            .and_then(|s| s.workload_selector.as_ref())
            .into_iter()
            .for_each(&mut add);
    }
    for r in of(Kind::DestinationRule) {
        let selector = r
            .destination_rule()
            .and_then(|d| d.workload_selector.as_ref());
        selector.into_iter().for_each(&mut add);
    }
    for r in of(Kind::PeerAuthentication) {
        r.peer_authentication()
            .into_iter()
            .for_each(|p| add(&p.selector));
    }
    for r in of(Kind::AuthorizationPolicy) {
        r.authorization_policy()
            .into_iter()
            .for_each(|p| add(&p.selector));
    }
    for kind in [
        Kind::EnvoyFilter,
        Kind::RequestAuthentication,
        Kind::Telemetry,
        Kind::WasmPlugin,
        Kind::TrafficExtension,
    ] {
        of(kind)
            .iter()
            .filter_map(|r| r.attached())
            .for_each(|a| add(&a.selector));
    }
    let services = of(Kind::Service);
    for r in services
        .iter()
        .chain(managed(db, mesh, namespace, Kind::Service))
    {
        r.service().into_iter().for_each(|s| add(&s.selector));
    }
    for r in of(Kind::ServiceEntry) {
        let selector = r.service_entry().and_then(|s| s.workload_selector.as_ref());
        selector.into_iter().for_each(&mut add);
    }
    Arc::new(keys)
}

/// Label keys that any selector of the mesh mentions. Changes only when a new key appears or the
/// last mention of one goes.
#[salsa::tracked]
pub fn keys_mentioned(db: &dyn Db, mesh: Mesh) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::from([Str::new_static("security.istio.io/tlsMode")]);
    for ns in namespaces(db, mesh).iter() {
        keys.extend(keys_mentioned_in(db, mesh, name(db, ns)).iter().cloned());
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
    let mut classes: Vec<ProxyClass> = Vec::new();
    for workload in workloads_in(db, mesh, namespace).iter() {
        let Some(proxy) = class_proxy(db, mesh, workload) else {
            continue;
        };
        let label = workload.label().into();
        match classes.iter_mut().find(|c| c.proxy == proxy) {
            Some(class) => class.workloads.push(label),
            None => classes.push(ProxyClass {
                proxy,
                workloads: vec![label],
            }),
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
