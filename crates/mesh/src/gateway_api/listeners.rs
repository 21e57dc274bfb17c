//! Each listener of a Gateway becomes an internal Gateway with one server (G:GWA-1..7).

use super::certificates::server_tls;
use super::{GENERATED, ListenerFault, Refused, RefusedReason, managed};
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::Because;
use crate::gateways::{Gateway, Selection};
use crate::index::{cluster_objects, facts, namespace_object, namespaces, objects};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::gateway::Server;
use meshscope_manifest::spec::gateway_api::{self as spec, AllowedNamespaces, KubernetesGateway};
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Body, Kind, Resource, Str};
use std::sync::Arc;

/// A listener and what istiod makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// The internal Gateway; routes are attached to it even when it is not programmed.
    pub gateway: Arc<Gateway>,
    /// `sectionName` of references.
    pub section: Str,
    /// The hostname as written; empty for any.
    pub hostname: Str,
    /// The port.
    pub port: u32,
    /// The protocol.
    pub protocol: Str,
    /// The kinds of routes it takes.
    pub kinds: Vec<Kind>,
    /// Why it is not programmed; empty when it is (G:GWA-7).
    pub refused: Vec<Refused>,
}

/// The class that needs no GatewayClass object, and the controller that makes any class ours (G:GWA-1).
const BUILT_IN: &str = "istio";
const CONTROLLER: &str = "istio.io/gateway-controller";

/// Whether istiod programs Gateways of a class.
pub(super) fn is_ours(db: &dyn Db, mesh: Mesh, class: &str) -> bool {
    let classes = cluster_objects(db, mesh, Kind::GatewayClass);
    match classes
        .iter()
        .find(|c| c.key.name == class)
        .map(|c| &c.body)
    {
        Some(Body::GatewayClass(controller)) => controller == CONTROLLER,
        _ => class == BUILT_IN,
    }
}

/// The Gateways of one namespace that istiod programs.
pub(super) fn gateways(db: &dyn Db, mesh: Mesh, namespace: Name<'_>) -> Vec<Arc<Resource>> {
    if !facts(db, mesh).flag(Flag::GatewayApi) {
        return Vec::new();
    }
    objects(db, mesh, namespace, Kind::KubernetesGateway)
        .iter()
        .filter(|r| {
            let spec = r.kubernetes_gateway();
            spec.is_some_and(|s| is_ours(db, mesh, &s.class))
        })
        .cloned()
        .collect()
}

/// Who writes a listener: a Gateway, or a ListenerSet for a Gateway.
pub(super) struct Owner<'a> {
    /// The object that writes it.
    pub object: &'a Resource,
    /// The Gateway.
    pub parent: &'a Resource,
    /// The Gateway's spec.
    pub spec: &'a KubernetesGateway,
}

/// The listeners of the Gateways and ListenerSets of one namespace. Invalidated by these, the
/// Gateways ListenerSets name, the classes, the labels of namespaces where a selector asks for them,
/// and grants for certificates.
#[salsa::tracked]
pub fn listeners_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Listener]> {
    let mut found = Vec::new();
    let mut add = |owner: Owner<'_>, listeners: &[spec::Listener]| {
        let hosts = services(db, mesh, owner.parent, owner.spec);
        if hosts.is_empty() {
            return;
        }
        for (index, listener) in listeners.iter().enumerate() {
            found.push(build(db, mesh, &owner, &hosts, index, listener));
        }
    };
    for resource in gateways(db, mesh, namespace) {
        if let Some(spec) = resource.kubernetes_gateway() {
            let owner = Owner {
                object: &resource,
                parent: &resource,
                spec,
            };
            add(owner, &spec.listeners);
        }
    }
    for set in objects(db, mesh, namespace, Kind::ListenerSet).iter() {
        let parent = parent_of(db, mesh, set);
        let Some((parent, own)) = parent.as_ref().zip(set.listener_set()) else {
            continue;
        };
        if let Some(spec) = parent.kubernetes_gateway() {
            let owner = Owner {
                object: set,
                parent,
                spec,
            };
            add(owner, &own.listeners);
        }
    }
    found.into()
}

