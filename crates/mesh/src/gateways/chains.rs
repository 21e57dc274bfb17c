//! The chains of servers that are not HTTP: passthrough by SNI, opaque TCP, terminated TLS
//! (G:6, G:7, V:R6.11).

use super::auto_passthrough;
use super::destinations::Router;
use super::dropped::{DropReason, Dropped};
use super::listeners::{sni_hosts, sni_match};
use super::merge::MergedServer;
use super::{protocol, tls};
use crate::db::{Db, Mesh, Name, ProxyKey, name};
use crate::envoy::{Because, ChainMatch, ClusterWeight, Filter, FilterChain};
use crate::names::matches;
use crate::visibility::{L4Route, VirtualService, virtual_services_for};
use crate::workloads::Proxy;
use meshscope_manifest::spec::virtual_service::L4Match;
use meshscope_manifest::{Kind, ResourceKey, Str};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What building the chains of one proxy goes through: SNI names are claimed across all servers of a
/// port.
pub(super) struct Chains<'db> {
    pub db: &'db dyn Db,
    pub mesh: Mesh,
    pub proxy: &'db Proxy,
    /// SNI hosts of passthrough matches by listener port: bind and who has it (G:TLS-8).
    known: FxHashMap<(u32, Str), (Str, Because, Arc<VirtualService>)>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// Listeners with a chain whose SNI list has `*`: it matches everything but needs the inspector.
    pub catch_all_sni: FxHashSet<Str>,
}

impl<'db> Chains<'db> {
    /// Nothing claimed yet.
    pub(super) fn new(db: &'db dyn Db, mesh: Mesh, key: ProxyKey<'db>) -> Chains<'db> {
        Chains {
            db,
            mesh,
            proxy: key.proxy(db),
            known: FxHashMap::default(),
            dropped: Vec::new(),
            catch_all_sni: FxHashSet::default(),
        }
    }

    fn client(&self) -> Name<'db> {
        name(self.db, &self.proxy.config_namespace)
    }

    fn virtual_services(&self, gateway: &str) -> Vec<Arc<VirtualService>> {
        let list = virtual_services_for(self.db, self.mesh, self.client(), name(self.db, gateway));
        list.iter().cloned().collect()
    }

    fn clusters(&self, object: &ResourceKey, place: &str, route: &L4Route, port: u32) -> Filter {
        let router = Router {
            db: self.db,
            mesh: self.mesh,
            client: self.client(),
        };
        let single = route.route.len() == 1;
        let clusters = route
            .route
            .iter()
            .enumerate()
            .filter(|(_, r)| single || r.weight > 0)
            .map(|(i, r)| ClusterWeight {
                cluster: router.l4_cluster(&r.destination, port),
                weight: r.weight,
                because: Some(Because::new(
                    object,
                    format!("{place}.route[{i}].destination"),
                    "names the cluster (G:TCP-3)",
                )),
            });
        Filter::Tcp(clusters.collect())
    }

    fn no_chain(&mut self, server: &MergedServer, why: &str) {
        self.dropped.push(Dropped {
            reason: DropReason::NoChain,
            parties: vec![server.gateway.because(server.index, why)],
            port: server.listener_port,
            ambiguous: false,
        });
    }
}

/// Whether any host of a server, of the right namespace, overlaps a host of the VirtualService
/// (G:VSB-7).
pub(super) fn hosts_overlap(server: &MergedServer, vs: &VirtualService) -> bool {
    server.server.hosts.iter().any(|host| {
        let mut parts = host.split('/');
        let bare = match (parts.next(), parts.next()) {
            (Some(namespace), Some(bare)) if namespace == vs.namespace => bare,
            (Some(_), Some(_)) => return false,
            _ => host.as_str(),
        };
        vs.hosts.iter().any(|h| matches(bare, h))
    })
}

/// The static conditions of a TLS or TCP match on a gateway: port and gateways only (G:VSB-9).
pub(super) fn l4_applies(matching: &L4Match, server: &MergedServer) -> bool {
    (matching.port == 0 || matching.port == server.server.port)
        && (matching.gateways.is_empty() || matching.gateways.contains(&server.gateway.label()))
}

/// The chains of a server that is not HTTP.
pub(super) fn network_chains(chains: &mut Chains<'_>, server: &MergedServer) -> Vec<FilterChain> {
    if server.server.tls.is_none() {
        return tcp_chain(chains, server, ChainMatch::default());
    }
    if !protocol::is_passthrough(&server.server) {
        return tcp_chain(chains, server, sni_match(server));
    }
    let built = if protocol::is_auto_passthrough(&server.server) {
        auto_passthrough::chains(
            chains.db,
            chains.mesh,
            chains.proxy,
            &sni_hosts(server),
            &server.gateway.because(
                server.index,
                "AUTO_PASSTHROUGH: the SNI names the cluster (G:APT-1)",
            ),
        )
    } else {
        passthrough_chains(chains, server)
    };
    if built.is_empty() {
        chains.no_chain(
            server,
            "no `tls` rule of any VirtualService applies: no chain is made for this server (G:TLS-4)",
        );
    }
    built
}

