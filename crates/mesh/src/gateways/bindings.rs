//! Which VirtualService got where on a gateway workload, and why others did not (G:4, SF-13..26).
//!
//! Reads every VirtualService that names a Gateway, exported or not: what `meshscope gateways`, rules
//! and editors ask. Configuration itself never depends on this.

use super::attach::{Gateway, all_gateways, attached, find_gateway};
use super::binding::{Binding, BoundServer, Unbound, UnboundReason};
use super::chains::{hosts_overlap, l4_applies};
use super::destinations::Router;
use super::dropped::{DropReason, Dropped};
use super::listeners::config;
use super::merge::MergedServer;
use super::protocol;
use super::routes::{bound_hosts, context, hosts_for_namespace};
use crate::db::{Db, Mesh, Name, ProxyKey, name, proxy_key};
use crate::envoy::Because;
use crate::index::facts;
use crate::names::matches;
use crate::routes::routes_of;
use crate::visibility::{
    Audience, VirtualService, audience, virtual_services_for, virtual_services_in,
};
use crate::workloads::{Proxy, gateway_workloads, proxy_of};
use meshscope_manifest::Str;
use std::sync::Arc;

/// The VirtualServices of one namespace bound to a Gateway name, exported or not.
#[salsa::tracked]
fn referencing_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    gateway: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let wanted = gateway.text(db);
    virtual_services_in(db, mesh, namespace)
        .iter()
        .filter(|v| v.is_bound_to(wanted))
        .cloned()
        .collect()
}

/// Every VirtualService that names a Gateway, exported or not, in istiod's order.
#[salsa::tracked]
pub fn referencing<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    gateway: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let each = each_referencing(db, mesh, gateway);
    let mut found: Vec<Arc<VirtualService>> =
        each.flat_map(|(_, own)| own.iter().cloned()).collect();
    found.sort_by(|a, b| a.order(b));
    found.into()
}

