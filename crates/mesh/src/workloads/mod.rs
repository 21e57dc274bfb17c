//! Workloads and the proxies they run: who has a sidecar, who is a gateway workload (V:7.4).

mod classes;
mod injection;
mod metadata;
mod policies;
mod proxy;

pub(crate) use classes::keys_mentioned_in;
pub use classes::{ProxyClass, callers_in, class_proxy, classes, classes_in, keys_mentioned};
pub(crate) use classes::{caller_keys_gathered, keys_mentioned_gathered};
pub use injection::{Injection, injection};
pub use policies::{PatchedSide, patches_for, selecting};
pub use proxy::{Proxy, ProxyKind, proxy_of};

use crate::db::{Db, Mesh, Name, name};
use crate::gateway_api::managed;
use crate::index::objects;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::sync::Arc;

/// A workload: the pods of one template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workload {
    /// The object.
    pub object: ResourceKey,
    /// Labels of the pods as istiod sees them, after injection (V:R0.3).
    pub labels: Labels,
    /// What runs beside the application.
    pub proxy: Option<ProxyKind>,
    /// Why there is or is not a proxy.
    pub injection: Injection,
    /// Replicas asked for.
    pub replicas: u32,
    /// The service account.
    pub service_account: Str,
    /// Known pod IPs.
    pub pod_ips: Vec<Str>,
    /// Container ports as (name, number, protocol).
    pub container_ports: Vec<(Str, u32, Str)>,
    /// Pod annotations.
    pub annotations: Labels,
    /// Proxy metadata (`ISTIO_META_…` without the prefix) that files set for these pods.
    pub metadata: Vec<(Str, Str)>,
    /// `hostNetwork`.
    pub host_network: bool,
}

impl Workload {
    /// The namespace.
    pub fn namespace(&self) -> &Str {
        &self.object.namespace
    }

    /// `namespace/name`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.object.namespace, self.object.name)
    }

    /// A proxy metadata value.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// The workload kinds, in the order their objects are listed.
const KINDS: [Kind; 7] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Pod,
];

/// The workloads of one namespace. Invalidated by its workload objects and its labels.
#[salsa::tracked]
pub fn workloads_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Arc<Workload>]> {
    KINDS
        .into_iter()
        .flat_map(|kind| {
            objects(db, mesh, namespace, kind)
                .iter()
                .chain(managed(db, mesh, namespace, kind))
                .cloned()
                .collect::<Vec<_>>()
        })
        .filter_map(|r| workload(db, mesh, namespace, &r))
        .map(Arc::new)
        .collect()
}

fn workload<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    object: &Resource,
) -> Option<Workload> {
    let spec = object.workload()?;
    let injection = injection(db, mesh, namespace, spec);
    // A proxy without an application, which nobody injects, is a gateway written by hand.
    let by_hand = spec.runs_router || (spec.proxy_alone && !injection.injected);
    let proxy = if by_hand || (injection.injected && injection.is_gateway_template()) {
        Some(ProxyKind::Router)
    } else if injection.injected || spec.runs_sidecar {
        Some(ProxyKind::Sidecar)
    } else {
        None
    };
    let mut labels = spec.pod_labels.clone();
    if proxy == Some(ProxyKind::Sidecar) && labels.get("security.istio.io/tlsMode").is_none() {
        labels.set("security.istio.io/tlsMode", "istio");
    }
    if proxy.is_some() {
        let app = labels
            .get("service.istio.io/canonical-name")
            .or_else(|| labels.get("app.kubernetes.io/name"))
            .or_else(|| labels.get("app"))
            .cloned()
            .unwrap_or_else(|| object.key.name.clone());
        let revision = labels
            .get("service.istio.io/canonical-revision")
            .or_else(|| labels.get("app.kubernetes.io/version"))
            .or_else(|| labels.get("version"))
            .cloned()
            .unwrap_or_else(|| "latest".into());
        labels.set("service.istio.io/canonical-name", &app);
        labels.set("service.istio.io/canonical-revision", &revision);
    }
    Some(Workload {
        object: object.key.clone(),
        labels,
        proxy,
        injection,
        replicas: spec.replicas,
        service_account: spec.service_account.clone(),
        pod_ips: spec.pod_ips.clone(),
        container_ports: spec
            .containers
            .iter()
            .flat_map(|c| c.ports.clone())
            .collect(),
        annotations: spec.pod_annotations.clone(),
        metadata: metadata::metadata(db, mesh, &object.key.namespace, spec),
        host_network: spec.host_network,
    })
}

/// All workloads of the mesh, namespace by namespace.
#[salsa::tracked]
pub fn workloads(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Workload>]> {
    let each = each_workloads(db, mesh);
    each.flat_map(|(_, workloads)| workloads.iter().cloned())
        .collect()
}

across! {
    fn each_workloads() -> Arc<[Arc<Workload>]> = workloads_in in workloads_of_group;
}

/// The gateway workloads of one namespace: an edit of an application elsewhere or here stops here.
#[salsa::tracked]
fn gateway_workloads_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Arc<Workload>]> {
    workloads_in(db, mesh, namespace)
        .iter()
        .filter(|w| w.proxy == Some(ProxyKind::Router))
        .cloned()
        .collect()
}

whole! {
    /// The gateway workloads of the mesh.
    pub fn gateway_workloads() -> Arc<[Arc<Workload>]> = gateway_workloads_gathered;
}

#[salsa::tracked]
pub(crate) fn gateway_workloads_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Workload>]> {
    let each = each_gateway_workloads(db, mesh);
    each.flat_map(|(_, workloads)| workloads.iter().cloned())
        .collect()
}

across! {
    fn each_gateway_workloads() -> Arc<[Arc<Workload>]>
        = gateway_workloads_in in gateway_workloads_of_group;
}

/// The workload with this namespace and name, whatever its kind.
pub fn find_workload(
    db: &dyn Db,
    mesh: Mesh,
    namespace: &str,
    workload_name: &str,
) -> Option<Arc<Workload>> {
    workloads_in(db, mesh, name(db, namespace))
        .iter()
        .find(|w| w.object.name == workload_name)
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mesh_of;

    fn proxy(labels: &str, containers: &str) -> Option<ProxyKind> {
        let (db, mesh) = mesh_of(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: infra, labels: {{{labels}}}}}\nspec: {{containers: [{containers}]}}\n"
        ));
        find_workload(&db, mesh, "infra", "p").unwrap().proxy
    }

    #[test]
    fn proxies_written_by_hand() {
        let router = Some(ProxyKind::Router);
        assert_eq!(
            proxy("", "{name: proxy, args: [proxy, router]}, {name: b}"),
            router
        );
        assert_eq!(proxy("", "{name: istio-proxy}"), router);
        assert_eq!(
            proxy(
                "",
                "{name: app}, {name: istio-proxy, args: [proxy, sidecar]}"
            ),
            Some(ProxyKind::Sidecar)
        );
        assert_eq!(proxy("", "{name: app}, {name: istio-proxy}"), None);
        let injected = "sidecar.istio.io/inject: 'true'";
        assert_eq!(
            proxy(injected, "{name: istio-proxy, image: auto}"),
            Some(ProxyKind::Sidecar)
        );
    }
}
