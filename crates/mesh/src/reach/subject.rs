//! What an object is to istiod: the things it defines that proxies are configured from (V:R9.1).

use crate::db::{Db, Mesh, name};
use crate::index::{facts, namespaces, resource};
use crate::registry::{EndpointKind, Service, endpoints, services_in};
use crate::visibility::{VirtualService, virtual_services_in};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::sync::Arc;

/// An object as istiod means it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The object.
    pub key: ResourceKey,
    /// What it is.
    pub is: Role,
}

/// What an object is to proxies.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It defines services, or their endpoints.
    Services(Vec<Arc<Service>>),
    /// It is, or is merged into, VirtualServices.
    VirtualServices(Vec<Arc<VirtualService>>),
    /// A DestinationRule for this host.
    DestinationRule(Str),
    /// A Sidecar.
    Sidecar,
    /// A Gateway, of Istio or of the Gateway API.
    Gateway,
    /// A PeerAuthentication with this selector.
    PeerAuthentication(Labels),
    /// A policy or extension attached to workloads.
    Policy(Attachment),
    /// Pods, and the services they stand behind.
    Pods(Vec<Arc<Service>>),
    /// A Secret or ConfigMap: every proxy is asked, only those that use it get something (V:R9.8).
    Credential,
    /// Mesh config: a forced push to everyone (V:R9.1).
    MeshConfig,
    /// A namespace: injection and discovery of everything in it.
    Namespace,
    /// Nothing istiod reads.
    Nothing,
}

/// Which workloads a policy is attached to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attachment {
    /// The selector; empty for all.
    pub selector: Labels,
    /// `targetRefs` as (group, kind, name).
    pub target_refs: Vec<(Str, Str, Str)>,
}

/// What `key` is. An object the mesh does not hold is judged by its kind alone.
pub fn subject(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Subject {
    let object = resource(db, mesh, key);
    Subject {
        key: key.clone(),
        is: role(db, mesh, key, object.as_deref()),
    }
}

fn role(db: &dyn Db, mesh: Mesh, key: &ResourceKey, object: Option<&Resource>) -> Role {
    let own = name(db, &key.namespace);
    let services = |keep: &dyn Fn(&Service) -> bool| -> Vec<Arc<Service>> {
        let all = services_in(db, mesh, own);
        all.iter().filter(|s| keep(s)).cloned().collect()
    };
    match key.kind {
        Kind::Service | Kind::ServiceEntry => Role::Services(services(&|s| s.object == *key)),
        Kind::Endpoints | Kind::EndpointSlice => {
            let of = object.and_then(|o| o.endpoints()).map(|e| &e.service);
            Role::Services(services(&|s| s.is_kubernetes() && Some(&s.name) == of))
        }
        Kind::WorkloadEntry => Role::Services(services(&|s| {
            stands_behind(
                db,
                mesh,
                s,
                |kind| matches!(kind, EndpointKind::WorkloadEntry(k) if k == key),
            )
        })),
        kind if kind.is_workload() => Role::Pods(services(&|s| {
            stands_behind(
                db,
                mesh,
                s,
                |kind| matches!(kind, EndpointKind::Workload(w) if w.object == *key),
            )
        })),
        Kind::VirtualService
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute => Role::VirtualServices(virtual_services(db, mesh, key, object)),
        Kind::DestinationRule => {
            let host = object.and_then(|o| o.destination_rule()).map(|d| {
                let domain = &facts(db, mesh).config_domain;
                crate::names::resolve_short_name(&d.host, &key.namespace, domain)
            });
            host.map_or(Role::Nothing, Role::DestinationRule)
        }
        Kind::Sidecar => Role::Sidecar,
        Kind::Gateway | Kind::KubernetesGateway => Role::Gateway,
        Kind::PeerAuthentication => Role::PeerAuthentication(
            object
                .and_then(|o| o.peer_authentication())
                .map(|p| p.selector.clone())
                .unwrap_or_default(),
        ),
        Kind::AuthorizationPolicy => Role::Policy(
            object
                .and_then(|o| o.authorization_policy())
                .map(|p| Attachment {
                    selector: p.selector.clone(),
                    target_refs: p.target_refs.clone(),
                })
                .unwrap_or_default(),
        ),
        Kind::EnvoyFilter
        | Kind::RequestAuthentication
        | Kind::Telemetry
        | Kind::WasmPlugin
        | Kind::TrafficExtension
        | Kind::ProxyConfig => Role::Policy(
            object
                .and_then(|o| o.attached())
                .map(|a| Attachment {
                    selector: a.selector.clone(),
                    target_refs: a.target_refs.clone(),
                })
                .unwrap_or_default(),
        ),
        Kind::IstioOperator => Role::MeshConfig,
        Kind::ConfigMap if is_mesh_config(db, mesh, key) => Role::MeshConfig,
        Kind::Secret | Kind::ConfigMap => Role::Credential,
        Kind::Namespace => Role::Namespace,
        _ => Role::Nothing,
    }
}

/// ConfigMaps `istio` and `istio-REVISION` of the root namespace hold the mesh config.
fn is_mesh_config(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> bool {
    let revision = &mesh.settings(db).revision;
    key.namespace == *facts(db, mesh).root()
        && (key.name == "istio"
            || (!revision.is_empty() && key.name == format!("istio-{revision}")))
}

fn stands_behind(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    is: impl Fn(&EndpointKind) -> bool,
) -> bool {
    endpoints(db, mesh, service).iter().any(|e| is(&e.kind))
}

/// The prepared VirtualServices of an object: its own, or for a delegate every root that merges it
/// (V:R9.1: the keys pushed are the roots').
fn virtual_services(
    db: &dyn Db,
    mesh: Mesh,
    key: &ResourceKey,
    object: Option<&Resource>,
) -> Vec<Arc<VirtualService>> {
    let delegate = object
        .and_then(|o| o.virtual_service())
        .is_some_and(|v| v.is_delegate());
    if !delegate {
        let all = virtual_services_in(db, mesh, name(db, &key.namespace));
        return all.iter().filter(|v| v.object == *key).cloned().collect();
    }
    namespaces(db, mesh)
        .iter()
        .flat_map(|ns| virtual_services_in(db, mesh, name(db, ns)).to_vec())
        .filter(|v| v.http.iter().any(|r| r.object == *key))
        .collect()
}
