//! A VirtualService as istiod uses it: names completed, delegates merged in (V:4.1).

use super::delegate;
use crate::db::{Db, Mesh, Name};
use crate::index::{facts, objects};
use crate::names::{gateway_name, resolve_short_name};
use meshscope_manifest::spec::virtual_service::{
    self as spec, HttpRule, L4Match, RouteDestination,
};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::cmp::Ordering;
use std::sync::Arc;

/// A prepared VirtualService.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualService {
    /// The object it comes from: a VirtualService, or a Gateway API route.
    pub object: ResourceKey,
    /// The name istiod orders it by; the object's, but for generated ones.
    pub name: Str,
    /// The namespace, against which exports and gateway hosts are checked.
    pub namespace: Str,
    /// Creation time.
    pub created: Option<i64>,
    /// Gateway API semantics (V:R4.2): no short names, exact import, path-segment prefixes.
    pub gateway_semantics: bool,
    /// Hosts, completed.
    pub hosts: Vec<Str>,
    /// Gateways as `namespace/name` or `mesh`; `[mesh]` when none are written (V:R2.6).
    pub gateways: Vec<Str>,
    /// exportTo as written.
    pub export_to: Vec<Str>,
    /// HTTP routes in order, delegates merged.
    pub http: Vec<HttpRoute>,
    /// TLS routes in order.
    pub tls: Vec<L4Route>,
    /// TCP routes in order.
    pub tcp: Vec<L4Route>,
}

// Floats occur only as percentages, which are never NaN once written.
impl Eq for VirtualService {}

/// An HTTP route and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRoute {
    /// The rule, names completed.
    pub rule: HttpRule,
    /// The object whose `spec.http[index]` this is: a delegate's own for merged routes.
    pub object: ResourceKey,
    /// Index in that object.
    pub index: usize,
    /// Index of the root's rule that delegates here, for merged routes.
    pub delegated_by: Option<usize>,
    /// For each match of the rule: where it is written.
    pub match_places: Vec<MatchPlace>,
}

/// Where one match of a route is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchPlace {
    /// In the root rule rather than in the rule itself.
    pub in_root: bool,
    /// Index in that rule's `match`.
    pub index: usize,
}

/// A TLS or TCP route.
#[derive(Clone, Debug, PartialEq)]
pub struct L4Route {
    /// Matches, gateways completed.
    pub matches: Vec<L4Match>,
    /// Destinations, hosts completed.
    pub route: Vec<RouteDestination>,
    /// Index in `spec.tls` or `spec.tcp`.
    pub index: usize,
}

impl VirtualService {
    /// Whether it is bound to the gateway `name` (`namespace/name` or `mesh`).
    pub fn is_bound_to(&self, gateway: &str) -> bool {
        self.gateways.iter().any(|g| g == gateway)
    }

    /// The rank istiod processes it by: age, name, namespace (V:R0.19).
    pub fn order(&self, other: &VirtualService) -> Ordering {
        let key = |v: &VirtualService| v.created.unwrap_or(i64::MIN);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.namespace.cmp(&other.namespace))
    }

    /// Every destination of every route, mirrors included, with the HTTP route it belongs to.
    pub fn destinations(&self) -> impl Iterator<Item = (Option<&HttpRoute>, &spec::Destination)> {
        let http = self.http.iter().flat_map(|route| {
            let mirrors = route.rule.mirrors.iter().map(|m| &m.destination);
            let routes = route.rule.route.iter().map(|r| &r.destination);
            routes.chain(mirrors).map(move |d| (Some(route), d))
        });
        let l4 = self.tls.iter().chain(&self.tcp).flat_map(|r| &r.route);
        http.chain(l4.map(|r| (None, &r.destination)))
    }
}

/// The prepared VirtualServices of one namespace in istiod's order; delegates are not among them
/// (V:R4.1). Reads other namespaces only through the delegates it names.
#[salsa::tracked]
pub fn virtual_services_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let mut prepared: Vec<Arc<VirtualService>> = objects(db, mesh, namespace, Kind::VirtualService)
        .iter()
        .filter_map(|r| prepare(db, mesh, r))
        .map(Arc::new)
        .collect();
    prepared.extend(
        crate::gateway_api::virtual_services_in(db, mesh, namespace)
            .iter()
            .cloned(),
    );
    prepared.sort_by(|a, b| a.order(b));
    prepared.into()
}

fn prepare(db: &dyn Db, mesh: Mesh, resource: &Resource) -> Option<VirtualService> {
    let spec = resource.virtual_service()?;
    if spec.is_delegate() {
        return None;
    }
    completed(db, mesh, resource)
}

