//! The listeners and route configs of a sidecar that hold parts of an object.
//!
//! Only the listeners of the object's own hosts and ports are looked at, and of their route configs
//! only the part for these hosts: a whole configuration per class would be the mesh times itself.

use super::freezes::{Found, FrozenUnit, merge_units, whole_listener};
use super::subject::{Role, Subject};
use crate::db::{Db, Mesh};
use crate::envoy::{Because, Filter, RouteConfig};
use crate::names::matches;
use crate::outbound;
use crate::registry::{Protocol, Service};
use crate::visibility::{Member, services_of};
use crate::workloads::Proxy;
use meshscope_manifest::{ResourceKey, Str};
use std::sync::Arc;

/// How many services a wildcard host is followed to.
const SERVICES: usize = 50;
/// How many other hosts of a route config are listed.
const HOSTS: usize = 200;

/// A place traffic for one host arrives at.
struct Arrival {
    host: Str,
    address: Str,
    port: u32,
}

pub(super) fn units(
    db: &dyn Db,
    mesh: Mesh,
    subject: &Subject,
    proxy: &Proxy,
    keys: &[&ResourceKey],
) -> Vec<Found> {
    let mut found = Vec::new();
    for at in arrivals(db, mesh, subject, proxy) {
        let Some(listener) = outbound::listener_for(db, mesh, proxy, &at.address, at.port) else {
            continue;
        };
        // Whatever no listener claims ends in the virtual one, which no object makes.
        if listener.port != at.port {
            continue;
        }
        let chains = || listener.chains.iter().chain(&listener.default_chain);
        let cited = chains().filter_map(|c| Some((c, cites(&c.because, keys)?)));
        let mut own: Vec<Str> = Vec::new();
        let mut because = cites(&listener.because, keys);
        for (chain, why) in cited {
            own.extend(chain.matching.server_names.iter().cloned());
            own.extend(chain.matching.prefix_ranges.iter().cloned());
            because = because.or(Some(why));
        }
        if let Some(because) = because {
            found.push(whole_listener(&listener, &own, because));
        }
        for chain in chains() {
            let Filter::Http { route_config } = &chain.filter else {
                continue;
            };
            let part = outbound::route_config_for(db, mesh, proxy, route_config, &at.host);
            if let Some(because) = cited_in(&part, keys) {
                found.push(Found {
                    unit: FrozenUnit::RouteConfig(route_config.clone()),
                    along: others(db, mesh, proxy, route_config, subject),
                    because,
                });
            }
        }
    }
    merge_units(found)
}

/// Where traffic for the subject's hosts arrives.
fn arrivals(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Arrival> {
    let client = outbound::client(db, mesh, proxy);
    let traits = client.traits(db);
    let services = services_of(db, mesh, proxy);
    let of_service = |service: &Arc<Service>, host: &Str| {
        let address = outbound::address_for(db, mesh, service, traits);
        let tcp = service.ports.iter().filter(|p| p.protocol != Protocol::Udp);
        let host = host.clone();
        tcp.map(move |p| Arrival {
            host: host.clone(),
            address: address.clone(),
            port: p.number,
        })
        .collect::<Vec<_>>()
    };
    match &subject.is {
        Role::Services(own) => {
            let members = own.iter().flat_map(|s| {
                let of_host = services.of_host(&s.host);
                of_host.filter(|m| m.service.namespace == s.namespace)
            });
            members
                .flat_map(|m| of_service(&m.service, &m.service.host))
                .collect()
        }
        Role::VirtualServices(roots) => {
            let mut found = Vec::new();
            for host in roots.iter().flat_map(|v| &v.hosts) {
                let exact: Vec<&Member> = services.of_host(host).collect();
                let named: Vec<&Member> = if exact.is_empty() && crate::names::is_wildcard(host) {
                    let covered = services.iter().filter(|m| matches(&m.service.host, host));
                    covered.take(SERVICES).collect()
                } else {
                    exact
                };
                if named.is_empty() {
                    // A host no service has still gets a virtual host on port 80 (O:8.6).
                    found.push(Arrival {
                        host: host.clone(),
                        address: Str::default(),
                        port: 80,
                    });
                }
                for member in named {
                    found.extend(of_service(&member.service, &member.service.host));
                }
            }
            found
        }
        _ => Vec::new(),
    }
}

fn cited_in(config: &RouteConfig, keys: &[&ResourceKey]) -> Option<Because> {
    config.virtual_hosts.iter().find_map(|host| {
        let by_route = host.routes.iter().find_map(|r| cites(&r.because, keys));
        cites(&host.because, keys).or(by_route)
    })
}

fn cites(because: &[Because], keys: &[&ResourceKey]) -> Option<Because> {
    because.iter().find(|b| keys.contains(&&b.object)).cloned()
}

/// Whom else a route config serves: for one named by a port, every HTTP service of that port.
fn others(db: &dyn Db, mesh: Mesh, proxy: &Proxy, config: &str, subject: &Subject) -> Vec<Str> {
    let Ok(port) = config.parse::<u32>() else {
        return Vec::new();
    };
    let own: Vec<&Str> = match &subject.is {
        Role::Services(list) => list.iter().map(|s| &s.host).collect(),
        Role::VirtualServices(list) => list.iter().flat_map(|v| &v.hosts).collect(),
        _ => Vec::new(),
    };
    let services = services_of(db, mesh, proxy);
    let http = |m: &&Member| {
        let port = m.service.port(port);
        port.is_some_and(|p| p.protocol.class() == crate::registry::ProtocolClass::Http)
    };
    let mut hosts: Vec<Str> = services
        .with_port(port)
        .filter(http)
        .map(|m| m.service.host.clone())
        .filter(|h| !own.contains(&h))
        .take(HOSTS)
        .collect();
    hosts.sort();
    hosts
}
