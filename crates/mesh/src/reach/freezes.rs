//! What keeps its old version when Envoy refuses what is made of an object (G:NACK-1..5).
//!
//! Clusters and listeners are refused one by one; a route config is refused whole, so every host in
//! it stays as it was. A proxy that starts with a refused route config answers 404 for all of them.
//! A unit belongs to an object when one of its parts names the object as its reason.

use super::served::bound_servers;
use super::subject::{Role, Subject};
use crate::db::{Db, Mesh};
use crate::envoy::{Because, Listener, RouteConfig};
use crate::gateways::{gateway_listeners, gateway_route_config};
use crate::visibility::{clusters_of, destination_rule_for, services_of};
use crate::workloads::{Proxy, ProxyClass, ProxyKind};
use meshscope_manifest::{ResourceKey, Str};
use std::sync::Arc;

/// How many units are listed per class at most.
const LIMIT: usize = 1000;

/// One unit that would freeze on one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// `namespace/name`.
    pub workload: Str,
    /// Sidecar or gateway workload.
    pub kind: ProxyKind,
    /// What freezes.
    pub unit: FrozenUnit,
    /// What else is in it and freezes along: domains of a route config that are not the object's
    /// own, server names and addresses of a listener's other chains; empty for clusters.
    pub along: Arc<[Str]>,
    /// The part that is made of the object.
    pub because: Because,
}

/// What Envoy takes or refuses as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrozenUnit {
    /// A cluster.
    Cluster(Str),
    /// A listener.
    Listener(Str),
    /// A route config.
    RouteConfig(Str),
}

/// One unit of a class.
pub(super) struct Found {
    pub unit: FrozenUnit,
    pub along: Vec<Str>,
    pub because: Because,
}

/// Adds what would freeze on the workloads of one class that sees the subject.
pub(super) fn freezes(
    db: &dyn Db,
    mesh: Mesh,
    subject: &Subject,
    class: &ProxyClass,
    frozen: &mut Vec<Frozen>,
) {
    let proxy = &class.proxy;
    let mut found = clusters(db, mesh, subject, proxy);
    found.extend(listeners_and_routes(db, mesh, subject, proxy));
    found.truncate(LIMIT);
    for unit in found {
        let along: Arc<[Str]> = unit.along.into();
        frozen.extend(class.workloads.iter().map(|workload| Frozen {
            workload: workload.clone(),
            kind: proxy.kind,
            unit: unit.unit.clone(),
            along: along.clone(),
            because: unit.because.clone(),
        }));
    }
}

/// Clusters made of the subject: of its services, or of the services its rule applies to.
fn clusters(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Found> {
    let found = |name: Str, why: &str| Found {
        unit: FrozenUnit::Cluster(name),
        along: Vec::new(),
        because: Because::new(&subject.key, "", why),
    };
    let services = services_of(db, mesh, proxy);
    match &subject.is {
        Role::Services(own) => {
            let members = own.iter().flat_map(|s| {
                let of_host = services.of_host(&s.host);
                of_host.filter(|m| m.service.namespace == s.namespace)
            });
            members
                .flat_map(|m| clusters_of(db, mesh, proxy, &m.service))
                .map(|c| found(c.name, "a cluster of this service (G:NACK-2)"))
                .collect()
        }
        Role::DestinationRule(host) => {
            let under = services
                .iter()
                .filter(|m| crate::names::subset_of(&m.service.host, host));
            let under = under.filter(|m| {
                let rule =
                    destination_rule_for(db, mesh, proxy, &m.service.host, &m.service.namespace);
                rule.is_some_and(|r| r.from.contains(&subject.key))
            });
            under
                .take(LIMIT)
                .flat_map(|m| clusters_of(db, mesh, proxy, &m.service))
                .map(|c| found(c.name, "a cluster this rule shapes (G:NACK-2)"))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn listeners_and_routes(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Found> {
    let keys: Vec<&ResourceKey> = match &subject.is {
        Role::VirtualServices(roots) => roots
            .iter()
            .map(|v| &v.object)
            .chain([&subject.key])
            .collect(),
        Role::Services(_) | Role::Gateway => vec![&subject.key],
        _ => return Vec::new(),
    };
    if proxy.is_router() {
        of_gateway(db, mesh, subject, proxy)
    } else {
        super::freezes_sidecar::units(db, mesh, subject, proxy, &keys)
    }
}

fn of_gateway(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Found> {
    let config = gateway_listeners(db, mesh, proxy);
    let mut found: Vec<Found> = Vec::new();
    let route_config = |name: &Str, own: &[Str], because: Because| {
        let routes = gateway_route_config(db, mesh, proxy, name);
        Found {
            unit: FrozenUnit::RouteConfig(name.clone()),
            along: other_domains(&routes, own),
            because,
        }
    };
    match &subject.is {
        Role::VirtualServices(roots) => {
            for vs in roots {
                for server in bound_servers(db, mesh, proxy, vs) {
                    let because =
                        Because::new(&vs.object, "spec", "its routes are here (G:NACK-4)");
                    match (
                        &server.route_config,
                        config.listener_on(server.listener_port),
                    ) {
                        (Some(name), _) => found.push(route_config(name, &server.hosts, because)),
                        (None, Some(listener)) => {
                            found.push(whole_listener(listener, &server.hosts, because));
                        }
                        (None, None) => {}
                    }
                }
            }
        }
        Role::Gateway => {
            for server in config.merged.keys.iter().flat_map(|k| &k.servers) {
                if server.gateway.object != subject.key {
                    continue;
                }
                let because = server
                    .gateway
                    .because(server.index, "this server (G:NACK-1)");
                if let Some(listener) = config.listener_on(server.listener_port) {
                    found.push(whole_listener(
                        listener,
                        &server.server.hosts,
                        because.clone(),
                    ));
                }
                if !server.route_name.is_empty() {
                    found.push(route_config(
                        &server.route_name,
                        &server.server.hosts,
                        because,
                    ));
                }
            }
        }
        _ => {}
    }
    merge_units(found)
}

pub(super) fn whole_listener(listener: &Listener, own: &[Str], because: Because) -> Found {
    let chains = listener.chains.iter().chain(&listener.default_chain);
    let mut along: Vec<Str> = chains
        .flat_map(|c| {
            c.matching
                .server_names
                .iter()
                .chain(&c.matching.prefix_ranges)
        })
        .filter(|n| !own.contains(n))
        .cloned()
        .collect();
    along.sort();
    along.dedup();
    Found {
        unit: FrozenUnit::Listener(listener.name.clone()),
        along,
        because,
    }
}

/// The first domain of every virtual host that has none of its own domains among `own`.
fn other_domains(config: &RouteConfig, own: &[Str]) -> Vec<Str> {
    let others = config.virtual_hosts.iter().filter(|h| {
        let bare = |d: &Str| {
            d.rsplit_once(':')
                .map_or(d.clone(), |(host, _)| Str::new(host))
        };
        !h.domains
            .iter()
            .any(|d| own.contains(d) || own.contains(&bare(d)))
    });
    others.filter_map(|h| h.domains.first().cloned()).collect()
}

/// One entry per unit: what one part of the object calls its own is nothing "along" for another.
pub(super) fn merge_units(found: Vec<Found>) -> Vec<Found> {
    let mut merged: Vec<Found> = Vec::new();
    for unit in found {
        match merged.iter_mut().find(|m| m.unit == unit.unit) {
            Some(known) => known.along.retain(|a| unit.along.contains(a)),
            None => merged.push(unit),
        }
    }
    merged
}
