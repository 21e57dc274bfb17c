//! What Envoy refuses of what istiod sends (G:10): a listener, a route config or a cluster that a
//! new pod does not have and an old one keeps in its last version.

use super::header_values::refused_values;
use super::listeners::config;
use super::routes;
use crate::db::{Db, Mesh, name, proxy_key};
use crate::envoy::{Action, Because, FilterChain, Listener, RouteConfig};
use crate::registry::{Resolution, Service, service_order, services_in, shared_endpoints};
use crate::routes::rule_place;
use crate::visibility::{VirtualService, cluster_name, services_of};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Something Envoy refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// What it is.
    pub what: Rejected,
    /// Its name.
    pub name: Str,
    /// Why, in words.
    pub why: Str,
    /// Everyone involved, the later one first.
    pub parties: Vec<Because>,
    /// The server name two chains of a listener take, when that is the reason.
    pub sni: Option<Str>,
}

/// The kinds of resources Envoy refuses one by one (G:NACK-1..4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejected {
    /// A listener: the whole port.
    Listener,
    /// A route config: every host in it.
    RouteConfig,
    /// A cluster.
    Cluster,
}

/// Ports the bootstrap of a gateway workload listens on itself (G:SEL-12).
const BOOTSTRAP_PORTS: [u32; 2] = [15021, 15090];