/// The Gateway a ListenerSet adds to, when that lets its namespace (G:GWA-13).
pub(super) fn parent_of(db: &dyn Db, mesh: Mesh, set: &Resource) -> Option<Arc<Resource>> {
    let (parent, is_admitted) = named_parent(db, mesh, set)?;
    is_admitted.then_some(parent)
}

/// The Gateway a ListenerSet names, when istiod programs it, and whether it lets the set's namespace add
/// listeners (G:GWA-13).
pub fn named_parent(db: &dyn Db, mesh: Mesh, set: &Resource) -> Option<(Arc<Resource>, bool)> {
    let parent = &set.listener_set()?.parent;
    let own = &set.key.namespace;
    let named = (parent.group.as_str(), parent.kind.as_str());
    if named != ("gateway.networking.k8s.io", "Gateway") {
        return None;
    }
    let namespace = if parent.namespace.is_empty() {
        own
    } else {
        &parent.namespace
    };
    let found = gateways(db, mesh, name(db, namespace))
        .into_iter()
        .find(|g| g.key.name == parent.name)?;
    let allowed = match &found.kubernetes_gateway()?.allowed_listeners {
        None => false,
        Some(AllowedNamespaces::All) => true,
        Some(AllowedNamespaces::Same) => own == namespace,
        Some(AllowedNamespaces::Selector(selector)) => selector.matches(&labels_of(db, mesh, own)),
    };
    Some((found, allowed))
}

/// The labels of a namespace, with the one every namespace has.
fn labels_of(db: &dyn Db, mesh: Mesh, namespace: &str) -> Labels {
    let object = namespace_object(db, mesh, name(db, namespace));
    let mut labels = object
        .as_ref()
        .map(|r| r.meta.labels.clone())
        .unwrap_or_default();
    labels.set("kubernetes.io/metadata.name", namespace);
    labels
}

/// The port of a listener: ListenerSets may leave it out for HTTP and HTTPS (G:GWA-13).
pub(super) fn port_of(listener: &spec::Listener) -> u32 {
    match (listener.port, listener.protocol.as_str()) {
        (0, "HTTP") => 80,
        (0, "HTTPS") => 443,
        (port, _) => port,
    }
}

/// The internal Gateways of one namespace: the listeners without errors.
#[salsa::tracked]
pub fn gateways_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Gateway>]> {
    listeners_in(db, mesh, namespace)
        .iter()
        .filter(|l| l.refused.is_empty())
        .map(|l| l.gateway.clone())
        .collect()
}

/// The Services whose pods serve a Gateway (G:GWA-2).
fn services(db: &dyn Db, mesh: Mesh, resource: &Resource, spec: &KubernetesGateway) -> Vec<Str> {
    let domain = &facts(db, mesh).domain;
    let namespace = &resource.key.namespace;
    let full = |service: &str| format!("{service}.{namespace}.svc.{domain}").into();
    if managed::is_managed(db, mesh, spec) {
        return vec![full(&managed::service_name(resource, spec))];
    }
    spec.addresses
        .iter()
        .filter(|(kind, _)| kind.is_empty() || kind == "Hostname")
        .map(|(_, value)| {
            if value.contains('.') {
                value.clone()
            } else {
                full(value)
            }
        })
        .collect()
}

