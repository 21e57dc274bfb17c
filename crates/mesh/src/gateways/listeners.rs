//! The listeners of a gateway workload (G:3): one per bind and port, the chains of its servers in
//! merge order.
//!
//! It must not know how HTTP requests are routed: route configs are queries of their own.

use super::attach::AttachedGateway;
use super::chains::{Chains, network_chains};
use super::dropped::{DropReason, Dropped};
use super::merge::{Merged, MergedServer, MergedServers, merged};
use super::nack::{Rejection, listener_rejections};
use super::{attach, protocol, tls};
use crate::db::{Db, Mesh, ProxyKey, proxy_key};
use crate::envoy::{ChainMatch, Filter, FilterChain, Listener};
use crate::registry::Protocol;
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What a gateway workload listens with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayConfig {
    /// The Gateways that apply, in merge order.
    pub gateways: Arc<[AttachedGateway]>,
    /// Their servers, merged.
    pub merged: Arc<Merged>,
    /// Listeners, in the order their first server appeared.
    pub listeners: Vec<Listener>,
    /// What merging and building left out.
    pub dropped: Vec<Dropped>,
    /// Listeners that Envoy refuses (G:10).
    pub rejections: Vec<Rejection>,
}

impl GatewayConfig {
    /// The names of all route configs, in merge order.
    pub fn route_configs(&self) -> impl Iterator<Item = &Str> {
        self.merged.routes.iter().map(|(name, _)| name)
    }

    /// The listener on a port that takes connections to any address, else the first on the port.
    pub fn listener_on(&self, port: u32) -> Option<&Listener> {
        let mut on_port = self.listeners.iter().filter(|l| l.port == port);
        let first = on_port.clone().next();
        on_port
            .find(|l| l.address == "0.0.0.0" || l.address == "::")
            .or(first)
    }
}

/// The listeners of a gateway workload; empty for a sidecar.
pub fn gateway_listeners(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<GatewayConfig> {
    if !proxy.is_router() {
        return Arc::default();
    }
    config(db, mesh, proxy_key(db, proxy)).clone()
}

/// Per proxy class. Reads VirtualServices only for servers that are not HTTP.
#[salsa::tracked]
pub(super) fn config<'db>(db: &'db dyn Db, mesh: Mesh, key: ProxyKey<'db>) -> Arc<GatewayConfig> {
    let proxy = key.proxy(db);
    let merged = merged(db, mesh, key).clone();
    let mut dropped = merged.dropped.clone();
    let mut listeners: Vec<Listener> = Vec::new();
    let mut chains = Chains::new(db, mesh, key);
    for servers in &merged.keys {
        if servers.key.port < 1024 && is_unprivileged(proxy) {
            dropped.extend(servers.servers.iter().map(privileged));
            continue;
        }
        let address = if servers.key.bind.is_empty() {
            wildcard(proxy)
        } else {
            servers.key.bind.clone()
        };
        let name: Str = format!("{address}_{}", servers.key.port).into();
        let built = of_key(&mut chains, servers);
        let because = servers
            .servers
            .iter()
            .map(|s| s.gateway.because(s.index, listens(s)));
        match listeners.iter_mut().find(|l| l.name == name) {
            Some(listener) => {
                listener.chains.extend(built);
                listener.because.extend(because);
            }
            None => listeners.push(Listener {
                name,
                address,
                port: servers.key.port,
                bind_to_port: true,
                tls_inspector: false,
                http_inspector: false,
                chains: built,
                default_chain: None,
                because: because.collect(),
            }),
        }
    }
    dropped.append(&mut chains.dropped);
    for listener in listeners.iter().filter(|l| l.chains.is_empty()) {
        dropped.push(Dropped {
            reason: DropReason::EmptyListener,
            parties: listener.because.clone(),
            port: listener.port,
            ambiguous: false,
        });
    }
    listeners.retain(|l| !l.chains.is_empty());
    for listener in &mut listeners {
        listener.tls_inspector = listener
            .chains
            .iter()
            .any(|c| c.tls.is_some() || !c.matching.server_names.is_empty())
            || chains.catch_all_sni.contains(&listener.name);
    }
    let rejections = listeners.iter().flat_map(listener_rejections).collect();
    Arc::new(GatewayConfig {
        gateways: attach::attached(db, mesh, key).clone(),
        merged,
        listeners,
        dropped,
        rejections,
    })
}

/// The chains of one key (G:LST-2, G:LST-3).
fn of_key(chains: &mut Chains<'_>, servers: &MergedServers) -> Vec<FilterChain> {
    if Protocol::parse(&servers.key.protocol).is_http() {
        return vec![FilterChain {
            name: Str::default(),
            matching: ChainMatch::default(),
            tls: None,
            filter: Filter::Http {
                route_config: servers.route_name.clone(),
            },
            because: servers
                .servers
                .iter()
                .map(|s| {
                    s.gateway
                        .because(s.index, "plaintext HTTP, chosen by Host header (G:LST-2)")
                })
                .collect(),
        }];
    }
    let mut built = Vec::new();
    for server in &servers.servers {
        if protocol::terminates_https(&server.server) {
            built.push(FilterChain {
                name: Str::default(),
                matching: sni_match(server),
                tls: tls::server_tls(chains.db, chains.mesh, chains.proxy, &server.server),
                filter: Filter::Http {
                    route_config: server.route_name.clone(),
                },
                because: vec![
                    server
                        .gateway
                        .because(server.index, "HTTPS ends here, chosen by SNI (G:LST-3)"),
                ],
            });
        } else {
            built.extend(network_chains(chains, server));
        }
    }
    built
}

/// The SNI match of a terminating server: its hosts without namespaces; any `*` matches everything
/// (G:LST-4).
pub(super) fn sni_match(server: &MergedServer) -> ChainMatch {
    let mut names = sni_hosts(server);
    if names.iter().any(|n| n == "*") {
        names.clear();
    }
    ChainMatch {
        server_names: names,
        ..ChainMatch::default()
    }
}

/// The hosts of a server without namespaces, sorted.
pub(super) fn sni_hosts(server: &MergedServer) -> Vec<Str> {
    let bare = |host: &Str| match host.split('/').nth(1) {
        Some(name) => name.into(),
        None => host.clone(),
    };
    let mut names: Vec<Str> = server.server.hosts.iter().map(bare).collect();
    names.sort();
    names.dedup();
    names
}

fn listens(server: &MergedServer) -> String {
    if server.server.port == server.listener_port {
        format!("listens on port {} (G:LST-1)", server.listener_port)
    } else {
        format!(
            "port {} leads to {} inside the pod (G:SEL-7)",
            server.server.port, server.listener_port
        )
    }
}

fn privileged(server: &MergedServer) -> Dropped {
    let why = format!(
        "the pod is unprivileged and may not bind port {} (G:SEL-11)",
        server.listener_port
    );
    Dropped {
        reason: DropReason::Privileged,
        parties: vec![server.gateway.because(server.index, why)],
        port: server.listener_port,
        ambiguous: false,
    }
}

fn is_unprivileged(proxy: &Proxy) -> bool {
    proxy.metadata("UNPRIVILEGED_POD") == Some("true")
}

/// `::` for a pod whose known IPs are all IPv6 (G:LST-1).
fn wildcard(proxy: &Proxy) -> Str {
    let is_v4 = |ip: &Str| ip.parse::<Ipv4Addr>().is_ok();
    Str::new_static(if proxy.ips.is_empty() || proxy.ips.iter().any(is_v4) {
        "0.0.0.0"
    } else {
        "::"
    })
}
