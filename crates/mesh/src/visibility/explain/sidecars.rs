//! Why a Sidecar object applies to a proxy, or why not (V:3.1).

use super::Verdict;
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::facts;
use crate::visibility::{sidecar_for, sidecars_in};
use crate::workloads::Proxy;
use meshscope_manifest::{Kind, Resource, ResourceKey};

pub(super) fn explain(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    let used = sidecar_for(db, mesh, &proxy.config_namespace, &proxy.labels);
    let used = used.filter(|_| !proxy.is_router());
    if used.as_ref().is_some_and(|s| s.key == *key) {
        return (true, vec![chosen(db, mesh, proxy)]);
    }
    let (field, why) = why_not(db, mesh, proxy, key);
    let mut steps = vec![Because::new(key, field, why)];
    if used.is_some() {
        steps.push(chosen(db, mesh, proxy));
    }
    (false, steps)
}

fn why_not(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
) -> (&'static str, &'static str) {
    let own = &proxy.config_namespace;
    let listed = sidecars_in(db, mesh, name(db, &key.namespace));
    let selector = listed
        .iter()
        .find(|s| s.key == *key)
        .and_then(|s| s.sidecar()?.workload_selector.clone());
    let is_root = key.namespace == *facts(db, mesh).root();
    if proxy.is_router() {
        ("", "gateway workloads use no Sidecar (V:R3.5)")
    } else if key.namespace != *own && !is_root {
        ("metadata.namespace", "it is of another namespace (V:R3.2)")
    } else if selector
        .as_ref()
        .is_some_and(|s| key.namespace == *own && !s.subset_of(&proxy.labels))
    {
        (
            "spec.workloadSelector",
            "its selector has a label that the pods do not have (V:R3.2)",
        )
    } else if key.namespace != *own && selector.is_some() {
        (
            "spec.workloadSelector",
            "with a selector it is no default for the mesh (V:R3.3)",
        )
    } else if key.namespace != *own {
        (
            "",
            "a Sidecar of the namespace or an earlier default takes its place (V:R3.28)",
        )
    } else {
        (
            "",
            "another Sidecar comes first: one with a selector, or the older one (V:R3.1)",
        )
    }
}

/// The Sidecar a proxy uses and why; its namespace when it uses none.
pub(super) fn chosen(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Because {
    let own = &proxy.config_namespace;
    let Some(sidecar) = sidecar_for(db, mesh, own, &proxy.labels) else {
        let namespace = ResourceKey::new(Kind::Namespace, "", own.clone());
        let why = "no Sidecar applies: the proxy hears everything it may see (V:R3.4)";
        return Because::new(&namespace, "", why);
    };
    let has_selector = |s: &Resource| s.sidecar().is_some_and(|s| s.workload_selector.is_some());
    if sidecar.key.namespace != *own {
        let why = "the mesh's default: the namespace has no Sidecar for these pods (V:R3.3)";
        Because::new(&sidecar.key, "", why)
    } else if has_selector(&sidecar) {
        let why = "the first Sidecar of the namespace whose selector fits the pods (V:R3.2)";
        Because::new(&sidecar.key, "spec.workloadSelector", why)
    } else {
        let why = "the Sidecar of the namespace (V:R3.2)";
        Because::new(&sidecar.key, "", why)
    }
}
