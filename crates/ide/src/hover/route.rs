//! A route of a VirtualService: where its requests go, as its proxies understand the names.

use crate::symbol::clients::{rules_for, service_for, viewpoints};
use crate::symbol::owner::Owner;
use crate::words::{code, host as shown, listed, object};
use meshscope::engine::index::facts;
use meshscope::engine::names::resolve_short_name;
use meshscope::engine::registry::{EndpointKind, endpoints};
use meshscope::manifest::spec::Labels;
use meshscope::manifest::spec::gateway_api::BackendRef;
use meshscope::manifest::spec::virtual_service::Destination;
use meshscope::manifest::{Kind, Str, Value};
use meshscope::yaml::Path;
use std::fmt::Write;

/// The keys of rules that stand for the rule.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    (
        "http",
        &["route", "match", "name", "redirect", "delegate", "mirror"],
    ),
    ("tls", &["route", "match"]),
    ("tcp", &["route", "match"]),
    ("rules", &["backendRefs", "matches", "name"]),
];

/// Where one rule of `spec.http`, `spec.tls` or `spec.tcp` leads, or of `spec.rules` of a Gateway API
/// route.
pub(super) fn of(owner: &Owner<'_>, list: &str, index: usize) -> Option<String> {
    match owner.kind {
        Kind::VirtualService => {}
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute => {
            return of_gateway_api(owner, index);
        }
        _ => return None,
    }
    let at = Path::root().join("spec").join(list);
    let rule = owner.at(&at).as_list().get(index)?;
    let mut text = format!("**{list} rule {index}** of {}\n", object(&owner.key()));
    let routes = rule.list("route");
    let total: i64 = routes.iter().filter_map(|r| r.int("weight")).sum();
    for route in routes {
        let share = match (routes.len(), route.int("weight")) {
            (1, _) | (_, None) => String::new(),
            (_, Some(weight)) if total > 0 => format!("{weight} of {total}: "),
            (_, Some(weight)) => format!("weight {weight}: "),
        };
        let to = Destination::decode(route.get("destination"));
        let _ = write!(text, "\n- {share}{}", destination(owner, &to));
    }
    let mirrors = rule.list("mirrors").iter().map(|m| m.get("destination"));
    for mirror in mirrors.chain(rule.field("mirror")) {
        let to = Destination::decode(mirror);
        let _ = write!(text, "\n- a copy: {}", destination(owner, &to));
    }
    if let Some(delegate) = rule.field("delegate") {
        let namespace = delegate.str("namespace").filter(|ns| !ns.is_empty());
        let namespace = namespace.unwrap_or_else(|| owner.namespace.clone());
        let name = delegate.str_or_empty("name");
        let _ = write!(text, "\n- as VirtualService {namespace}/{name} says");
    }
    if let Some(redirect) = rule.field("redirect") {
        let to = ["scheme", "authority", "uri"].map(|key| redirect.str_or_empty(key));
        let to: Vec<&str> = to
            .iter()
            .map(|t| t.as_str())
            .filter(|t| !t.is_empty())
            .collect();
        let _ = write!(text, "\n- a redirect to {}", code(&to.join(" ")));
    }
    if let Some(Value::Map(_)) = rule.field("directResponse") {
        let status = rule.get("directResponse").int("status").unwrap_or_default();
        let _ = write!(text, "\n- answered here with status {status}");
    }
    Some(text)
}

/// Where a rule of a Gateway API route leads: what istiod made of its backends.
fn of_gateway_api(owner: &Owner<'_>, index: usize) -> Option<String> {
    let rules = Path::root().join("spec").join("rules");
    let rule = owner.at(&rules).as_list().get(index)?;
    let backends = rule.list("backendRefs");
    let mut text = format!("**rule {index}** of {}\n", object(&owner.key()));
    let total: i64 = backends.iter().map(|b| b.int("weight").unwrap_or(1)).sum();
    for backend in backends {
        let share = match backends.len() {
            1 => String::new(),
            _ => format!("{} of {total}: ", backend.int("weight").unwrap_or(1)),
        };
        let words = match backend_host(owner, backend) {
            Some(host) => {
                let port = u32::try_from(backend.int("port").unwrap_or(0)).unwrap_or(0);
                let to = Destination {
                    host,
                    port,
                    ..Destination::default()
                };
                destination(owner, &to)
            }
            None => format!(
                "{}, which can be no backend",
                code(&backend.str_or_empty("name"))
            ),
        };
        let _ = write!(text, "\n- {share}{words}");
    }
    Some(text)
}

/// The host of a backend (G:GWA-10).
fn backend_host(owner: &Owner<'_>, backend: &Value) -> Option<Str> {
    let backend = BackendRef::decode(backend);
    let namespace = match backend.namespace.is_empty() {
        true => &owner.namespace,
        false => &backend.namespace,
    };
    match (backend.group.as_str(), backend.kind.as_str()) {
        ("", "Service") => {
            let domain = &facts(owner.mesh.db(), owner.mesh.input()).domain;
            Some(format!("{}.{namespace}.svc.{domain}", backend.name).into())
        }
        ("networking.istio.io", "Hostname") => Some(backend.name),
        _ => None,
    }
}

/// A destination in words: the service, and who stands behind it.
fn destination(owner: &Owner<'_>, to: &Destination) -> String {
    let mesh = owner.mesh;
    let (db, input) = (mesh.db(), mesh.input());
    let host = resolve_short_name(&to.host, &owner.namespace, &facts(db, input).config_domain);
    let mut text = code(shown(&host));
    if !to.subset.is_empty() {
        let _ = write!(text, " subset {}", code(&to.subset));
    }
    if to.port != 0 {
        let _ = write!(text, " port {}", to.port);
    }
    let clients = viewpoints(owner, &host);
    let mut found = clients
        .iter()
        .filter_map(|c| Some((c, service_for(mesh, c, &host)?)));
    let Some((client, service)) = found.next() else {
        return format!("{text}: no service of that host is visible to its proxies");
    };
    let entries = rules_for(mesh, client, &host);
    let subset = entries.iter().find_map(|e| e.subset(&to.subset));
    if !to.subset.is_empty() && subset.is_none() {
        return format!("{text}: no DestinationRule its proxies use defines the subset");
    }
    let labels = subset
        .map(|(subset, _, _)| subset.labels.clone())
        .unwrap_or_default();
    let takes = |own: &Labels| labels.subset_of(own);
    let mut behind: Vec<String> = Vec::new();
    for endpoint in endpoints(db, input, &service) {
        match endpoint.kind {
            EndpointKind::Workload(w) if takes(&w.labels) => behind.push(object(&w.object)),
            EndpointKind::WorkloadEntry(key) => behind.push(object(&key)),
            _ => {}
        }
    }
    behind.sort();
    behind.dedup();
    if behind.is_empty() {
        behind.push(object(&service.object));
    }
    format!("{text} to {}", listed(&behind, 3))
}
