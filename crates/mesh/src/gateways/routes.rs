//! The route configs of a gateway workload (G:5, V:R6.10).
//!
//! Unlike for sidecars, VirtualServices of one host are merged: their routes follow each other in
//! istiod's order, but for catch-alls, which go last. One query per route config; it reads only the
//! servers of that route config and the VirtualServices of their Gateways.

use super::destinations::Router;
use super::merge::{MergedServer, route_servers};
use super::nack::{self, Rejection};
use super::protocol;
use crate::db::{Db, Mesh, Name, ProxyKey, name, proxy_key};
use crate::envoy::{Because, Route, RouteConfig, VirtualHost};
use crate::index::facts;
use crate::names::{intersect, more_specific};
use crate::routes::{RouteContext, routes_of};
use crate::visibility::{VirtualService, virtual_services_for};
use crate::workloads::Proxy;
use indexmap::IndexMap;
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A route config; without virtual hosts when no server has that name (G:RT-2).
pub fn gateway_route_config(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    config_name: &str,
) -> Arc<RouteConfig> {
    let key = proxy_key(db, proxy);
    built(db, mesh, key, name(db, config_name)).config.clone()
}

/// A route config and what Envoy says to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Built {
    pub config: Arc<RouteConfig>,
    pub rejections: Vec<Rejection>,
}

/// Per proxy class and name.
#[salsa::tracked]
pub(super) fn built<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ProxyKey<'db>,
    config_name: Name<'db>,
) -> Arc<Built> {
    let mut config = RouteConfig {
        name: config_name.text(db).clone(),
        virtual_hosts: Vec::new(),
    };
    let Some(servers) = route_servers(db, mesh, key, config_name).clone() else {
        return Arc::new(Built {
            config: Arc::new(config),
            rejections: Vec::new(),
        });
    };
    let proxy = key.proxy(db);
    let mut builder = Builder {
        db,
        mesh,
        proxy,
        client: name(db, &proxy.config_namespace),
        sources: IndexMap::new(),
        hosts: IndexMap::new(),
        rejections: Vec::new(),
    };
    for server in servers.iter() {
        builder.server(server);
    }
    let collapse = facts(db, mesh).flag(Flag::RouteCollapse);
    let sources = builder.sources;
    config.virtual_hosts = match servers.first() {
        Some(first) if builder.hosts.is_empty() => vec![blackhole(first)],
        _ => virtual_hosts(builder.hosts, &sources, collapse),
    };
    let mut rejections = nack::route_config_rejections(&config);
    rejections.extend(builder.rejections.into_iter().map(|mut r| {
        r.name = config.name.clone();
        r
    }));
    Arc::new(Built {
        config: Arc::new(config),
        rejections,
    })
}

/// Routes as istiod shares them: by Gateway and VirtualService, then by index.
type RouteId = (usize, usize);
/// The routes one VirtualService has for one Gateway, from the first server that gave any (G:RT-7).
type Sources = IndexMap<(Str, Str), Vec<Route>>;

struct Host {
    name: Str,
    routes: Vec<RouteId>,
    require_tls: bool,
    because: Vec<Because>,
}

struct Builder<'db> {
    db: &'db dyn Db,
    mesh: Mesh,
    proxy: &'db Proxy,
    client: Name<'db>,
    sources: Sources,
    hosts: IndexMap<Str, Host>,
    rejections: Vec<Rejection>,
}

impl Builder<'_> {
    fn server(&mut self, server: &MergedServer) {
        let label = server.gateway.label();
        let redirects = protocol::redirects(&server.server);
        let list = virtual_services_for(self.db, self.mesh, self.client, name(self.db, &label));
        for vs in list.iter() {
            let hosts = bound_hosts(server, vs);
            if hosts.is_empty() {
                continue;
            }
            let Some((source, count)) = self.routes(server, &label, vs) else {
                continue;
            };
            for host in hosts {
                let because = Because::new(
                    &vs.object,
                    "spec.hosts",
                    format!("bound to {label} with host {host} (G:VSB-6)"),
                );
                let entry = self.host(server, &host.to_lowercase());
                entry.routes.extend((0..count).map(|i| (source, i)));
                entry.require_tls |= redirects;
                entry.because.push(because);
            }
        }
        if redirects {
            // The raw host, namespace and all: a known bug (G:RT-8a).
            for host in &server.server.hosts {
                let because = server
                    .gateway
                    .because(server.index, "httpsRedirect for this host (G:RT-8)");
                let entry = self.host(server, &host.to_lowercase());
                entry.require_tls = true;
                entry.because.push(because);
            }
        }
    }

    fn host(&mut self, server: &MergedServer, host: &str) -> &mut Host {
        self.hosts.entry(host.into()).or_insert_with(|| Host {
            name: domain_name(host, server.server.port),
            routes: Vec::new(),
            require_tls: false,
            because: Vec::new(),
        })
    }

    /// The routes of a VirtualService for a Gateway: where they are kept, and how many.
    fn routes(
        &mut self,
        server: &MergedServer,
        label: &Str,
        vs: &VirtualService,
    ) -> Option<(usize, usize)> {
        let id = (
            label.clone(),
            format!("{}/{}", vs.name, vs.namespace).into(),
        );
        if let Some((index, _, routes)) = self.sources.get_full(&id) {
            return Some((index, routes.len()));
        }
        let router = Router {
            db: self.db,
            mesh: self.mesh,
            client: self.client,
        };
        let routes = routes_of(vs, &context(self.proxy, label, server, &router));
        if routes.is_empty() {
            return None;
        }
        self.rejections.extend(nack::header_rejections(vs));
        let count = routes.len();
        let (index, _) = self.sources.insert_full(id, routes);
        Some((index, count))
    }
}

