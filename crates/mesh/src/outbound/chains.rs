//! The filter chains one service port contributes: TCP proxies from `tls` and `tcp` routes, the
//! default to the service, and the HTTP chain (O:6).

use super::client::{Client, Traits, target};
use super::domains::Home;
use super::virtual_services::l4_index;
use crate::db::{Db, Mesh, name};
use crate::envoy::{Because, ChainMatch, ClusterWeight, Filter, FilterChain, Transport};
use crate::names::is_wildcard;
use crate::registry::{Protocol, Resolution, Service};
use crate::visibility::{L4Route, VirtualService, cluster_name};
use ipnet::IpNet;
use meshscope_manifest::Str;
use meshscope_manifest::spec::virtual_service::{Destination, L4Match, RouteDestination};
use std::net::IpAddr;
use std::sync::Arc;

/// A filter chain before its listener is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Server names as written, `*` among them.
    pub sni: Vec<Str>,
    /// Destination subnets as written.
    pub cidrs: Vec<Str>,
    /// Whether only plaintext HTTP is taken; `Some(true)` takes HTTP/1.0, too.
    pub sniffed: Option<bool>,
    /// What it does.
    pub filter: Filter,
    /// Whether it reads the server name even without matching on it (O:5.10).
    pub reads_sni: bool,
    /// Why it exists.
    pub because: Vec<Because>,
}

/// What decides whether two chains exclude each other (O:5.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConflictKey(Option<bool>, Vec<Str>, Vec<Str>);

impl Chain {
    /// The chain's conflict key: SNI set without `*`, masked subnets, protocol conditions.
    pub fn conflict_key(&self) -> ConflictKey {
        let mut sni: Vec<Str> = self.sni.iter().filter(|s| *s != "*").cloned().collect();
        sni.sort();
        sni.dedup();
        let mut cidrs: Vec<Str> = self.cidrs.iter().filter_map(|c| masked(c)).collect();
        cidrs.sort();
        cidrs.dedup();
        ConflictKey(self.sniffed, sni, cidrs)
    }

    /// Whether it takes every connection.
    pub fn matches_all(&self) -> bool {
        (self.sni.is_empty() || self.sni.iter().any(|s| s == "*"))
            && self.sniffed.is_none()
            && self.cidrs.is_empty()
    }

    /// The chain as the listener has it.
    pub fn finish(self) -> FilterChain {
        let matching = if self.matches_all() {
            ChainMatch::default()
        } else {
            let mut server_names = self.sni.clone();
            if server_names.iter().any(|s| s == "*") {
                server_names.clear();
            }
            server_names.sort();
            let mut prefix_ranges: Vec<Str> = self
                .cidrs
                .iter()
                .filter(|c| !c.starts_with("0.0.0.0"))
                .cloned()
                .collect();
            prefix_ranges.sort();
            ChainMatch {
                destination_port: 0,
                prefix_ranges,
                server_names,
                transport: self.sniffed.map(|_| Transport::Raw),
                alpn: self.sniffed.map(http_alpn).unwrap_or_default(),
            }
        };
        FilterChain {
            name: Str::default(),
            matching,
            tls: None,
            filter: self.filter,
            because: self.because,
        }
    }
}

/// The protocols the HTTP inspector calls HTTP (O:5.7).
pub(crate) fn http_alpn(http10: bool) -> Vec<Str> {
    let mut alpn: Vec<Str> = Vec::new();
    if http10 {
        alpn.push("http/1.0".into());
    }
    alpn.push("http/1.1".into());
    alpn.push("h2c".into());
    alpn
}

fn masked(text: &str) -> Option<Str> {
    let net = match text.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    (net.addr().to_string() != "0.0.0.0").then(|| net.trunc().to_string().into())
}

/// One port of one service on one listener.
pub(super) struct ServicePort<'a> {
    /// The service.
    pub service: &'a Arc<Service>,
    /// The port of the listener: the service's, or the Sidecar's.
    pub port: u32,
    /// Its protocol.
    pub protocol: Protocol,
    /// The address the listener is bound to.
    pub bind: &'a str,
    /// The service's subnet, when it has one for an address.
    pub cidrs: Vec<Str>,
    /// The service's own address for the client.
    pub address: &'a str,
    /// Hosts of ExternalName Services that stand for it.
    pub aliases: &'a [Str],
}