fn build(
    db: &dyn Db,
    mesh: Mesh,
    owner: &Owner<'_>,
    hosts: &[Str],
    index: usize,
    listener: &spec::Listener,
) -> Listener {
    let resource = owner.object;
    let namespace = &resource.key.namespace;
    let port = port_of(listener);
    let path = format!("spec.listeners[{index}]");
    let mut refused = Vec::new();
    let mut refuse = |fault: ListenerFault, field: &str, why: String| {
        refused.push(Refused {
            reason: RefusedReason::Listener(fault),
            because: Because::new(&resource.key, format!("{path}{field}"), why),
        });
    };
    let tls = match server_tls(db, mesh, owner, listener) {
        Ok(tls) => tls,
        Err((fault, field, why)) => {
            refuse(fault, &field, why);
            None
        }
    };
    if let Some(why) = unsupported(db, mesh, &listener.protocol) {
        refuse(ListenerFault::Protocol, ".protocol", why);
    }
    if port == 0 {
        let why = "a listener needs a port (G:GWA-13)".to_owned();
        refuse(ListenerFault::Port, ".port", why);
    }
    let server = Server {
        name: Str::default(),
        port,
        protocol: listener.protocol.clone(),
        port_name: Str::new_static("default"),
        bind: Str::default(),
        hosts: allowed_hosts(db, mesh, namespace, listener),
        tls,
        tls_without_mode: false,
    };
    let gateway = Gateway {
        object: resource.key.clone(),
        name: format!("{}~{GENERATED}~{}", resource.key.name, listener.name).into(),
        namespace: namespace.clone(),
        created: resource.meta.created,
        listener: Some(index),
        selection: Selection::Services {
            hosts: hosts.to_vec(),
            namespace: owner.parent.key.namespace.clone(),
        },
        servers: vec![server],
    };
    Listener {
        gateway: Arc::new(gateway),
        section: listener.name.clone(),
        hostname: listener.hostname.clone(),
        port,
        protocol: listener.protocol.clone(),
        kinds: kinds(listener),
        refused,
    }
}

/// Why a protocol is not supported (G:GWA-5).
fn unsupported(db: &dyn Db, mesh: Mesh, protocol: &str) -> Option<String> {
    match protocol {
        "HTTP" | "HTTPS" | "TLS" => None,
        "TCP" if facts(db, mesh).flag(Flag::AlphaGatewayApi) => None,
        "TCP" => Some("TCP needs PILOT_ENABLE_ALPHA_GATEWAY_API (G:GWA-5)".to_owned()),
        other => Some(format!("protocol {other} is not supported (G:GWA-5)")),
    }
}

/// The hosts with the namespaces whose routes may use them (G:GWA-4).
fn allowed_hosts(db: &dyn Db, mesh: Mesh, own: &str, listener: &spec::Listener) -> Vec<Str> {
    let hostname = if listener.hostname.is_empty() {
        "*"
    } else {
        &listener.hostname
    };
    let allowed: Vec<Str> = match &listener.allowed_namespaces {
        AllowedNamespaces::Same => vec![own.into()],
        AllowedNamespaces::All => vec!["*".into()],
        AllowedNamespaces::Selector(selector) => namespaces(db, mesh)
            .iter()
            .filter(|ns| selector.matches(&labels_of(db, mesh, ns)))
            .cloned()
            .collect(),
    };
    if allowed.is_empty() {
        return vec![format!("~/{hostname}").into()];
    }
    let host = |ns: &Str| format!("{ns}/{hostname}").into();
    allowed.iter().map(host).collect()
}

/// The kinds of routes a listener takes (G:GWA-8).
fn kinds(listener: &spec::Listener) -> Vec<Kind> {
    let mut kinds = match listener.protocol.as_str() {
        "HTTP" | "HTTPS" => vec![Kind::HttpRoute, Kind::GrpcRoute],
        "TCP" => vec![Kind::TcpRoute],
        // Kubernetes fills in `mode: Terminate`.
        "TLS" if listener.has_tls && matches!(listener.tls_mode.as_str(), "" | "Terminate") => {
            vec![Kind::TlsRoute, Kind::TcpRoute]
        }
        "TLS" => vec![Kind::TlsRoute],
        _ => Vec::new(),
    };
    let allowed = &listener.allowed_kinds;
    kinds.retain(|k| {
        allowed.is_empty()
            || allowed
                .iter()
                .any(|(group, kind)| kind == k.name() && group == k.group())
    });
    kinds
}