/// What routes of a server are built for.
pub(super) fn context<'a>(
    proxy: &'a Proxy,
    label: &'a str,
    server: &MergedServer,
    router: &'a Router<'_>,
) -> RouteContext<'a> {
    RouteContext {
        port: server.server.port,
        gateway: label,
        labels: &proxy.labels,
        namespace: &proxy.config_namespace,
        destinations: router,
    }
}

/// The hosts a VirtualService has on an HTTP server: intersection after the namespace filter, narrower
/// of each pair (G:VSB-6).
pub(super) fn bound_hosts(server: &MergedServer, vs: &VirtualService) -> Vec<Str> {
    intersect(&hosts_for_namespace(server, &vs.namespace), &vs.hosts)
}

/// The server's hosts open to a namespace, without their namespace part.
pub(super) fn hosts_for_namespace(server: &MergedServer, namespace: &str) -> Vec<Str> {
    let bare = |host: &Str| match host.split_once('/') {
        Some((ns, bare)) => (ns == namespace || ns == "*").then(|| Str::new(bare)),
        None => Some(host.clone()),
    };
    server.server.hosts.iter().filter_map(bare).collect()
}

/// `host:port`, an IPv6 address in brackets.
fn domain_name(host: &str, port: u32) -> Str {
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{host}]:{port}").into()
    } else {
        format!("{host}:{port}").into()
    }
}

/// The virtual host of a route config nothing is bound to (G:RT-3).
fn blackhole(server: &MergedServer) -> VirtualHost {
    VirtualHost {
        name: domain_name("blackhole", server.server.port),
        domains: vec!["*".into()],
        require_tls: false,
        routes: Vec::new(),
        because: vec![server.gateway.because(
            server.index,
            "no VirtualService is bound: every request is answered 404 (G:TLS-7)",
        )],
    }
}

/// Collapses hosts with the same routes (G:RT-10), moves catch-alls behind (G:RT-9), sorts by name.
fn virtual_hosts(
    hosts: IndexMap<Str, Host>,
    sources: &Sources,
    collapse: bool,
) -> Vec<VirtualHost> {
    let mut sorted: Vec<(Str, Host)> = hosts.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| more_specific(a, b));
    let mut known: FxHashMap<Vec<RouteId>, usize> = FxHashMap::default();
    let mut groups: Vec<(Host, Vec<Str>)> = Vec::new();
    for (domain, host) in sorted {
        let first = known.get(&host.routes).copied().filter(|_| collapse);
        match first.and_then(|i| groups.get_mut(i)) {
            Some((group, domains)) if group.require_tls == host.require_tls => {
                domains.push(domain);
                group.because.extend(host.because);
            }
            _ => {
                known.insert(host.routes.clone(), groups.len());
                groups.push((host, vec![domain]));
            }
        }
    }
    let mut built: Vec<VirtualHost> = groups
        .into_iter()
        .map(|(host, domains)| {
            let route = |id: &RouteId| {
                let (_, routes) = sources.get_index(id.0)?;
                routes.get(id.1).cloned()
            };
            let mut routes: Vec<Route> = host.routes.iter().filter_map(route).collect();
            routes.sort_by_key(|r| r.matching.is_catch_all());
            VirtualHost {
                name: host.name,
                domains,
                require_tls: host.require_tls,
                routes,
                because: host.because,
            }
        })
        .collect();
    built.sort_by(|a, b| a.name.cmp(&b.name));
    built
}
