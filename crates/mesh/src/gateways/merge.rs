//! Which servers of all the Gateways of a proxy survive side by side, and whom they lose to
//! (G:2, V:6.2).
//!
//! Follows istiod's `mergeGateways` step by step, its asymmetries included. It must not know
//! VirtualServices or chains.

use super::attach::{AttachedGateway, Gateway, Selection, attached};
use super::dropped::{DropReason, Dropped};
use super::hosts::sanitised;
use super::protocol;
use super::targets::{ServiceTarget, resolve_by_selector, resolve_by_service, targets};
use crate::db::{Db, Mesh, ProxyKey, proxy_key};
use crate::registry::Protocol;
use crate::workloads::Proxy;
use indexmap::IndexMap;
use meshscope_manifest::Str;
use meshscope_manifest::spec::gateway::Server;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A server that made it, on one listener port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MergedServer {
    /// The Gateway.
    pub gateway: Arc<Gateway>,
    /// Index in its `servers`.
    pub index: usize,
    /// The server with its hosts sanitised (G:MRG-1): `./h` is `namespace/h`, `*/h` is `h`.
    pub server: Arc<Server>,
    /// The port it listens on.
    pub listener_port: u32,
    /// The route config's name; empty for servers without one (G:RT-1).
    pub route_name: Str,
}

/// What servers must share to be one set of chains.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerKey {
    /// Listener port.
    pub port: u32,
    /// Protocol as written.
    pub protocol: Str,
    /// Bind as written.
    pub bind: Str,
}

/// Servers under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedServers {
    /// The key.
    pub key: ServerKey,
    /// The servers, first come first.
    pub servers: Vec<MergedServer>,
    /// The route config, of use for plaintext HTTP keys only.
    pub route_name: Str,
}

/// The outcome of merging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Servers by key, in the order the keys appeared.
    pub keys: Vec<MergedServers>,
    /// Servers by route config.
    pub routes: Vec<(Str, Vec<MergedServer>)>,
    /// What was dropped or cut.
    pub dropped: Vec<Dropped>,
    /// Whether any AUTO_PASSTHROUGH server was seen, dropped ones but D1 included (G:APT-2).
    pub auto_passthrough: bool,
}

/// The merged servers of a proxy.
pub fn merged_servers(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<Merged> {
    merged(db, mesh, proxy_key(db, proxy)).clone()
}

/// Per proxy class. Invalidated by its Gateways and its Services' ports.
#[salsa::tracked]
pub(super) fn merged<'db>(db: &'db dyn Db, mesh: Mesh, key: ProxyKey<'db>) -> Arc<Merged> {
    let gateways = attached(db, mesh, key);
    let targets = targets(db, mesh, key);
    Arc::new(merge(gateways, targets))
}

/// The servers of one route config: unchanged by edits of the others.
#[salsa::tracked]
pub(super) fn route_servers<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ProxyKey<'db>,
    route_config: crate::db::Name<'db>,
) -> Option<Arc<[MergedServer]>> {
    let wanted = route_config.text(db);
    let merged = merged(db, mesh, key);
    let found = merged.routes.iter().find(|(n, _)| n == wanted)?;
    Some(found.1.as_slice().into())
}

type Party = (Arc<Gateway>, usize);

#[derive(Default)]
struct State {
    servers: IndexMap<ServerKey, MergedServers>,
    order: Vec<ServerKey>,
    /// The port has servers; the first of them.
    seen: FxHashMap<u32, Party>,
    plain: FxHashMap<u32, ServerKey>,
    routes: IndexMap<Str, Vec<MergedServer>>,
    known_hosts: FxHashMap<(u32, Str), (Str, Party)>,
    dropped: Vec<Dropped>,
    auto_passthrough: bool,
}

/// Merges the servers of the Gateways in order (G:2.2).
pub(super) fn merge(gateways: &[AttachedGateway], targets: &[ServiceTarget]) -> Merged {
    let mut state = State::default();
    for gateway in gateways.iter().map(|a| &a.gateway) {
        for (index, written) in gateway.servers.iter().enumerate() {
            let server = Arc::new(sanitised(gateway, index, written, &mut state.dropped));
            let resolved = match &gateway.selection {
                Selection::Labels(_) => resolve_by_selector(server.port, targets),
                Selection::Services { hosts, namespace } => {
                    resolve_by_service(server.port, targets, hosts, namespace)
                }
            };
            if resolved.ports.is_empty() {
                let why = format!(
                    "no Service of the Gateway has port {}: nothing listens (G:SEL-8)",
                    server.port
                );
                state.dropped.push(Dropped {
                    reason: DropReason::NoServicePort,
                    parties: vec![gateway.because(index, why)],
                    port: 0,
                    ambiguous: false,
                });
            }
            for port in resolved.ports {
                state.add(MergedServer {
                    gateway: gateway.clone(),
                    index,
                    server: server.clone(),
                    listener_port: port,
                    route_name: route_name(&server, port, gateway),
                });
            }
        }
    }
    let keys = state.order.iter().filter_map(|k| state.servers.get(k));
    Merged {
        keys: keys.cloned().collect(),
        routes: state
            .routes
            .into_iter()
            .filter(|(name, _)| !name.is_empty())
            .collect(),
        dropped: state.dropped,
        auto_passthrough: state.auto_passthrough,
    }
}