/// Whom chains are built for.
pub(super) struct Builder<'a, 'db> {
    pub db: &'db dyn Db,
    pub mesh: Mesh,
    pub client: Client<'db>,
    /// The egress listener.
    pub listener: usize,
    pub home: Home<'a>,
    pub traits: Traits,
}

impl Builder<'_, '_> {
    /// The TCP proxy chains (O:6).
    pub fn tcp(&self, at: &ServicePort<'_>) -> Vec<Chain> {
        let scope = self.client.scope(self.db);
        let index = l4_index(self.db, self.mesh, scope, self.listener, at.port);
        let touching = index.touching(&at.service.host);
        if at.protocol.is_tls() {
            self.of_tls_routes(at, &touching)
        } else {
            self.of_tcp_routes(at, &touching)
        }
    }

    /// The HTTP chain, with the route config it asks for (O:5.6, O:5.7).
    pub fn http(&self, at: &ServicePort<'_>, sniffed: bool, private: bool) -> Chain {
        let route_config: Str = if at.port == 0 {
            at.bind.into()
        } else if private {
            format!("{}:{}", at.service.host, at.port).into()
        } else {
            at.port.to_string().into()
        };
        Chain {
            sni: Vec::new(),
            cidrs: Vec::new(),
            sniffed: sniffed.then_some(self.traits.http10),
            filter: Filter::Http { route_config },
            reads_sni: false,
            because: vec![self.of_service(at, "the port's protocol is HTTP or unknown (O:5.6)")],
        }
    }

    /// O:6.1-6.6.
    fn of_tls_routes(&self, at: &ServicePort<'_>, touching: &[&Arc<VirtualService>]) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut handled: Vec<(&[Str], &[Str])> = Vec::new();
        // Subnets of one match stay in force for later matches that write none (O:6.4).
        let mut cidrs = at.cidrs.clone();
        for vs in touching {
            for route in &vs.tls {
                for (index, matching) in route.matches.iter().enumerate() {
                    if !self.applies(matching, at.port) {
                        continue;
                    }
                    if !matching.destination_subnets.is_empty() && at.port > 0 {
                        cidrs.clone_from(&matching.destination_subnets);
                    }
                    let key = (&matching.sni_hosts[..], &matching.destination_subnets[..]);
                    if handled.contains(&key) {
                        continue;
                    }
                    handled.push(key);
                    let path = format!("spec.tls[{}].match[{index}]", route.index);
                    chains.push(Chain {
                        sni: matching.sni_hosts.clone(),
                        cidrs: cidrs.clone(),
                        sniffed: None,
                        filter: Filter::Tcp(self.destinations(vs, route, "tls", at.port)),
                        reads_sni: false,
                        because: vec![
                            self.of_service(
                                at,
                                "a TLS port of a service the host overlaps (O:6.1)",
                            ),
                            Because::new(&vs.object, path, "takes this server name (O:6.1)"),
                        ],
                    });
                }
            }
        }
        if chains.is_empty() {
            chains.push(self.default_tls(at));
        }
        chains
    }

    fn default_tls(&self, at: &ServicePort<'_>) -> Chain {
        let dynamic =
            is_wildcard(&at.service.host) && at.service.resolution == Resolution::DynamicDns;
        let wildcard = self.traits.wildcard();
        let unknown = at.address == wildcard && at.bind == wildcard;
        let mut sni = Vec::new();
        if !at.cidrs.is_empty() || at.address.contains('/') || unknown || dynamic {
            sni.push(at.service.host.clone());
            for alias in at.aliases {
                sni.push(alias.clone());
                sni.extend(self.home.alternatives(alias));
            }
        }
        let why = if sni.is_empty() {
            "no tls route applies: everything on the service's address goes to it (O:6.5)"
        } else {
            "no tls route applies: the service's own host as server name goes to it (O:6.5)"
        };
        Chain {
            sni,
            cidrs: at.cidrs.clone(),
            sniffed: None,
            filter: Filter::Tcp(vec![self.own_cluster(at)]),
            reads_sni: dynamic,
            because: vec![self.of_service(at, why)],
        }
    }

