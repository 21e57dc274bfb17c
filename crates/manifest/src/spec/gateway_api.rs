//! Kubernetes Gateway API: Gateway, the routes and ReferenceGrant, as istiod reads them (G:12).

use super::{LabelSelector, virtual_service::number};
use crate::value::{Str, Value};

/// A reference to an object: (group, kind, namespace; empty means own, name).
pub type ObjectRef = (Str, Str, Str, Str);

/// A Gateway API Gateway spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KubernetesGateway {
    /// `gatewayClassName`.
    pub class: Str,
    /// `addresses` as (type; empty means IPAddress, value).
    pub addresses: Vec<(Str, Str)>,
    /// `listeners` in order.
    pub listeners: Vec<Listener>,
    /// `tls.frontend`: for a port (0 for all others) the `caCertificateRefs` clients are checked
    /// with, as (group, kind, namespace; empty means own, name).
    pub frontend: Vec<(u32, Vec<ObjectRef>)>,
    /// `allowedListeners.namespaces`: whose ListenerSets may add listeners; none when absent.
    pub allowed_listeners: Option<AllowedNamespaces>,
}

/// A ListenerSet spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListenerSet {
    /// `parentRef`.
    pub parent: ParentRef,
    /// `listeners` in order.
    pub listeners: Vec<Listener>,
}

/// One listener.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener {
    /// `name`.
    pub name: Str,
    /// `hostname`; empty means any.
    pub hostname: Str,
    /// `port`.
    pub port: u32,
    /// `protocol`.
    pub protocol: Str,
    /// `tls.mode`; empty means Terminate.
    pub tls_mode: Str,
    /// Whether `tls` is present.
    pub has_tls: bool,
    /// `tls.certificateRefs` as (group, kind, namespace; empty means own, name).
    pub certificate_refs: Vec<ObjectRef>,
    /// `tls.options` in order.
    pub tls_options: Vec<(Str, Str)>,
    /// `allowedRoutes.namespaces`.
    pub allowed_namespaces: AllowedNamespaces,
    /// `allowedRoutes.kinds` as (group, kind); empty means by protocol.
    pub allowed_kinds: Vec<(Str, Str)>,
}

/// `allowedRoutes.namespaces`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum AllowedNamespaces {
    /// The Gateway's own.
    #[default]
    Same,
    /// All.
    All,
    /// By label.
    Selector(LabelSelector),
}

/// A route of any kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// `parentRefs` in order.
    pub parent_refs: Vec<ParentRef>,
    /// `hostnames` (HTTP, GRPC, TLS).
    pub hostnames: Vec<Str>,
    /// `rules` in order.
    pub rules: Vec<RouteRule>,
}

/// A parent reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ParentRef {
    /// `group`; empty string only when written so, the Gateway API group when absent.
    pub group: Str,
    /// `kind`; `Gateway` when absent.
    pub kind: Str,
    /// `namespace`; empty means the route's own.
    pub namespace: Str,
    /// `name`.
    pub name: Str,
    /// `sectionName`.
    pub section: Str,
    /// `port`; 0 means any.
    pub port: u32,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteRule {
    /// `name`.
    pub name: Str,
    /// `matches`, undecoded: the conversion to a VirtualService reads them.
    pub matches: Vec<Value>,
    /// `filters`, undecoded.
    pub filters: Vec<Value>,
    /// `backendRefs` in order.
    pub backends: Vec<BackendRef>,
}

/// A backend reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BackendRef {
    /// `group`; empty means core.
    pub group: Str,
    /// `kind`; `Service` when absent.
    pub kind: Str,
    /// `namespace`; empty means the route's own.
    pub namespace: Str,
    /// `name`.
    pub name: Str,
    /// `port`; 0 means not given.
    pub port: u32,
    /// `weight`; 1 when absent.
    pub weight: u32,
    /// The `type` of each of its `filters`.
    pub filters: Vec<Str>,
}

/// A ReferenceGrant spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReferenceGrant {
    /// `from` as (group, kind, namespace).
    pub from: Vec<(Str, Str, Str)>,
    /// `to` as (group, kind, name; empty means all).
    pub to: Vec<(Str, Str, Str)>,
}

impl KubernetesGateway {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> KubernetesGateway {
        KubernetesGateway {
            class: spec.str_or_empty("gatewayClassName"),
            addresses: spec
                .list("addresses")
                .iter()
                .map(|a| (a.str_or_empty("type"), a.str_or_empty("value")))
                .collect(),
            listeners: spec
                .list("listeners")
                .iter()
                .map(Listener::decode)
                .collect(),
            frontend: frontend(spec.get("tls").get("frontend")),
            allowed_listeners: spec
                .get("allowedListeners")
                .field("namespaces")
                .filter(|n| n.str("from").as_deref().is_some_and(|from| from != "None"))
                .map(AllowedNamespaces::decode),
        }
    }
}

