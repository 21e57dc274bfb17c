//! From routes to VirtualServices: one per parent and host, HTTP ones of one parent and host merged
//! across routes and namespaces (G:GWA-9, G:GWA-11, V:R6.13).
//!
//! Firewalls: [`routes_in`] per namespace; [`of_key`] per parent and host, so that a route re-runs
//! only the VirtualServices it is part of.

use super::parents::{Attachment, Parent, attachments, is_isolated};
use super::{GENERATED, Refused, http, l4, routes};
use crate::db::{Db, Mesh, Name, name};
use crate::names::intersect;
use crate::visibility::{HttpRoute, L4Route, VirtualService};
use meshscope_manifest::spec::gateway_api::Route;
use meshscope_manifest::spec::virtual_service::{HttpMatch, StringMatch};
use meshscope_manifest::{Kind, Resource, Str};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One route, converted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Converted {
    /// HTTP VirtualServices before merging, each with its merge key.
    pub http: Vec<(Str, Arc<VirtualService>)>,
    /// TLS and TCP VirtualServices.
    pub l4: Vec<Arc<VirtualService>>,
    /// What became of its parent references.
    pub attachments: Vec<Attachment>,
    /// What of it is refused.
    pub refused: Vec<Refused>,
}

/// The kinds of routes.
pub const ROUTES: [Kind; 4] = [
    Kind::HttpRoute,
    Kind::GrpcRoute,
    Kind::TlsRoute,
    Kind::TcpRoute,
];

/// The routes of one namespace, converted.
#[salsa::tracked]
pub(super) fn routes_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Converted]> {
    ROUTES
        .into_iter()
        .flat_map(|kind| routes(db, mesh, namespace, kind))
        .filter_map(|r| Some(convert(db, mesh, &r, r.route()?)))
        .collect()
}

/// The merge keys one namespace contributes to.
#[salsa::tracked]
fn keys_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let mut keys: Vec<Str> = routes_in(db, mesh, namespace)
        .iter()
        .flat_map(|r| r.http.iter().map(|(key, _)| key.clone()))
        .collect();
    keys.sort();
    keys.dedup();
    keys.into()
}

whole! {
    /// Which namespaces contribute to which merge keys.
    fn contributors() -> Arc<BTreeMap<Str, Vec<Str>>> = contributors_gathered;
}

#[salsa::tracked]
pub(crate) fn contributors_gathered(db: &dyn Db, mesh: Mesh) -> Arc<BTreeMap<Str, Vec<Str>>> {
    let mut keys: BTreeMap<Str, Vec<Str>> = BTreeMap::new();
    for (ns, own) in each_keys(db, mesh) {
        for key in own.iter() {
            keys.entry(key.clone()).or_default().push(ns.clone());
        }
    }
    Arc::new(keys)
}

across! {
    fn each_keys() -> Arc<[Str]> = keys_in in keys_of_group;
}

#[salsa::tracked]
fn contributors_of<'db>(db: &'db dyn Db, mesh: Mesh, key: Name<'db>) -> Arc<[Str]> {
    contributors(db, mesh)
        .get(key.text(db))
        .map(|v| v.as_slice().into())
        .unwrap_or_default()
}

/// The VirtualService of one merge key: the rules of all routes, oldest first, then by precedence; in
/// the namespace of the oldest.
#[salsa::tracked]
fn of_key<'db>(db: &'db dyn Db, mesh: Mesh, key: Name<'db>) -> Option<Arc<VirtualService>> {
    let text = key.text(db);
    let mut parts: Vec<Arc<VirtualService>> = Vec::new();
    for ns in contributors_of(db, mesh, key).iter() {
        for route in routes_in(db, mesh, name(db, ns)).iter() {
            let own = route.http.iter().filter(|(k, _)| k == text);
            parts.extend(own.map(|(_, vs)| vs.clone()));
        }
    }
    parts.sort_by(|a, b| {
        let age = |v: &VirtualService| v.created.unwrap_or(i64::MIN);
        let order = age(a).cmp(&age(b));
        order
            .then_with(|| a.namespace.cmp(&b.namespace))
            .then_with(|| a.name.cmp(&b.name))
    });
    let mut merged = VirtualService::clone(parts.first()?);
    merged.name = text.replace('/', "~").into();
    merged.http = parts.iter().flat_map(|v| v.http.iter().cloned()).collect();
    sort(&mut merged.http);
    Some(Arc::new(merged))
}