across! {
    fn each_referencing(gateway: Name<'db>) -> Arc<[Arc<VirtualService>]>
        = referencing_in in referencing_of_group;
}

/// References of VirtualServices to Gateways that do not exist: the VirtualService's index in
/// `gateways` and the name it means (SF-13).
pub fn missing_gateways(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<(usize, Str)> {
    vs.gateways
        .iter()
        .enumerate()
        .filter(|(_, g)| *g != "mesh" && find_gateway(db, mesh, g).is_none())
        .map(|(i, g)| (i, g.clone()))
        .collect()
}

/// The Gateways no gateway workload of the mesh is programmed with (SF-7).
pub fn unselected_gateways(db: &dyn Db, mesh: Mesh) -> Vec<Arc<Gateway>> {
    let proxies: Vec<Proxy> = gateway_workloads(db, mesh)
        .iter()
        .filter_map(|w| proxy_of(w))
        .collect();
    let used = |gateway: &Arc<Gateway>| {
        proxies.iter().any(|p| {
            let attached = attached(db, mesh, proxy_key(db, p));
            attached
                .iter()
                .any(|a| Arc::ptr_eq(&a.gateway, gateway) || a.gateway == *gateway)
        })
    };
    let all = all_gateways(db, mesh);
    all.iter().filter(|g| !used(g)).cloned().collect()
}

/// What became of every VirtualService that names a Gateway of the proxy.
pub fn bindings(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<[Binding]> {
    if !proxy.is_router() {
        return Arc::default();
    }
    of_proxy(db, mesh, proxy_key(db, proxy)).clone()
}

#[salsa::tracked]
fn of_proxy<'db>(db: &'db dyn Db, mesh: Mesh, key: ProxyKey<'db>) -> Arc<[Binding]> {
    let config = config(db, mesh, key);
    let proxy = key.proxy(db);
    let mut found = Vec::new();
    for attached in config.gateways.iter() {
        let gateway = &attached.gateway;
        let label = gateway.label();
        let servers: Vec<&MergedServer> = config
            .merged
            .keys
            .iter()
            .flat_map(|k| &k.servers)
            .filter(|s| s.gateway == *gateway)
            .collect();
        let here = Here {
            db,
            mesh,
            proxy,
            client: name(db, &proxy.config_namespace),
            gateway,
            label: label.clone(),
            servers,
            dropped: &config.dropped,
        };
        for vs in referencing(db, mesh, name(db, &label)).iter() {
            found.push(here.binding(vs));
        }
    }
    found.into()
}

struct Here<'a> {
    db: &'a dyn Db,
    mesh: Mesh,
    proxy: &'a Proxy,
    client: Name<'a>,
    gateway: &'a Arc<Gateway>,
    label: Str,
    servers: Vec<&'a MergedServer>,
    dropped: &'a [Dropped],
}

impl Here<'_> {
    fn binding(&self, vs: &Arc<VirtualService>) -> Binding {
        let mut binding = Binding {
            virtual_service: vs.clone(),
            gateway: self.label.clone(),
            bound: Vec::new(),
            unbound: Vec::new(),
        };
        if let Some(hidden) = self.hidden(vs) {
            binding.unbound.push(hidden);
            return binding;
        }
        for server in &self.servers {
            match self.on_server(vs, server) {
                Ok(bound) => binding.bound.push(bound),
                Err((reason, why)) => binding.unbound.push(Unbound {
                    server: Some(server.index),
                    reason,
                    because: vec![
                        Because::new(&vs.object, "", why),
                        self.gateway.because(server.index, "the server"),
                    ],
                }),
            }
        }
        for dropped in self.dropped.iter().filter(|d| is_server(d)) {
            let Some(loser) = dropped.parties.first() else {
                continue;
            };
            let index = (0..self.gateway.servers.len())
                .find(|i| loser.path == self.gateway.server_path(*i));
            if loser.object == self.gateway.object && index.is_some() {
                binding.unbound.push(Unbound {
                    server: index,
                    reason: UnboundReason::ServerDropped(dropped.reason.clone()),
                    because: dropped.parties.clone(),
                });
            }
        }
        binding
    }

    fn hidden(&self, vs: &VirtualService) -> Option<Unbound> {
        let defaults = &facts(self.db, self.mesh)
            .config
            .default_virtual_service_export_to;
        let pod = &self.proxy.config_namespace;
        let seen_by = match audience(vs, defaults) {
            Audience::Public => return None,
            Audience::Namespaces(targets) if targets.contains(pod) => return None,
            Audience::Namespaces(targets) => targets.join(", "),
            Audience::Nobody => "nobody".into(),
        };
        let why = format!("exported to {seen_by}, but the pod's namespace {pod} decides (G:VSB-3)");
        Some(Unbound {
            server: None,
            reason: UnboundReason::NotExported,
            because: vec![Because::new(&vs.object, "spec.exportTo", why)],
        })
    }

    fn on_server(
        &self,
        vs: &Arc<VirtualService>,
        server: &MergedServer,
    ) -> Result<BoundServer, (UnboundReason, String)> {
        self.hosts_meet(vs, server)?;
        let bound = |hosts: Vec<Str>, route_config: Option<Str>| BoundServer {
            gateway: self.gateway.clone(),
            server: server.index,
            listener_port: server.listener_port,
            hosts,
            route_config,
        };
        if protocol::is_auto_passthrough(&server.server) {
            let why = "AUTO_PASSTHROUGH servers route by SNI alone (G:APT-1)".to_owned();
            return Err((UnboundReason::AutoPassthrough, why));
        }
        if serves_http(server) {
            self.wants(vs, "http")?;
            let router = Router {
                db: self.db,
                mesh: self.mesh,
                client: self.client,
            };
            let context = context(self.proxy, &self.label, server, &router);
            if routes_of(vs, &context).is_empty() {
                let ports = vs.http.iter().flat_map(|r| &r.rule.matches).map(|m| m.port);
                return Err(nothing_applies(server, ports.collect()));
            }
            let hosts = bound_hosts(server, vs);
            return Ok(bound(hosts, Some(server.route_name.clone())));
        }
        let kind = if protocol::is_passthrough(&server.server) {
            "tls"
        } else {
            "tcp"
        };
        self.wants(vs, kind)?;
        let rules = if kind == "tls" { &vs.tls } else { &vs.tcp };
        let matches = || rules.iter().flat_map(|r| &r.matches);
        let open = kind == "tcp" && rules.iter().any(|r| r.matches.is_empty());
        if !open && !matches().any(|m| l4_applies(m, server)) {
            return Err(nothing_applies(server, matches().map(|m| m.port).collect()));
        }
        if kind == "tls" {
            let sni: Vec<Str> = self.sni_hosts(vs, server);
            if sni.is_empty() {
                let why = "every SNI of it is taken by an earlier match (G:TLS-8)".to_owned();
                return Err((UnboundReason::SniTaken, why));
            }
            return Ok(bound(sni, None));
        }
        match self.tcp_owner(server) {
            Some(owner) if !Arc::ptr_eq(&owner, vs) && owner != *vs => {
                let why = format!(
                    "{} comes first and has the whole server (G:TCP-1)",
                    owner.object
                );
                Err((UnboundReason::TcpRuleTaken, why))
            }
            _ => Ok(bound(server.server.hosts.clone(), None)),
        }
    }

    fn hosts_meet(
        &self,
        vs: &VirtualService,
        server: &MergedServer,
    ) -> Result<(), (UnboundReason, String)> {
        let meets = if serves_http(server) {
            !bound_hosts(server, vs).is_empty()
        } else {
            hosts_overlap(server, vs)
        };
        if meets {
            return Ok(());
        }
        let open = hosts_for_namespace(server, &vs.namespace);
        if open.is_empty() {
            let why = format!(
                "the server is not open to namespace {} (G:VSB-6)",
                vs.namespace
            );
            return Err((UnboundReason::OtherNamespace, why));
        }
        let lower = |h: &Str| h.to_lowercase();
        let but_for_case = open.iter().any(|o| {
            let mut hosts = vs.hosts.iter();
            hosts.any(|h| matches(&lower(o), &lower(h)))
        });
        let why = format!(
            "hosts {} and the server's {} have nothing in common (G:VSB-6)",
            vs.hosts.join(", "),
            open.join(", ")
        );
        Err((UnboundReason::NoCommonHost { but_for_case }, why))
    }

    fn wants(
        &self,
        vs: &VirtualService,
        wants: &'static str,
    ) -> Result<(), (UnboundReason, String)> {
        let kinds = [
            ("http", !vs.http.is_empty()),
            ("tls", !vs.tls.is_empty()),
            ("tcp", !vs.tcp.is_empty()),
        ];
        let has: Vec<&'static str> = kinds.iter().filter(|(_, y)| *y).map(|(k, _)| *k).collect();
        if has.contains(&wants) {
            return Ok(());
        }
        let why = format!(
            "the server uses `{wants}` rules and it has {} (G:TLS-2)",
            if has.is_empty() {
                "none".into()
            } else {
                has.join(", ")
            }
        );
        Err((UnboundReason::WrongKind { wants, has }, why))
    }

    /// The SNI hosts of the chains that come from this VirtualService and server.
    fn sni_hosts(&self, vs: &VirtualService, server: &MergedServer) -> Vec<Str> {
        let key = proxy_key(self.db, self.proxy);
        let config = config(self.db, self.mesh, key);
        let of_both = |because: &[Because]| {
            because.iter().any(|b| b.object == vs.object)
                && because.iter().any(|b| {
                    b.object == self.gateway.object
                        && b.path == self.gateway.server_path(server.index)
                })
        };
        let listeners = config.listeners.iter();
        let mut hosts: Vec<Str> = listeners
            .filter(|l| l.port == server.listener_port)
            .flat_map(|l| &l.chains)
            .filter(|c| of_both(&c.because))
            .flat_map(|c| {
                if c.matching.server_names.is_empty() {
                    vec![Str::new_static("*")]
                } else {
                    c.matching.server_names.clone()
                }
            })
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// The VirtualService whose TCP rule the server uses.
    fn tcp_owner(&self, server: &MergedServer) -> Option<Arc<VirtualService>> {
        let gateway = name(self.db, &self.label);
        let list = virtual_services_for(self.db, self.mesh, self.client, gateway);
        list.iter()
            .filter(|v| hosts_overlap(server, v))
            .find(|v| {
                v.tcp.iter().any(|r| {
                    r.matches.is_empty() || r.matches.iter().any(|m| l4_applies(m, server))
                })
            })
            .cloned()
    }
}

fn serves_http(server: &MergedServer) -> bool {
    let protocol = protocol::protocol(&server.server);
    protocol.is_http() || protocol::terminates_https(&server.server)
}

fn nothing_applies(server: &MergedServer, ports: Vec<u32>) -> (UnboundReason, String) {
    let server_port = server.server.port;
    if !ports.is_empty() && ports.iter().all(|p| *p != 0 && *p != server_port) {
        let mut written = ports;
        written.sort_unstable();
        written.dedup();
        let why =
            format!("every match.port is another than the server's port {server_port} (G:VSB-9)");
        return (
            UnboundReason::OtherPort {
                server_port,
                written,
            },
            why,
        );
    }
    let why = "no match of it applies to this Gateway and pod (G:VSB-9)".to_owned();
    (UnboundReason::NoMatchApplies, why)
}

/// Whether the entry is about a whole server.
fn is_server(dropped: &Dropped) -> bool {
    matches!(
        dropped.reason,
        DropReason::DuplicateHosts(_)
            | DropReason::ProtocolConflict
            | DropReason::DuplicateRouteConfig(_)
            | DropReason::NoServicePort
            | DropReason::Privileged
    )
}
