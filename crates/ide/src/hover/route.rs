//! A route of a VirtualService: where its requests go, as its proxies understand the names.

use crate::symbol::clients::{rules_for, service_for, viewpoints};
use crate::symbol::owner::Owner;
use crate::words::{code, host as shown, listed, object};
use meshscope::engine::index::facts;
use meshscope::engine::names::resolve_short_name;
use meshscope::engine::registry::{EndpointKind, endpoints};
use meshscope::manifest::spec::Labels;
use meshscope::manifest::spec::virtual_service::Destination;
use meshscope::manifest::{Kind, Value};
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
];

/// Where one rule of `spec.http`, `spec.tls` or `spec.tcp` leads.
pub(super) fn of(owner: &Owner<'_>, list: &str, index: usize) -> Option<String> {
    if owner.kind != Kind::VirtualService {
        return None;
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