/// The VirtualServices made of routes that live in one namespace.
#[salsa::tracked]
pub fn virtual_services_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let own = namespace.text(db);
    let mut found: Vec<Arc<VirtualService>> = keys_in(db, mesh, namespace)
        .iter()
        .filter_map(|key| of_key(db, mesh, name(db, key)).clone())
        .filter(|vs| vs.namespace == *own)
        .collect();
    for route in routes_in(db, mesh, namespace).iter() {
        found.extend(route.l4.iter().cloned());
    }
    found.into()
}

fn convert(db: &dyn Db, mesh: Mesh, resource: &Resource, route: &Route) -> Converted {
    let attachments = attachments(db, mesh, resource, route);
    let mut parents: Vec<Parent> = attachments
        .iter()
        .filter_map(|a| a.outcome.clone().ok())
        .collect();
    // istiod sorts by internal gateway name; "mesh" is one.
    parents.sort_by(|a, b| internal_name(a).cmp(internal_name(b)));
    let mut converted = Converted {
        attachments,
        ..Converted::default()
    };
    let mut conversion = Conversion {
        db,
        mesh,
        resource,
        route,
        converted: &mut converted,
        count: 0,
    };
    match resource.key.kind {
        Kind::HttpRoute | Kind::GrpcRoute => conversion.http(&parents),
        _ => conversion.l4(&parents),
    }
    converted
}

fn internal_name(parent: &Parent) -> &str {
    match parent {
        Parent::Listener { gateway, .. } => gateway,
        Parent::Mesh { .. } => "mesh",
    }
}

struct Conversion<'a> {
    db: &'a dyn Db,
    mesh: Mesh,
    resource: &'a Resource,
    route: &'a Route,
    converted: &'a mut Converted,
    count: usize,
}

