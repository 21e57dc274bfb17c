//! `virtual_host_domains`: where a route config sends the requests of one domain (O:8, G:5).

use super::proxy::proxy;
use super::sets::{Names, equal, names};
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::envoy::{Action, RouteConfig};
use meshscope::engine::gateways::gateway_route_config;
use meshscope::engine::outbound::route_config;
use meshscope::manifest::Value;

const KIND: CheckKind = CheckKind::VirtualHostDomain;

/// One check per entry.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let entries = case.value.list("virtual_host_domains").iter().enumerate();
    entries
        .map(|(i, entry)| one(mesh, entry, format!("virtual_host_domains[{i}]")))
        .collect()
}

fn one(mesh: Mesh<'_>, entry: &Value, name: String) -> Check {
    let proxy = match proxy(mesh, entry) {
        Ok(proxy) => proxy,
        Err(why) => return Check::failed(KIND, name, why).with(json(entry), Default::default()),
    };
    let config = entry.str_or_empty("route_config");
    let routes = if proxy.is_router() {
        gateway_route_config(mesh.db(), mesh.input(), &proxy, &config)
    } else {
        route_config(mesh.db(), mesh.input(), &proxy, &config)
    };
    let found = clusters(&routes, &entry.str_or_empty("domain"));
    let absent = entry.bool("absent") == Some(true);
    match (found, absent) {
        (None, true) => Check::passed(KIND, name),
        (None, false) => Check::failed(KIND, name, "no virtual host has this domain")
            .with(json(entry), Default::default()),
        (Some(found), true) => {
            let found = found.iter().map(ToString::to_string).collect::<Vec<_>>();
            let why = format!("a virtual host has this domain: {}", found.join(", "));
            Check::failed(KIND, name, why).with(json(entry), Default::default())
        }
        (Some(found), false) => equal(KIND, name, &names(entry.get("clusters")), &found),
    }
}

/// The clusters of the virtual host with exactly this domain.
fn clusters(routes: &RouteConfig, domain: &str) -> Option<Names> {
    let mut hosts = routes.virtual_hosts.iter();
    let host = hosts.find(|h| h.domains.iter().any(|d| d == domain))?;
    let actions = host.routes.iter().map(|r| &r.action);
    let clusters = actions.filter_map(|action| match action {
        Action::Clusters(clusters) => Some(clusters),
        _ => None,
    });
    Some(clusters.flatten().map(|c| c.cluster.clone()).collect())
}
