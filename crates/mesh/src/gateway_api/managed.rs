//! The Deployment and Service istiod creates for a Gateway without addresses (G:GWA-2), as objects
//! the registry and workloads read beside the written ones.

use super::listeners::{gateways, parent_of, port_of};
use crate::db::{Db, Mesh, Name};
use crate::index::{all_objects, facts, objects};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::gateway_api::KubernetesGateway;
use meshscope_manifest::spec::kubernetes::{Service, ServicePort, TargetPort, Workload};
use meshscope_manifest::{Body, Kind, Resource, ResourceKey, Str};
use std::sync::Arc;

/// The label that ties pods to their Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// Whether istiod creates the Deployment and Service.
pub(super) fn is_managed(db: &dyn Db, mesh: Mesh, spec: &KubernetesGateway) -> bool {
    let manual = facts(db, mesh)
        .env
        .get("ENABLE_GATEWAY_API_MANUAL_DEPLOYMENT");
    match &spec.addresses[..] {
        _ if manual == Some("false") => true,
        [] => true,
        [(kind, _)] => kind.is_empty() || kind == "IPAddress",
        _ => false,
    }
}

/// The name of the Deployment and Service.
pub(super) fn service_name(resource: &Resource, spec: &KubernetesGateway) -> Str {
    let annotation = resource
        .meta
        .annotations
        .get("gateway.istio.io/name-override");
    match annotation.filter(|n| !n.is_empty()) {
        Some(name) => name.clone(),
        None => format!("{}-{}", resource.key.name, spec.class).into(),
    }
}

/// The Deployments and Services istiod creates in one namespace, but for those the repository holds.
#[salsa::tracked]
pub fn managed_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Resource>]> {
    let mut made: Vec<Arc<Resource>> = Vec::new();
    for gateway in gateways(db, mesh, namespace) {
        let Some(spec) = gateway.kubernetes_gateway() else {
            continue;
        };
        if !is_managed(db, mesh, spec) {
            continue;
        }
        let name = service_name(&gateway, spec);
        for (kind, body) in [
            (Kind::Deployment, deployment(&gateway)),
            (Kind::Service, service(db, mesh, &gateway, spec)),
        ] {
            let written = objects(db, mesh, namespace, kind);
            let made_already = made
                .iter()
                .any(|r| r.key.kind == kind && r.key.name == name);
            if made_already || written.iter().any(|r| r.key.name == name) {
                continue;
            }
            made.push(Arc::new(Resource {
                key: ResourceKey::new(kind, gateway.key.namespace.clone(), name.clone()),
                namespace_written: true,
                meta: meshscope_manifest::Metadata {
                    labels: pod_label(&gateway),
                    created: gateway.meta.created,
                    ..Default::default()
                },
                body,
                digest: gateway.digest,
            }));
        }
    }
    made.into()
}

/// Those of one kind.
pub(crate) fn managed<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    kind: Kind,
) -> impl Iterator<Item = &'db Arc<Resource>> {
    managed_in(db, mesh, namespace)
        .iter()
        .filter(move |r| r.key.kind == kind)
}

fn pod_label(gateway: &Resource) -> Labels {
    [(GATEWAY_NAME, gateway.key.name.as_str())]
        .into_iter()
        .collect()
}

fn deployment(gateway: &Resource) -> Body {
    Body::Workload(Workload {
        pod_labels: pod_label(gateway),
        replicas: 1,
        runs_router: true,
        service_account: Str::default(),
        ..Workload::default()
    })
}

/// One port per distinct listener port of the Gateway and its ListenerSets, of the protocol of the
/// first listener on it.
fn service(db: &dyn Db, mesh: Mesh, gateway: &Resource, spec: &KubernetesGateway) -> Body {
    let port = |name: Str, number: u32, app_protocol: Str| ServicePort {
        name,
        port: number,
        protocol: Str::new_static("TCP"),
        app_protocol: Some(app_protocol),
        target_port: TargetPort::Number(number),
    };
    let mut ports = vec![port("status-port".into(), 15021, "tcp".into())];
    let sets: Vec<Arc<Resource>> = if spec.allowed_listeners.is_some() {
        let all = all_objects(db, mesh, Kind::ListenerSet);
        let ours = |s: &&Arc<Resource>| {
            parent_of(db, mesh, s).is_some_and(|parent| parent.key == gateway.key)
        };
        all.iter().filter(ours).cloned().collect()
    } else {
        Vec::new()
    };
    let of_sets = sets.iter().filter_map(|s| s.listener_set());
    let listeners = of_sets.flat_map(|s| &s.listeners);
    for listener in spec.listeners.iter().chain(listeners) {
        let number = port_of(listener);
        if number != 0 && ports.iter().all(|p| p.port != number) {
            let protocol = listener.protocol.to_lowercase().into();
            ports.push(port(listener.name.clone(), number, protocol));
        }
    }
    Body::Service(Service {
        service_type: "LoadBalancer".into(),
        selector: pod_label(gateway),
        ports,
        ..Service::default()
    })
}
