//! Why a proxy has an object, or why not: a chain of objects and fields, each with its rule.
//!
//! Every answer is read off the values that decide (exports, scopes, tables), never found by a second
//! implementation: what is explained is what is computed.

mod rules;
mod services;
mod sidecars;
mod virtual_services;
mod visible_to;

pub use visible_to::{VisibleTo, visible_to};

use super::ambiguity::{Ambiguity, ambiguities};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::attached_gateways;
use crate::index::{definitions, is_discovered, resource};
use crate::workloads::{Proxy, Workload, proxy_of};
use meshscope_manifest::{Kind, ResourceKey};

/// Whether a proxy has an object, and the chain of reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it has it.
    pub present: bool,
    /// The reasons in the order istiod decides; never empty.
    pub steps: Vec<Because>,
    /// Decisions about the object that files leave open (V:R8.3).
    pub ambiguities: Vec<Ambiguity>,
}

/// What a part of the explanation answers.
type Verdict = (bool, Vec<Because>);

/// Why a proxy has an object, or why not.
pub fn explain(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Explanation {
    let (present, steps) = reasons(db, mesh, proxy, key);
    let ambiguities = match resource(db, mesh, key) {
        Some(_) => ambiguities(db, mesh, proxy)
            .into_iter()
            .filter(|a| a.objects.contains(key))
            .collect(),
        None => Vec::new(),
    };
    Explanation {
        present,
        steps,
        ambiguities,
    }
}

/// The same for the pods of a workload, which may have no proxy at all.
pub fn explain_workload(
    db: &dyn Db,
    mesh: Mesh,
    workload: &Workload,
    key: &ResourceKey,
) -> Explanation {
    match proxy_of(workload) {
        Some(proxy) => explain(db, mesh, &proxy, key),
        None => Explanation {
            present: false,
            steps: vec![Because::new(
                &workload.object,
                "spec.template.metadata",
                format!("no proxy in these pods: {}", workload.injection.why),
            )],
            ambiguities: Vec::new(),
        },
    }
}

/// Presence and reasons, without looking for ambiguities.
pub fn reasons(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> (bool, Vec<Because>) {
    if let Some(why) = unread(db, mesh, key) {
        return (false, vec![why]);
    }
    match key.kind {
        Kind::Service | Kind::ServiceEntry => services::explain(db, mesh, proxy, key),
        Kind::VirtualService => virtual_services::explain(db, mesh, proxy, key),
        Kind::DestinationRule => rules::explain(db, mesh, proxy, key),
        Kind::Sidecar => sidecars::explain(db, mesh, proxy, key),
        Kind::Gateway => gateway(db, mesh, proxy, key),
        _ => {
            let why = "visibility is decided for Service, ServiceEntry, VirtualService, \
                       DestinationRule, Sidecar and Gateway only";
            (false, vec![Because::new(key, "", why)])
        }
    }
}

/// Why istiod does not read an object at all.
fn unread(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Option<Because> {
    if resource(db, mesh, key).is_some() {
        return None;
    }
    if definitions(db, mesh, key).is_empty() {
        return Some(Because::new(key, "", "no manifest of the mesh holds it"));
    }
    if !is_discovered(db, mesh, name(db, &key.namespace)) {
        let namespace = ResourceKey::new(Kind::Namespace, "", key.namespace.clone());
        let why = format!(
            "meshConfig.discoverySelectors do not select namespace {}: istiod reads nothing of it \
             (V:R7.3)",
            key.namespace
        );
        return Some(Because::new(&namespace, "metadata.labels", why));
    }
    let revision = &mesh.settings(db).revision;
    Some(Because::new(
        key,
        "metadata.labels",
        format!("its istio.io/rev label is for another istiod than revision {revision} (V:R7.4)"),
    ))
}

fn gateway(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    if !proxy.is_router() {
        let why = "Gateways apply to gateway workloads, not to sidecars (V:R6.4)";
        return (false, vec![Because::new(key, "spec.selector", why)]);
    }
    let attached = attached_gateways(db, mesh, proxy);
    match attached.iter().find(|a| a.gateway.object == *key) {
        Some(attached) => (true, vec![attached.because.clone()]),
        None => {
            let why = "its selector has a label that the pods do not have (V:R6.2)";
            (false, vec![Because::new(key, "spec.selector", why)])
        }
    }
}
