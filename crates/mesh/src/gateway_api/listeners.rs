//! Each listener of a Gateway becomes an internal Gateway with one server (G:GWA-1..7).

use super::{GENERATED, Refused, RefusedReason, backends, managed};
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::Because;
use crate::gateways::{Gateway, Selection};
use crate::index::{cluster_objects, facts, namespace_object, namespaces, objects};
use meshscope_manifest::spec::gateway::{Server, ServerTls, TlsMode};
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

/// The listeners of the Gateways of one namespace. Invalidated by its Gateways, the classes, the
/// labels of namespaces where a selector asks for them, and grants for certificates.
#[salsa::tracked]
pub fn listeners_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Listener]> {
    let mut found = Vec::new();
    for resource in gateways(db, mesh, namespace) {
        let Some(spec) = resource.kubernetes_gateway() else {
            continue;
        };
        let hosts = services(db, mesh, &resource, spec);
        if hosts.is_empty() {
            continue;
        }
        for (index, listener) in spec.listeners.iter().enumerate() {
            found.push(build(db, mesh, &resource, &hosts, index, listener));
        }
    }
    found.into()
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
    resource: &Resource,
    hosts: &[Str],
    index: usize,
    listener: &spec::Listener,
) -> Listener {
    let namespace = &resource.key.namespace;
    let path = format!("spec.listeners[{index}]");
    let mut refused = Vec::new();
    let mut refuse = |field: &str, why: String| {
        refused.push(Refused {
            reason: RefusedReason::Listener,
            because: Because::new(&resource.key, format!("{path}{field}"), why),
        });
    };
    let tls = match server_tls(db, mesh, resource, listener) {
        Ok(tls) => tls,
        Err((field, why)) => {
            refuse(&field, why);
            None
        }
    };
    if let Some(why) = unsupported(db, mesh, &listener.protocol) {
        refuse(".protocol", why);
    }
    let server = Server {
        name: Str::default(),
        port: listener.port,
        protocol: listener.protocol.clone(),
        port_name: Str::new_static("default"),
        bind: Str::default(),
        hosts: allowed_hosts(db, mesh, namespace, listener),
        tls,
    };
    let gateway = Gateway {
        object: resource.key.clone(),
        name: format!("{}~{GENERATED}~{}", resource.key.name, listener.name).into(),
        namespace: namespace.clone(),
        created: resource.meta.created,
        listener: Some(index),
        selection: Selection::Services {
            hosts: hosts.to_vec(),
            namespace: namespace.clone(),
        },
        servers: vec![server],
    };
    Listener {
        gateway: Arc::new(gateway),
        section: listener.name.clone(),
        hostname: listener.hostname.clone(),
        port: listener.port,
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
            .filter(|ns| {
                let object = namespace_object(db, mesh, name(db, ns));
                let mut labels = object
                    .as_ref()
                    .map(|r| r.meta.labels.clone())
                    .unwrap_or_default();
                labels.set("kubernetes.io/metadata.name", ns);
                selector.matches(&labels)
            })
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

type TlsResult = Result<Option<ServerTls>, (String, String)>;

/// The TLS settings of a listener (G:GWA-6). A Secret that is not in the repository is taken to
/// exist: certificates are rarely in git.
fn server_tls(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    listener: &spec::Listener,
) -> TlsResult {
    if !listener.has_tls {
        return Ok(None);
    }
    let mut tls = ServerTls {
        mode: TlsMode::Simple,
        ..ServerTls::default()
    };
    let option = |key: &str| {
        let found = listener.tls_options.iter().find(|(k, _)| k == key);
        found.map(|(_, v)| v.as_str())
    };
    match listener.tls_mode.as_str() {
        "Passthrough" => {
            tls.mode = if is_auto_passthrough(resource, listener, option) {
                TlsMode::AutoPassthrough
            } else {
                TlsMode::Passthrough
            };
            return Ok(Some(tls));
        }
        "" | "Terminate" => {}
        _ => return Ok(Some(ServerTls::default())),
    }
    match option("gateway.istio.io/tls-terminate-mode") {
        Some("MUTUAL") => tls.mode = TlsMode::Mutual,
        Some("OPTIONAL_MUTUAL") => tls.mode = TlsMode::OptionalMutual,
        Some("ISTIO_SIMPLE") => {
            tls.credential_name = "builtin://".into();
            return Ok(Some(tls));
        }
        Some("ISTIO_MUTUAL") => {
            tls.mode = TlsMode::IstioMutual;
            return Ok(Some(tls));
        }
        _ => {}
    }
    if listener.certificate_refs.len() > 2 {
        let why = "at most two certificates (G:GWA-6)".to_owned();
        return Err((".tls.certificateRefs".to_owned(), why));
    }
    let mut names: Vec<Str> = Vec::new();
    let mut valid = 0;
    let mut error = None;
    for (i, reference) in listener.certificate_refs.iter().enumerate() {
        match certificate(db, mesh, resource, reference) {
            Ok(credential) => {
                valid += 1;
                names.push(credential);
            }
            Err(why) => {
                // The slot stays, empty: with a valid second certificate the workload's own is served
                // (G:GWA-7).
                names.push(Str::default());
                error.get_or_insert((format!(".tls.certificateRefs[{i}]"), why));
            }
        }
    }
    match (valid, error) {
        (0, Some(error)) => return Err(error),
        (0, None) => {}
        (1, _) => tls.credential_name = names.first().cloned().unwrap_or_default(),
        _ => tls.credential_names = names,
    }
    Ok(Some(tls))
}

fn is_auto_passthrough<'a>(
    resource: &Resource,
    listener: &spec::Listener,
    option: impl Fn(&str) -> Option<&'a str>,
) -> bool {
    if option("gateway.istio.io/listener-protocol") == Some("auto-passthrough") {
        return true;
    }
    let label = |key: &str| resource.meta.labels.get(key);
    if label("topology.istio.io/network").is_none() {
        return false;
    }
    let port = label("networking.istio.io/gatewayPort").and_then(|p| p.parse::<u32>().ok());
    listener.port == port.unwrap_or(15443)
}

/// The credential of a certificate reference, or why there is none.
fn certificate(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    (group, kind, namespace, secret): &(Str, Str, Str, Str),
) -> Result<Str, String> {
    if !group.is_empty() || kind != "Secret" {
        return Err(format!(
            "{kind} {secret}: only Secrets hold certificates (G:GWA-6)"
        ));
    }
    let own = &resource.key.namespace;
    let namespace = if namespace.is_empty() { own } else { namespace };
    let secrets = objects(db, mesh, name(db, namespace), Kind::Secret);
    let found = secrets.iter().find(|r| r.key.name == *secret);
    if let Some(found) = found.and_then(|r| r.secret()) {
        let has = |key: &str| found.keys.iter().any(|k| k == key);
        if !(has("tls.crt") && has("tls.key") || has("cert") && has("key")) {
            return Err(format!(
                "Secret {namespace}/{secret} holds no certificate (G:GWA-6)"
            ));
        }
    }
    let from = ("gateway.networking.k8s.io", "Gateway", own.as_str());
    if namespace != own && !backends::granted(db, mesh, from, ("", "Secret"), namespace, secret) {
        return Err(format!(
            "Secret {namespace}/{secret} needs a ReferenceGrant for Gateways of {own} (G:GWA-6)"
        ));
    }
    Ok(format!("kubernetes-gateway://{namespace}/{secret}").into())
}