/// One chain from the first applicable `tcp` rule of the first VirtualService that has one (G:TCP-1).
/// Terminating servers also take the `tls` rules of a TLSRoute (G:TLS-6).
fn tcp_chain(
    chains: &mut Chains<'_>,
    server: &MergedServer,
    matching: ChainMatch,
) -> Vec<FilterChain> {
    let port = server.server.port;
    for vs in chains.virtual_services(&server.gateway.label()) {
        if !hosts_overlap(server, &vs) {
            continue;
        }
        let tcp = vs
            .tcp
            .iter()
            .find(|r| r.matches.is_empty() || r.matches.iter().any(|m| l4_applies(m, server)));
        let of_tls_route = vs.object.kind == Kind::TlsRoute;
        let tls = vs.tls.iter().filter(|_| of_tls_route);
        let (block, route) = match tcp {
            Some(rule) => ("tcp", rule),
            None => match tls
                .into_iter()
                .find(|r| r.matches.iter().any(|m| l4_applies(m, server)))
            {
                Some(rule) => ("tls", rule),
                None => continue,
            },
        };
        let place = place(&vs, block, route.index);
        return vec![FilterChain {
            name: Str::default(),
            matching,
            tls: tls::server_tls(chains.db, chains.mesh, chains.proxy, &server.server),
            filter: chains.clusters(&vs.object, &place, route, port),
            because: vec![
                server
                    .gateway
                    .because(server.index, "one TCP route for the whole server (G:TCP-1)"),
                Because::new(&vs.object, place, "the first that applies (G:TCP-1)"),
            ],
        }];
    }
    chains.no_chain(
        server,
        "no `tcp` rule of any VirtualService applies: no chain is made for this server (G:TLS-5)",
    );
    Vec::new()
}

/// One chain per applicable `tls` match whose SNI nobody has yet (G:TLS-3, G:TLS-8).
fn passthrough_chains(chains: &mut Chains<'_>, server: &MergedServer) -> Vec<FilterChain> {
    let mut built = Vec::new();
    for vs in chains.virtual_services(&server.gateway.label()) {
        if !hosts_overlap(server, &vs) {
            continue;
        }
        for route in &vs.tls {
            let rule = place(&vs, "tls", route.index);
            for (index, matching) in route.matches.iter().enumerate() {
                if !l4_applies(matching, server) {
                    continue;
                }
                let place = match vs.object.kind {
                    Kind::VirtualService => format!("{rule}.match[{index}]"),
                    _ => rule.clone(),
                };
                if let Some(chain) = claim(chains, server, &vs, matching, &place) {
                    built.push(FilterChain {
                        filter: chains.clusters(&vs.object, &rule, route, server.server.port),
                        ..chain
                    });
                }
            }
        }
    }
    built
}

/// The chain of a passthrough match, without its filter, unless its SNI is taken.
fn claim(
    chains: &mut Chains<'_>,
    server: &MergedServer,
    vs: &Arc<VirtualService>,
    matching: &L4Match,
    place: &str,
) -> Option<FilterChain> {
    let port = server.listener_port;
    let bind = &server.server.bind;
    let taken: Vec<Str> = matching
        .sni_hosts
        .iter()
        .filter(|h| {
            let known = chains.known.get(&(port, (*h).clone()));
            known.is_some_and(|(b, _, _)| b == bind)
        })
        .cloned()
        .collect();
    if let Some(first) = taken.first() {
        let owner = chains.known.get(&(port, first.clone())).cloned();
        let why = format!(
            "SNI {} is already taken on port {port}: the match is dropped (G:TLS-8)",
            taken.join(", ")
        );
        let tie = |o: &Arc<VirtualService>| {
            o.object != vs.object && (o.created == vs.created || o.created.is_none())
        };
        chains.dropped.push(Dropped {
            reason: DropReason::DuplicateSni(taken),
            ambiguous: owner.as_ref().is_some_and(|(_, _, o)| tie(o)),
            parties: [Because::new(&vs.object, place, why)]
                .into_iter()
                .chain(owner.map(|(_, b, _)| b))
                .collect(),
            port,
        });
        return None;
    }
    let because = Because::new(&vs.object, place, "takes this SNI (G:TLS-3)");
    for host in &matching.sni_hosts {
        chains.known.insert(
            (port, host.clone()),
            (bind.clone(), because.clone(), vs.clone()),
        );
    }
    let everything = matching.sni_hosts.iter().any(|h| h == "*");
    if everything {
        let address = if bind.is_empty() { "0.0.0.0" } else { bind };
        chains
            .catch_all_sni
            .insert(format!("{address}_{port}").into());
    }
    Some(FilterChain {
        name: Str::default(),
        matching: ChainMatch {
            server_names: if everything {
                Vec::new()
            } else {
                matching.sni_hosts.clone()
            },
            ..ChainMatch::default()
        },
        tls: None,
        filter: Filter::Tcp(Vec::new()),
        because: vec![
            server
                .gateway
                .because(server.index, "TLS is passed through by SNI (G:TLS-3)"),
            because,
        ],
    })
}

/// Where a rule is written: Gateway API routes have `rules`.
fn place(vs: &VirtualService, block: &str, index: usize) -> String {
    match vs.object.kind {
        Kind::VirtualService => format!("spec.{block}[{index}]"),
        _ => format!("spec.rules[{index}]"),
    }
}