/// Everything Envoy refuses of a gateway workload's configuration.
pub fn rejections(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Rejection> {
    if !proxy.is_router() {
        return Vec::new();
    }
    let key = proxy_key(db, proxy);
    let config = config(db, mesh, key);
    let mut found = config.rejections.clone();
    for route_config in config.route_configs() {
        let built = routes::built(db, mesh, key, name(db, route_config));
        found.extend(built.rejections.iter().cloned());
    }
    found.extend(cluster_rejections(db, mesh, proxy));
    found
}

/// The endpoints of a cluster of type LOGICAL_DNS, where there is more than the one it takes
/// (G:CL-6). istiod itself keeps only the first of an entry with DNS_ROUND_ROBIN, but counts those
/// of DNS entries of the same namespace and host.
pub fn logical_dns_endpoints(db: &dyn Db, mesh: Mesh, service: &Service) -> Option<usize> {
    let logical = match service.resolution {
        Resolution::DnsRoundRobin => true,
        Resolution::Dns => service.race_first_connect,
        _ => false,
    };
    let all = services_in(db, mesh, name(db, &service.namespace));
    // The oldest of those that define the host decides the type.
    let older = |s: &&Arc<Service>| s.host == service.host && service_order(s, service).is_lt();
    if !logical || all.iter().find(older).is_some() {
        return None;
    }
    let counts = service
        .ports
        .iter()
        .map(|p| shared_endpoints(db, mesh, service, p.number).len());
    counts.max().filter(|count| *count > 1)
}

/// Clusters with more endpoints than their type takes.
fn cluster_rejections(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Rejection> {
    let mut found = Vec::new();
    for member in services_of(db, mesh, proxy).iter() {
        let service = &member.service;
        let Some(count) = logical_dns_endpoints(db, mesh, service) else {
            continue;
        };
        for port in service.ports.iter() {
            let why = format!("LOGICAL_DNS with {count} endpoints (G:CL-6)");
            found.push(Rejection {
                what: Rejected::Cluster,
                name: cluster_name(port.number, "", &service.host),
                parties: vec![Because::new(&service.object, "spec.endpoints", why.clone())],
                why: why.into(),
                sni: None,
            });
        }
    }
    found
}

/// Why Envoy refuses a listener (G:NACK-8).
pub fn listener_rejections(listener: &Listener) -> Vec<Rejection> {
    let reject = |why: String, parties: Vec<Because>| Rejection {
        what: Rejected::Listener,
        name: listener.name.clone(),
        why: why.into(),
        parties,
        sni: None,
    };
    let mut found = Vec::new();
    let everywhere = listener.address == "0.0.0.0" || listener.address == "::";
    if everywhere && BOOTSTRAP_PORTS.contains(&listener.port) {
        found.push(reject(
            format!(
                "port {} belongs to the proxy itself: duplicate address (G:SEL-12)",
                listener.port
            ),
            listener.because.clone(),
        ));
    }
    for chain in &listener.chains {
        for server_name in &chain.matching.server_names {
            if server_name.contains('*') && !is_wildcard(server_name) {
                found.push(reject(
                    format!(
                        "partial wildcard {server_name} is not supported in server names (G:TLS-10)"
                    ),
                    chain.because.clone(),
                ));
            }
        }
    }
    found.extend(overlaps(listener).map(|(why, parties, sni)| Rejection {
        sni,
        ..reject(why, parties)
    }));
    found
}

fn is_wildcard(server_name: &str) -> bool {
    server_name
        .strip_prefix("*.")
        .is_some_and(|rest| !rest.contains('*'))
}

/// Chains that take the same connections (G:TLS-9): once per pair.
fn overlaps(listener: &Listener) -> impl Iterator<Item = (String, Vec<Because>, Option<Str>)> {
    let mut taken: FxHashMap<MatchKey, usize> = FxHashMap::default();
    let mut pairs: Vec<(usize, usize, Str)> = Vec::new();
    for (index, chain) in listener.chains.iter().enumerate() {
        for key in match_keys(chain) {
            match taken.get(&key) {
                Some(&first) if pairs.iter().any(|(a, b, _)| (*a, *b) == (first, index)) => {}
                Some(&first) => pairs.push((first, index, key.1.clone())),
                None => {
                    taken.insert(key, index);
                }
            }
        }
    }
    pairs.into_iter().map(|(first, second, server_name)| {
        let parties = |i: usize| {
            let chain = listener.chains.get(i);
            chain.map(|c| c.because.clone()).unwrap_or_default()
        };
        let whom = if server_name.is_empty() {
            "every connection".to_owned()
        } else {
            format!("SNI {server_name}")
        };
        let mut involved = parties(second);
        if first == second {
            return (
                format!("one filter chain names {whom} twice (G:TLS-9)"),
                involved,
                None,
            );
        }
        involved.extend(parties(first));
        let sni = Some(server_name).filter(|s| !s.is_empty());
        let why = format!("two filter chains take {whom} (G:TLS-9)");
        (why, involved, sni)
    })
}

/// (other conditions, server name, ALPN): what must be unique in a listener.
type MatchKey = (String, Str, Str);

/// Envoy compares server names in lower case, and every combination of name and ALPN.
fn match_keys(chain: &FilterChain) -> Vec<MatchKey> {
    let m = &chain.matching;
    let other = format!(
        "{} {:?} {:?}",
        m.destination_port, m.prefix_ranges, m.transport
    );
    let or_any = |list: &[Str]| -> Vec<Str> {
        if list.is_empty() {
            vec![Str::default()]
        } else {
            list.iter().map(|s| s.to_lowercase().into()).collect()
        }
    };
    let alpn = or_any(&m.alpn);
    or_any(&m.server_names)
        .into_iter()
        .flat_map(|name| {
            let other = other.clone();
            alpn.iter()
                .map(move |a| (other.clone(), name.clone(), a.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Why Envoy refuses a route config (G:NACK-7), but for header values, which routes do not carry.
pub fn route_config_rejections(config: &RouteConfig) -> Vec<Rejection> {
    let mut found: Vec<Rejection> = Vec::new();
    let routes = config.virtual_hosts.iter().flat_map(|v| &v.routes);
    for route in routes {
        let why = match &route.action {
            Action::Missing => {
                "a route without action: its redirect code is not supported (G:RT-13)".into()
            }
            Action::DirectResponse(status) if !(200..600).contains(status) => {
                format!("status {status} is out of range (G:RT-13)")
            }
            Action::Clusters(clusters) if clusters.is_empty() => {
                "no destination has any weight (G:RT-15)".into()
            }
            _ => continue,
        };
        let rejection = Rejection {
            what: Rejected::RouteConfig,
            name: config.name.clone(),
            why: Str::new(why),
            parties: route.because.clone(),
            sni: None,
        };
        if !found.contains(&rejection) {
            found.push(rejection);
        }
    }
    found
}

/// Header values that are no format of Envoy (G:RT-14). The name is filled in by the
/// caller.
pub(super) fn header_rejections(vs: &VirtualService) -> Vec<Rejection> {
    let mut found = Vec::new();
    for route in &vs.http {
        let of_rule = route.rule.headers.iter();
        let of_routes = route.rule.route.iter().filter_map(|r| r.headers.as_ref());
        for headers in of_rule.chain(of_routes) {
            for (value, reason) in refused_values(headers) {
                let why = format!("header value {value:?}: {reason} (G:RT-14)");
                found.push(Rejection {
                    what: Rejected::RouteConfig,
                    name: Str::default(),
                    parties: vec![Because::new(&route.object, rule_place(route), why.clone())],
                    why: why.into(),
                    sni: None,
                });
            }
        }
    }
    found
}