impl State {
    fn add(&mut self, new: MergedServer) {
        let (server, port) = (new.server.clone(), new.listener_port);
        if server.tls.is_some() {
            if !self.claim_hosts(&new) {
                return;
            }
            self.auto_passthrough |= protocol::is_auto_passthrough(&server);
        }
        let key = ServerKey {
            port,
            protocol: server.protocol.clone(),
            bind: server.bind.clone(),
        };
        let first = self.seen.get(&port).cloned();
        if first.is_none() {
            self.seen.insert(port, party(&new));
            self.open(key, new);
        } else if let Some(current) = self.plain.get(&port).cloned() {
            self.beside_plaintext(key, &current, new);
        } else {
            self.beside_tls(key, new);
        }
    }

    /// Takes the server's host strings for its bind; all or nothing (G:MRG-7). Dropped servers keep
    /// them (G:MRG-9), and there is one bind per host (G:MRG-10).
    fn claim_hosts(&mut self, new: &MergedServer) -> bool {
        let (server, port) = (&new.server, new.listener_port);
        let mut double: Vec<Str> = Vec::new();
        let mut owner: Option<Party> = None;
        for host in &server.hosts {
            if let Some((bind, taken_by)) = self.known_hosts.get(&(port, host.clone()))
                && *bind == server.bind
            {
                double.push(host.clone());
                owner.get_or_insert_with(|| taken_by.clone());
            }
        }
        let Some(owner) = owner else {
            for host in &server.hosts {
                self.known_hosts
                    .insert((port, host.clone()), (server.bind.clone(), party(new)));
            }
            return true;
        };
        let why = format!(
            "host {} is already taken on port {port}: the whole server is dropped (G:MRG-7)",
            double.join(", ")
        );
        self.drop(new, &owner, DropReason::DuplicateHosts(double), why);
        false
    }

    /// A new key, and the plaintext one of the port unless it is TLS.
    fn open(&mut self, key: ServerKey, new: MergedServer) {
        if !protocol::is_tls(&new.server) {
            self.plain.insert(key.port, key.clone());
        }
        if protocol::is_http(&new.server) {
            self.routes
                .insert(new.route_name.clone(), vec![new.clone()]);
        }
        self.set(key, new);
    }

    fn set(&mut self, key: ServerKey, new: MergedServer) {
        self.order.push(key.clone());
        let merged = MergedServers {
            key: key.clone(),
            route_name: new.route_name.clone(),
            servers: vec![new],
        };
        self.servers.insert(key, merged);
    }

    /// The port has a plaintext server (G:MRG-4, G:MRG-5, G:MRG-12).
    fn beside_plaintext(&mut self, key: ServerKey, current: &ServerKey, new: MergedServer) {
        let (ours, theirs) = (
            protocol::protocol(&new.server),
            Protocol::parse(&current.protocol),
        );
        let mergeable = (ours.is_http() || ours == theirs) && theirs.is_http();
        if current.bind != key.bind {
            if let Some(merged) = self.servers.get_mut(&key) {
                merged.route_name = new.route_name.clone();
                self.append(&key, new);
            } else {
                self.open(key, new);
            }
            return;
        }
        if mergeable {
            self.append(current, new);
            return;
        }
        let winner = self
            .servers
            .get(current)
            .and_then(|m| m.servers.first())
            .map(party);
        let why = format!(
            "port {} already has a plaintext {} server: this {} server is dropped (G:MRG-4)",
            current.port, current.protocol, new.server.protocol
        );
        let winner = winner.unwrap_or_else(|| party(&new));
        self.drop(&new, &winner, DropReason::ProtocolConflict, why);
    }

    fn append(&mut self, key: &ServerKey, new: MergedServer) {
        self.routes
            .entry(new.route_name.clone())
            .or_default()
            .push(new.clone());
        if let Some(merged) = self.servers.get_mut(key) {
            merged.servers.push(new);
        }
    }

    /// The port has only TLS servers (G:MRG-5, G:MRG-6).
    fn beside_tls(&mut self, key: ServerKey, new: MergedServer) {
        if !protocol::is_tls(&new.server) {
            self.open(key, new);
            return;
        }
        if protocol::is_http(&new.server) {
            if let Some(holder) = self.routes.get(&new.route_name).and_then(|s| s.first()) {
                let holder = party(holder);
                let why = format!(
                    "route config {} already exists: this HTTPS server is dropped (G:MRG-9)",
                    new.route_name
                );
                let reason = DropReason::DuplicateRouteConfig(new.route_name.clone());
                self.drop(&new, &holder, reason, why);
                return;
            }
            self.routes
                .insert(new.route_name.clone(), vec![new.clone()]);
        }
        match self.servers.get_mut(&key) {
            Some(merged) => merged.servers.push(new),
            None => self.set(key, new),
        }
    }

    fn drop(&mut self, loser: &MergedServer, winner: &Party, reason: DropReason, why: String) {
        let (gateway, index) = winner;
        self.dropped.push(Dropped {
            reason,
            parties: vec![
                loser.gateway.because(loser.index, why),
                gateway.because(*index, "was there first (G:ORD-1)"),
            ],
            port: loser.listener_port,
            ambiguous: loser.gateway.age_ties_with(gateway),
        });
    }
}

fn party(server: &MergedServer) -> Party {
    (server.gateway.clone(), server.index)
}

/// The route config of a server: HTTP by listener port, HTTPS by server port (G:RT-1).
fn route_name(server: &Server, listener_port: u32, gateway: &Gateway) -> Str {
    let bind = if server.bind.is_empty() {
        String::new()
    } else {
        format!(".{}", server.bind)
    };
    let of = protocol::protocol(server);
    if of.is_http() {
        format!("http.{listener_port}{bind}").into()
    } else if of == Protocol::Https && !protocol::is_passthrough(server) {
        format!(
            "https.{}.{}.{}.{}{bind}",
            server.port, server.port_name, gateway.name, gateway.namespace
        )
        .into()
    } else {
        Str::default()
    }
}