fn frontend(value: &Value) -> Vec<(u32, Vec<ObjectRef>)> {
    let refs = |tls: &Value| {
        let refs = tls.get("validation").list("caCertificateRefs");
        refs.iter().map(object_ref).collect()
    };
    let per_port = value.list("perPort").iter();
    let mut found: Vec<_> = per_port
        .map(|p| (number(p.get("port")).unwrap_or(0), refs(p.get("tls"))))
        .collect();
    found.push((0, refs(value.get("default"))));
    found
}

fn object_ref(value: &Value) -> ObjectRef {
    (
        value.str_or_empty("group"),
        value.str_or_empty("kind"),
        value.str_or_empty("namespace"),
        value.str_or_empty("name"),
    )
}

impl Listener {
    fn decode(value: &Value) -> Listener {
        let tls = value.get("tls");
        let allowed = value.get("allowedRoutes");
        Listener {
            name: value.str_or_empty("name"),
            hostname: value.str_or_empty("hostname"),
            port: number(value.get("port")).unwrap_or(0),
            protocol: value.str_or_empty("protocol"),
            tls_mode: tls.str_or_empty("mode"),
            has_tls: value.field("tls").is_some(),
            certificate_refs: tls
                .list("certificateRefs")
                .iter()
                .map(|r| {
                    (
                        r.str_or_empty("group"),
                        r.str("kind").unwrap_or_else(|| "Secret".into()),
                        r.str_or_empty("namespace"),
                        r.str_or_empty("name"),
                    )
                })
                .collect(),
            tls_options: tls
                .entries("options")
                .filter_map(|(k, v)| v.as_str().map(|v| (k.clone(), v.into())))
                .collect(),
            allowed_namespaces: AllowedNamespaces::decode(allowed.get("namespaces")),
            allowed_kinds: allowed
                .list("kinds")
                .iter()
                .map(|k| {
                    (
                        k.str("group").unwrap_or_else(gateway_api_group),
                        k.str_or_empty("kind"),
                    )
                })
                .collect(),
        }
    }
}

fn gateway_api_group() -> Str {
    Str::new_static("gateway.networking.k8s.io")
}

impl Route {
    /// Decodes a `spec` of any route kind.
    pub fn decode(spec: &Value) -> Route {
        Route {
            parent_refs: spec
                .list("parentRefs")
                .iter()
                .map(ParentRef::decode)
                .collect(),
            hostnames: spec.strings("hostnames"),
            rules: spec
                .list("rules")
                .iter()
                .map(|r| RouteRule {
                    name: r.str_or_empty("name"),
                    matches: r.list("matches").to_vec(),
                    filters: r.list("filters").to_vec(),
                    backends: r
                        .list("backendRefs")
                        .iter()
                        .map(BackendRef::decode)
                        .collect(),
                })
                .collect(),
        }
    }
}

impl ListenerSet {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> ListenerSet {
        ListenerSet {
            parent: ParentRef::decode(spec.get("parentRef")),
            listeners: spec
                .list("listeners")
                .iter()
                .map(Listener::decode)
                .collect(),
        }
    }
}

impl AllowedNamespaces {
    fn decode(value: &Value) -> AllowedNamespaces {
        match value.str_or_empty("from").as_str() {
            "All" => AllowedNamespaces::All,
            "Selector" => AllowedNamespaces::Selector(LabelSelector::decode(value.get("selector"))),
            _ => AllowedNamespaces::Same,
        }
    }
}

impl ParentRef {
    fn decode(value: &Value) -> ParentRef {
        ParentRef {
            group: value.str("group").unwrap_or_else(gateway_api_group),
            kind: value.str("kind").unwrap_or_else(|| "Gateway".into()),
            namespace: value.str_or_empty("namespace"),
            name: value.str_or_empty("name"),
            section: value.str_or_empty("sectionName"),
            port: number(value.get("port")).unwrap_or(0),
        }
    }
}

impl BackendRef {
    /// Decodes a backend reference, also that of a mirror filter.
    pub fn decode(value: &Value) -> BackendRef {
        BackendRef {
            group: value.str_or_empty("group"),
            kind: value.str("kind").unwrap_or_else(|| "Service".into()),
            namespace: value.str_or_empty("namespace"),
            name: value.str_or_empty("name"),
            port: number(value.get("port")).unwrap_or(0),
            weight: number(value.get("weight")).unwrap_or(1),
            filters: value
                .list("filters")
                .iter()
                .map(|f| f.str_or_empty("type"))
                .collect(),
        }
    }
}

impl ReferenceGrant {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> ReferenceGrant {
        let triples = |field: &str, last: &str| {
            spec.list(field)
                .iter()
                .map(|v| {
                    (
                        v.str_or_empty("group"),
                        v.str_or_empty("kind"),
                        v.str_or_empty(last),
                    )
                })
                .collect()
        };
        ReferenceGrant {
            from: triples("from", "namespace"),
            to: triples("to", "name"),
        }
    }
}