impl Conversion<'_> {
    fn virtual_service(&mut self, infix: &str, gateway: &str, host: &Str) -> VirtualService {
        let key = &self.resource.key;
        let vs = VirtualService {
            object: key.clone(),
            name: format!("{}~{infix}{}~{GENERATED}", key.name, self.count).into(),
            namespace: key.namespace.clone(),
            created: self.resource.meta.created,
            gateway_semantics: true,
            hosts: vec![host.clone()],
            gateways: vec![gateway.into()],
            export_to: Vec::new(),
            http: Vec::new(),
            tls: Vec::new(),
            tcp: Vec::new(),
        };
        self.count += 1;
        vs
    }

    /// Converts once for the mesh and once for gateways, as far as there are such parents: an error
    /// in one leaves the other.
    fn rules<T>(
        &mut self,
        parents: &[Parent],
        convert: impl Fn(&mut Self, bool, &mut Vec<Refused>) -> Result<Vec<T>, Refused>,
    ) -> (Vec<T>, Vec<T>) {
        let mut of = |for_mesh: bool| {
            let wanted = |p: &Parent| matches!(p, Parent::Mesh { .. }) == for_mesh;
            if !parents.iter().any(wanted) {
                return Vec::new();
            }
            let mut notes = Vec::new();
            let rules = convert(self, for_mesh, &mut notes).unwrap_or_else(|refused| {
                notes.push(refused);
                Vec::new()
            });
            for note in notes {
                if !self.converted.refused.contains(&note) {
                    self.converted.refused.push(note);
                }
            }
            rules
        };
        (of(true), of(false))
    }

    fn http(&mut self, parents: &[Parent]) {
        let (of_mesh, of_gateway) = self.rules(parents, |s, for_mesh, notes| {
            http::rules(s.db, s.mesh, s.resource, s.route, for_mesh, notes)
        });
        let own = &self.resource.key.namespace;
        for parent in parents {
            let (key, hosts, mut rules) = match parent {
                Parent::Listener {
                    gateway,
                    hostname,
                    others,
                } => {
                    let mut hosts = l4::hostnames(self.route);
                    hosts.retain(|h| is_isolated(h, hostname, others));
                    (gateway.to_string(), hosts, of_gateway.clone())
                }
                Parent::Mesh { hosts, port: 0 } => {
                    (own.to_string(), hosts.clone(), of_mesh.clone())
                }
                Parent::Mesh { hosts, port } => (
                    format!("{own}/{port}"),
                    hosts.clone(),
                    with_port(&of_mesh, *port),
                ),
            };
            if rules.is_empty() {
                continue;
            }
            sort(&mut rules);
            for host in hosts {
                let mut vs = self.virtual_service("", internal_name(parent), &host);
                vs.http.clone_from(&rules);
                let key = format!("{key}/{host}").into();
                self.converted.http.push((key, Arc::new(vs)));
            }
        }
    }

    fn l4(&mut self, parents: &[Parent]) {
        let (of_mesh, of_gateway) = self.rules(parents, |s, for_mesh, notes| {
            l4::rules(s.db, s.mesh, s.resource, s.route, for_mesh, notes)
        });
        let is_tls = self.resource.key.kind == Kind::TlsRoute;
        for parent in parents {
            let (hosts, rules) = self.l4_for(parent, &of_mesh, &of_gateway, is_tls);
            for host in hosts {
                let infix = if is_tls { "tls~" } else { "tcp~" };
                let mut vs = self.virtual_service(infix, internal_name(parent), &host);
                match (is_tls, parent) {
                    (true, Parent::Mesh { .. }) => vs.tls = l4::compatible(&rules, &host),
                    (true, Parent::Listener { .. }) => vs.tls.clone_from(&rules),
                    (false, _) => vs.tcp.clone_from(&rules),
                }
                self.converted.l4.push(Arc::new(vs));
            }
        }
    }

    fn l4_for(
        &self,
        parent: &Parent,
        of_mesh: &[L4Route],
        of_gateway: &[L4Route],
        is_tls: bool,
    ) -> (Vec<Str>, Vec<L4Route>) {
        match (parent, is_tls) {
            (Parent::Mesh { hosts, port }, true) => {
                (hosts.clone(), l4::tls_for_mesh(of_mesh, *port, hosts))
            }
            (Parent::Mesh { hosts, port }, false) => {
                (hosts.clone(), l4::tcp_for_port(of_mesh, *port))
            }
            (Parent::Listener { .. }, false) => (vec!["*".into()], of_gateway.to_vec()),
            (Parent::Listener { hostname, .. }, true) => {
                let own = l4::hostnames(self.route);
                let hosts = if hostname.is_empty() {
                    own
                } else {
                    intersect(&own, std::slice::from_ref(hostname))
                };
                (hosts, l4::within_listener(of_gateway, hostname))
            }
        }
    }
}

/// Rules for one port of a mesh parent.
fn with_port(rules: &[HttpRoute], port: u32) -> Vec<HttpRoute> {
    let mut built = rules.to_vec();
    for route in &mut built {
        if route.rule.matches.is_empty() {
            route.rule.matches.push(HttpMatch::default());
        }
        route.rule.matches.iter_mut().for_each(|m| m.port = port);
    }
    built
}

/// The precedence of Gateway API: exact, prefix, regex, none; longer; method; headers; query; rules
/// without match last (G:GWA-9). Stable.
fn sort(routes: &mut [HttpRoute]) {
    routes.sort_by_key(|route| {
        let Some(matching) = route.rule.matches.first() else {
            return (true, Reverse(0), Reverse(0), true, Reverse(0), Reverse(0));
        };
        let (rank, length) = match &matching.uri {
            Some(StringMatch::Exact(p)) => (4, p.len()),
            Some(StringMatch::Prefix(p)) => (3, p.len()),
            Some(StringMatch::Regex(p)) => (2, p.len()),
            Some(StringMatch::Present) | None => (1, 0),
        };
        (
            false,
            Reverse(rank),
            Reverse(length),
            matching.method.is_none(),
            Reverse(matching.headers.len()),
            Reverse(matching.query_params.len()),
        )
    });
}
