//! Which Gateways apply to a gateway workload (G:SEL-1..4, V:6.1).
//!
//! Firewalls: [`gateways_in`] per namespace; [`attached_gateways`] per proxy, equal as long as none
//! of its own Gateways changes. It must not know ports, servers or VirtualServices.

use crate::db::{Db, Mesh, Name, ProxyKey, name, proxy_key};
use crate::envoy::Because;
use crate::gateway_api;
use crate::index::{facts, namespace_and_name, objects};
use crate::workloads::Proxy;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::gateway::Server;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::cmp::Ordering;
use std::sync::Arc;

/// A Gateway as istiod uses it: an Istio Gateway, or one made of a Gateway API listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gateway {
    /// The object it comes from.
    pub object: ResourceKey,
    /// The name VirtualServices bind to; the object's, but for generated ones.
    pub name: Str,
    /// The namespace.
    pub namespace: Str,
    /// Creation time of the object.
    pub created: Option<i64>,
    /// For one made of a Gateway API listener: its index.
    pub listener: Option<usize>,
    /// Which gateway workloads it applies to.
    pub selection: Selection,
    /// Servers as written.
    pub servers: Vec<Server>,
}

/// How a Gateway chooses workloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// Every pod label of the selector must be there; an empty one takes every gateway workload of
    /// the mesh (G:SEL-3b, G:SEL-3c).
    Labels(Labels),
    /// The workloads behind these Services of one namespace (G:SEL-3a).
    Services {
        /// Hostnames.
        hosts: Vec<Str>,
        /// The namespace the Services must be in.
        namespace: Str,
    },
}

impl Gateway {
    /// `namespace/name`: what VirtualServices call it.
    pub fn label(&self) -> Str {
        format!("{}/{}", self.namespace, self.name).into()
    }

    /// The field path of a server.
    pub fn server_path(&self, index: usize) -> Str {
        match self.listener {
            Some(listener) => format!("spec.listeners[{listener}]"),
            None => format!("spec.servers[{index}]"),
        }
        .into()
    }

    /// A reason that points at a server.
    pub fn because(&self, index: usize, why: impl Into<Str>) -> Because {
        Because::new(&self.object, self.server_path(index), why)
    }

    /// Whether ports are resolved as for selectors rather than as Service ports (G:SEL-7, G:SEL-8).
    pub fn is_legacy(&self) -> bool {
        matches!(self.selection, Selection::Labels(_))
    }

    /// The order Gateways are merged in (G:ORD-1).
    pub fn order(&self, other: &Gateway) -> Ordering {
        let age = |g: &Gateway| g.created.unwrap_or(i64::MIN);
        age(self)
            .cmp(&age(other))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.namespace.cmp(&other.namespace))
    }

    /// Whether files leave open which of two Gateways is older (V:R8.3, O8).
    pub fn age_ties_with(&self, other: &Gateway) -> bool {
        self.object != other.object
            && match (self.created, other.created) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    }
}

/// A Gateway that applies to a proxy, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedGateway {
    /// The Gateway.
    pub gateway: Arc<Gateway>,
    /// Why it applies.
    pub because: Because,
}

/// The Gateways one namespace defines, those of Gateway API among them, sorted. Invalidated by its
/// Gateways and what Gateway API reads.
#[salsa::tracked]
pub fn gateways_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Gateway>]> {
    let mut found: Vec<Arc<Gateway>> = objects(db, mesh, namespace, Kind::Gateway)
        .iter()
        .filter_map(|r| gateway(r))
        .map(Arc::new)
        .collect();
    found.extend(
        gateway_api::gateways_in(db, mesh, namespace)
            .iter()
            .cloned(),
    );
    found.sort_by(|a, b| a.order(b));
    found.into()
}

fn gateway(resource: &Resource) -> Option<Gateway> {
    let spec = resource.gateway()?;
    let annotation = |key: &str| resource.meta.annotations.get(key);
    let namespace = &resource.key.namespace;
    let selection = match annotation("internal.istio.io/gateway-service") {
        Some(hosts) => Selection::Services {
            hosts: hosts.split(',').map(Str::new).collect(),
            namespace: annotation("internal.istio.io/parent-namespace")
                .filter(|ns| !ns.is_empty())
                .unwrap_or(namespace)
                .clone(),
        },
        None => Selection::Labels(spec.selector.clone()),
    };
    Some(Gateway {
        object: resource.key.clone(),
        name: resource.key.name.clone(),
        namespace: namespace.clone(),
        created: resource.meta.created,
        listener: None,
        selection,
        servers: spec.servers.clone(),
    })
}

whole! {
    /// Every Gateway of the mesh in istiod's order.
    pub fn all_gateways() -> Arc<[Arc<Gateway>]> = all_gateways_gathered;
}

#[salsa::tracked]
pub(crate) fn all_gateways_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Arc<Gateway>]> {
    let mut all: Vec<Arc<Gateway>> = each_gateways(db, mesh)
        .flat_map(|(_, gateways)| gateways.iter().cloned())
        .collect();
    all.sort_by(|a, b| a.order(b));
    all.into()
}

across! {
    fn each_gateways() -> Arc<[Arc<Gateway>]> = gateways_in in gateways_of_group;
}

/// The Gateway VirtualServices call `label` (`namespace/name`).
pub fn find_gateway(db: &dyn Db, mesh: Mesh, label: &str) -> Option<Arc<Gateway>> {
    let (namespace, gateway_name) = namespace_and_name(label)?;
    gateways_in(db, mesh, name(db, namespace))
        .iter()
        .find(|g| g.name == gateway_name)
        .cloned()
}

/// The Gateways that apply to a proxy, in merge order; none for a sidecar (G:SEL-1).
pub fn attached_gateways(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<[AttachedGateway]> {
    if !proxy.is_router() {
        return Arc::default();
    }
    attached(db, mesh, proxy_key(db, proxy)).clone()
}

/// Per proxy class. Invalidated by any Gateway, but equal unless one of its own changed.
#[salsa::tracked]
pub(super) fn attached<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ProxyKey<'db>,
) -> Arc<[AttachedGateway]> {
    let proxy = key.proxy(db);
    let scoped = facts(db, mesh).flag(Flag::ScopeGatewayToNamespace);
    all_gateways(db, mesh)
        .iter()
        .filter(|g| !scoped || g.namespace == proxy.config_namespace)
        .filter_map(|g| {
            Some(AttachedGateway {
                gateway: g.clone(),
                because: applies(db, mesh, key, g)?,
            })
        })
        .collect()
}

fn applies<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ProxyKey<'db>,
    gateway: &Gateway,
) -> Option<Because> {
    let proxy = key.proxy(db);
    match &gateway.selection {
        Selection::Services { hosts, namespace } => {
            let targets = super::targets::targets(db, mesh, key);
            let service = targets
                .iter()
                .map(|t| &t.service)
                .find(|s| s.namespace == *namespace && hosts.contains(&s.host))?;
            Some(Because::new(
                &gateway.object,
                "",
                format!("its Service {} selects the pod (G:SEL-3)", service.host),
            ))
        }
        Selection::Labels(selector) if selector.is_empty() => Some(Because::new(
            &gateway.object,
            "spec.selector",
            "no selector: applies to every gateway workload of the mesh (G:SEL-3)",
        )),
        Selection::Labels(selector) => selector.subset_of(&proxy.labels).then(|| {
            Because::new(
                &gateway.object,
                "spec.selector",
                "every label of the selector is on the pod (G:SEL-3)",
            )
        }),
    }
}