    /// O:6.8-6.10.
    fn of_tcp_routes(&self, at: &ServicePort<'_>, touching: &[&Arc<VirtualService>]) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut covered = false;
        for vs in touching {
            for route in &vs.tcp {
                let chain = |cidrs: Vec<Str>, path: String| Chain {
                    sni: Vec::new(),
                    cidrs,
                    sniffed: None,
                    filter: Filter::Tcp(self.destinations(vs, route, "tcp", at.port)),
                    reads_sni: false,
                    because: vec![
                        self.of_service(at, "a TCP port of a service the host overlaps (O:6.8)"),
                        Because::new(&vs.object, path, "takes the connection (O:6.8)"),
                    ],
                };
                let place = format!("spec.tcp[{}]", route.index);
                if route.matches.is_empty() {
                    chains.push(chain(at.cidrs.clone(), place));
                    return chains;
                }
                let mut subnets: Vec<Str> = Vec::new();
                for (index, matching) in route.matches.iter().enumerate() {
                    if !self.applies(matching, at.port) {
                        continue;
                    }
                    if matching.destination_subnets.is_empty() || at.port == 0 {
                        chains.push(chain(at.cidrs.clone(), format!("{place}.match[{index}]")));
                        return chains;
                    }
                    subnets.extend(matching.destination_subnets.iter().cloned());
                }
                if subnets.is_empty() {
                    continue;
                }
                subnets.sort();
                let mut own = at.cidrs.clone();
                own.sort();
                covered |= subnets == own;
                chains.push(chain(subnets, place));
            }
        }
        if !covered {
            chains.push(Chain {
                sni: Vec::new(),
                cidrs: at.cidrs.clone(),
                sniffed: None,
                filter: Filter::Tcp(vec![self.own_cluster(at)]),
                reads_sni: is_wildcard(&at.service.host)
                    && at.service.resolution == Resolution::DynamicDns,
                because: vec![self.of_service(
                    at,
                    "no tcp route takes everything: the rest goes to it (O:6.9)",
                )],
            });
        }
        chains
    }

    /// The static conditions, all of them (O:6.2).
    fn applies(&self, matching: &L4Match, port: u32) -> bool {
        (matching.gateways.is_empty() || matching.gateways.iter().any(|g| g == "mesh"))
            && matching
                .source_labels
                .subset_of(self.client.labels(self.db))
            && (matching.port == 0 || matching.port == port)
            && (matching.source_namespace.is_empty()
                || matching.source_namespace == *self.client.namespace(self.db).text(self.db))
    }

    /// The clusters of a route (O:6.11): weights of zero are dropped when there are several.
    fn destinations(
        &self,
        vs: &VirtualService,
        route: &L4Route,
        block: &str,
        port: u32,
    ) -> Vec<ClusterWeight> {
        let single = route.route.len() == 1;
        let kept = route.route.iter().enumerate();
        kept.filter(|(_, r)| single || r.weight > 0)
            .map(|(i, r): (usize, &RouteDestination)| ClusterWeight {
                cluster: self.cluster(&r.destination, port),
                weight: if single { 100 } else { r.weight },
                because: Some(Because::new(
                    &vs.object,
                    format!("spec.{block}[{}].route[{i}].destination", route.index),
                    "names the cluster (O:6.11)",
                )),
            })
            .collect()
    }

    fn cluster(&self, destination: &Destination, port: u32) -> Str {
        let host = name(self.db, &destination.host);
        let found = target(self.db, self.mesh, self.client.scope(self.db), host);
        destination_cluster(destination, found.as_ref(), port)
    }

    /// The service's own cluster: its only port, or that of the listener (O:6.5).
    fn own_cluster(&self, at: &ServicePort<'_>) -> ClusterWeight {
        let port = match &at.service.ports[..] {
            [only] => only.number,
            _ => at.port,
        };
        ClusterWeight::all(cluster_name(port, "", &at.service.host))
    }

    fn of_service(&self, at: &ServicePort<'_>, why: &'static str) -> Because {
        let index = at.service.ports.iter().position(|p| p.number == at.port);
        let path = index.map_or_else(Str::default, |i| format!("spec.ports[{i}]").into());
        Because::new(&at.service.object, path, why)
    }
}

/// The cluster a TCP or TLS destination names (O:6.11): an ExternalName's host, the port written,
/// else the only one of its service, else that of the listener.
pub(super) fn destination_cluster(
    destination: &Destination,
    found: Option<&super::client::Target>,
    port: u32,
) -> Str {
    if destination.host.is_empty() {
        return "UnknownService".into();
    }
    let host = found
        .and_then(|t| t.external_name.as_ref())
        .unwrap_or(&destination.host);
    let port = if destination.port != 0 {
        destination.port
    } else {
        found.and_then(|t| t.only_port).unwrap_or(port)
    };
    cluster_name(port, &destination.subset, host)
}