/// A VirtualService with its names completed, also one without hosts, which acts only as a delegate.
pub fn completed(db: &dyn Db, mesh: Mesh, resource: &Resource) -> Option<VirtualService> {
    let spec = resource.virtual_service()?;
    let gateway_semantics = resource
        .meta
        .annotations
        .get("internal.istio.io/route-semantics")
        .map(Str::as_str)
        == Some("gateway");
    let facts = facts(db, mesh);
    let namespace = &resource.key.namespace;
    let domain = &facts.config_domain;
    let names = Names {
        namespace,
        domain,
        literal: gateway_semantics,
    };
    let gateways: Vec<Str> = if spec.gateways.is_empty() {
        vec!["mesh".into()]
    } else {
        spec.gateways.iter().map(|g| names.gateway(g)).collect()
    };
    let mut http = Vec::new();
    for (index, rule) in spec.http.iter().enumerate() {
        let route = names.http_route(&resource.key, index, rule);
        if rule.delegate.is_some() && !gateway_semantics {
            http.extend(delegate::merged(db, mesh, &resource.key, &route));
        } else {
            http.push(route);
        }
    }
    Some(VirtualService {
        object: resource.key.clone(),
        name: resource.key.name.clone(),
        namespace: namespace.clone(),
        created: resource.meta.created,
        gateway_semantics,
        hosts: spec.hosts.iter().map(|h| names.host(h)).collect(),
        gateways,
        export_to: spec.export_to.clone(),
        http,
        tls: spec
            .tls
            .iter()
            .enumerate()
            .map(|(i, r)| names.l4(i, &r.matches, &r.route))
            .collect(),
        tcp: spec
            .tcp
            .iter()
            .enumerate()
            .map(|(i, r)| names.l4(i, &r.matches, &r.route))
            .collect(),
    })
}

/// Completes the names of one object (V:R0.16, V:R0.18).
pub(super) struct Names<'a> {
    pub namespace: &'a str,
    pub domain: &'a str,
    /// Names are taken as they are (gateway semantics).
    pub literal: bool,
}

impl Names<'_> {
    fn host(&self, host: &Str) -> Str {
        if self.literal {
            host.clone()
        } else {
            resolve_short_name(host, self.namespace, self.domain)
        }
    }

    fn gateway(&self, gateway: &Str) -> Str {
        if self.literal {
            gateway.clone()
        } else {
            gateway_name(gateway, self.namespace)
        }
    }

    pub(super) fn http_route(
        &self,
        object: &ResourceKey,
        index: usize,
        rule: &HttpRule,
    ) -> HttpRoute {
        let mut rule = rule.clone();
        for destination in rule
            .route
            .iter_mut()
            .map(|r| &mut r.destination)
            .chain(rule.mirrors.iter_mut().map(|m| &mut m.destination))
        {
            destination.host = self.host(&destination.host);
        }
        for matching in &mut rule.matches {
            for gateway in &mut matching.gateways {
                *gateway = self.gateway(gateway);
            }
        }
        let match_places = (0..rule.matches.len())
            .map(|index| MatchPlace {
                in_root: false,
                index,
            })
            .collect();
        HttpRoute {
            rule,
            object: object.clone(),
            index,
            delegated_by: None,
            match_places,
        }
    }

    fn l4(&self, index: usize, matches: &[L4Match], route: &[RouteDestination]) -> L4Route {
        let mut matches = matches.to_vec();
        for gateway in matches.iter_mut().flat_map(|m| &mut m.gateways) {
            *gateway = self.gateway(gateway);
        }
        let mut route = route.to_vec();
        for destination in route.iter_mut().map(|r| &mut r.destination) {
            destination.host = self.host(&destination.host);
        }
        L4Route {
            matches,
            route,
            index,
        }
    }
}

/// The delegates that the VirtualServices of one namespace name, sorted.
#[salsa::tracked]
fn delegates_named_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[(Str, Str)]> {
    let mut named: Vec<(Str, Str)> = Vec::new();
    for root in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let rules = root.virtual_service().map_or(&[][..], |v| &v.http);
        for (delegate, ns) in rules.iter().filter_map(|r| r.delegate.as_ref()) {
            let ns = if ns.is_empty() {
                &root.key.namespace
            } else {
                ns
            };
            named.push((ns.clone(), delegate.clone()));
        }
    }
    named.sort();
    named.dedup();
    named.into()
}

whole! {
    /// Every delegate that some VirtualService names, as (namespace, name).
    pub fn delegates_named() -> Arc<rustc_hash::FxHashSet<(Str, Str)>> = delegates_named_gathered;
}

#[salsa::tracked]
pub(crate) fn delegates_named_gathered(
    db: &dyn Db,
    mesh: Mesh,
) -> Arc<rustc_hash::FxHashSet<(Str, Str)>> {
    let mut named = rustc_hash::FxHashSet::default();
    for (_, of_namespace) in each_delegates_named(db, mesh) {
        named.extend(of_namespace.iter().cloned());
    }
    Arc::new(named)
}

across! {
    fn each_delegates_named() -> Arc<[(Str, Str)]> = delegates_named_in in delegates_named_of_group;
}
