//! HTTP route configs of sidecars: which virtual hosts there are, what they are called and where
//! their routes come from (O:8).
//!
//! A route config of a large mesh has a virtual host per service. Whoever asks about one Host header
//! gets only those that can take it ([`hosts_for`]); both ways run the same code, over all services
//! or over the candidates, so they agree.

use super::address::domain_addresses;
use super::client::{Client, PortServices, Shape, lower_case, port_services, shape, target};
use super::domains::{Home, bracketed, service_domains};
use super::fallback;
use super::listeners::aliases;
use super::virtual_services::{VsIndex, vs_index};
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::{Action, Because, ClusterWeight, Route, RouteConfig, RouteMatch, VirtualHost};
use crate::index::facts;
use crate::names::{is_wildcard, matches};
use crate::registry::{Protocol, Resolution, Service};
use crate::routes::{Destinations, RouteContext, routes_of};
use crate::visibility::{VirtualService, cluster_name};
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::virtual_service::Destination;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The route config of a name, complete.
#[salsa::tracked]
pub fn route_config<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: Name<'db>,
) -> Arc<RouteConfig> {
    Arc::new(assemble(db, mesh, client, config.text(db), None))
}

/// The part of a route config that can take requests for one host: its virtual hosts for it, and the
/// catch-all. `host` is lower-case and without port. Changes only with what touches that host.
#[salsa::tracked]
pub fn hosts_for<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: Name<'db>,
    host: Name<'db>,
) -> Arc<RouteConfig> {
    Arc::new(assemble(
        db,
        mesh,
        client,
        config.text(db),
        Some(host.text(db)),
    ))
}

/// What the name of a route config says (O:5.6).
enum Kind<'a> {
    /// A port: shared by its services.
    Port(u32),
    /// A sniffed service of its own.
    Private { host: &'a str, port: u32 },
    /// The forward proxy or a unix socket.
    AllPorts,
}

fn kind(config: &str) -> Option<Kind<'_>> {
    if config == "http_proxy" || config.starts_with("unix://") {
        return Some(Kind::AllPorts);
    }
    match config.split_once(':') {
        None => config.parse().ok().map(Kind::Port),
        Some((host, port)) => port.parse().ok().map(|port| Kind::Private { host, port }),
    }
}

fn assemble<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: &str,
    host: Option<&str>,
) -> RouteConfig {
    let mut found = RouteConfig {
        name: config.into(),
        virtual_hosts: Vec::new(),
    };
    let Some(kind) = kind(config) else {
        return found;
    };
    let shape = shape(db, mesh, client.scope(db));
    let port = match kind {
        Kind::Port(port) | Kind::Private { port, .. } => port,
        Kind::AllPorts => 0,
    };
    let listener = listener_for(shape, port, config);
    // A private config is the virtual host of its service, whatever Host the request has.
    let host = match kind {
        Kind::Private { host, .. } => Some(lower_case(&host.into())),
        _ => host.map(Str::new),
    };
    if let Some(listener) = listener {
        let work = Work::new(db, mesh, client, shape, listener, port);
        found.virtual_hosts = work.virtual_hosts(host.as_deref());
    }
    found.virtual_hosts.sort_by(|a, b| a.name.cmp(&b.name));
    match kind {
        Kind::Private { host, .. } => {
            found
                .virtual_hosts
                .retain(|v| v.domains.iter().any(|d| d == host || d == config));
            if let [only] = &mut found.virtual_hosts[..] {
                only.domains = vec!["*".into()];
            }
        }
        _ => found.virtual_hosts.push(fallback::virtual_host(shape)),
    }
    found
}

/// The egress listener a route config belongs to (O:8.1).
fn listener_for(shape: &Shape, port: u32, config: &str) -> Option<usize> {
    shape.listeners.iter().position(|l| match &l.port {
        None => true,
        Some(p) if p.number != port => false,
        Some(_) => port != 0 || l.bind == config,
    })
}

/// One route config being put together.
struct Work<'a, 'db> {
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    shape: &'a Shape,
    listener: usize,
    /// The port; 0 takes services of all ports (O:8.12).
    port: u32,
    services: Arc<PortServices>,
    index: Arc<VsIndex>,
    home: Home<'a>,
}

/// What one VirtualService or one service contributes: routes for some hosts on a port.
struct Claim<'a> {
    port: u32,
    services: Vec<&'a Arc<Service>>,
    hosts: Vec<Str>,
    routes: Vec<Route>,
    because: Because,
}

impl<'a, 'db> Work<'a, 'db> {
    fn new(
        db: &'db dyn Db,
        mesh: Mesh,
        client: Client<'db>,
        shape: &'a Shape,
        listener: usize,
        port: u32,
    ) -> Work<'a, 'db>
    where
        'db: 'a,
    {
        let scope = client.scope(db);
        let facts = facts(db, mesh);
        let proxies = shape.listeners.get(listener).is_some_and(|l| {
            let protocol = l.port.as_ref().map(|p| Protocol::parse(&p.protocol));
            protocol == Some(Protocol::HttpProxy)
        });
        let port = if proxies { 0 } else { port };
        Work {
            db,
            mesh,
            client,
            shape,
            listener,
            port,
            services: port_services(db, mesh, scope, listener, port).clone(),
            index: vs_index(db, mesh, scope, listener).clone(),
            home: Home {
                namespace: scope.namespace(db).text(db),
                domain: &facts.domain,
                absolute: facts.flag(Flag::AbsoluteFqdnVhostDomain),
            },
        }
    }

    /// All virtual hosts, or those with a domain that may take `only`.
    fn virtual_hosts(&self, only: Option<&str>) -> Vec<VirtualHost> {
        let candidates = only.map(|host| self.candidates(host));
        let relevant = |i: usize| candidates.as_ref().is_none_or(|c| c.contains(&i));
        let mut claims: Vec<Claim<'_>> = Vec::new();
        for (at, vs) in (0u32..).zip(&self.index.list) {
            if self.may_matter(vs, only, candidates.as_ref()) {
                claims.extend(self.claims_of(at, vs));
            }
        }
        let claimed: FxHashSet<Str> = claims
            .iter()
            .flat_map(|c| &c.services)
            .map(|s| lower_case(&s.host))
            .collect();
        let rest: Vec<usize> = match &candidates {
            Some(candidates) => candidates.clone(),
            None => (0..self.services.services.len()).collect(),
        };
        for service in rest
            .into_iter()
            .filter_map(|i| self.services.services.get(i))
        {
            if !claimed.contains(&lower_case(&service.host)) && !service.is_alias() {
                claims.extend(self.default_claims(service));
            }
        }
        let mut names = Names::default();
        for service in claims.iter().flat_map(|c| &c.services) {
            names.known.insert(lower_case(&service.host));
        }
        let mut by_port: Vec<(u32, Vec<VirtualHost>)> = Vec::new();
        for claim in &claims {
            let mut hosts = Vec::new();
            for host in &claim.hosts {
                hosts.extend(self.plain_host(claim, &lower_case(host), &mut names));
            }
            for service in &claim.services {
                let position = self.services.position(&self.key(service));
                if position.is_none_or(relevant) {
                    hosts.extend(self.service_host(claim, service, &mut names));
                }
            }
            match by_port.iter_mut().find(|(p, _)| *p == claim.port) {
                Some((_, list)) => list.extend(hosts),
                None => by_port.push((claim.port, hosts)),
            }
        }
        if self.port == 0 {
            return merged(by_port);
        }
        let of_port = by_port.into_iter().find(|(p, _)| *p == self.port);
        of_port.map(|(_, hosts)| hosts).unwrap_or_default()
    }

    /// The key of a service in the index: lower-case, but for the forward proxy.
    fn key(&self, service: &Service) -> Str {
        if self.port == 0 {
            service.host.clone()
        } else {
            lower_case(&service.host)
        }
    }

    /// The services one of whose domains may take a host: the host itself in every form, wildcard
    /// hosts over it, headless services above it, services with it as an alias or an address.
    fn candidates(&self, host: &str) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut hosts = self.home.expansions(host);
        // `*.` domains of headless services take every name below one of their forms.
        for (at, _) in host.match_indices('.') {
            if let Some(parent) = host.get(at + 1..) {
                let forms = self.home.expansions(parent);
                let headless = forms.into_iter().filter(|h| {
                    let service = self.services.get(h);
                    service.is_some_and(|s| s.is_headless()) || self.is_alias_target(h)
                });
                hosts.extend(headless);
            }
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if crate::names::is_ip(bare) {
            let traits = self.client.traits(self.db);
            let services = self.services.services.iter().enumerate();
            found.extend(
                services
                    .filter(|(_, s)| {
                        domain_addresses(self.db, self.mesh, s, traits)
                            .iter()
                            .any(|a| a == bare || bracketed(a) == host)
                    })
                    .map(|(i, _)| i),
            );
        }
        for wanted in &hosts {
            found.extend(self.services.position(wanted));
            for concrete in self.concrete_of(wanted) {
                found.extend(self.services.position(&concrete));
            }
        }
        for &at in &self.services.wildcards {
            let covers = self.services.services.get(at as usize).is_some_and(|s| {
                let key = self.key(s);
                hosts.iter().any(|h| matches(&key, h))
            });
            if covers {
                found.push(at as usize);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The host an ExternalName host finally stands for.
    fn concrete_of(&self, host: &str) -> Vec<Str> {
        let mut found = Vec::new();
        let mut at: Str = host.into();
        let scope = self.client.scope(self.db);
        for _ in 0..16 {
            let next = target(self.db, self.mesh, scope, name(self.db, &at)).clone();
            match next.and_then(|t| t.external_name) {
                Some(next) if !found.contains(&next) => {
                    at = next.clone();
                    found.push(next);
                }
                _ => break,
            }
        }
        found
    }

    fn is_alias_target(&self, host: &str) -> bool {
        !self.concrete_of(host).is_empty()
    }

    /// Whether a VirtualService can have a say about `only`: one of its hosts is it, covers it, or
    /// overlaps a candidate.
    fn may_matter(
        &self,
        vs: &VirtualService,
        only: Option<&str>,
        candidates: Option<&Vec<usize>>,
    ) -> bool {
        let Some(only) = only else { return true };
        vs.hosts.iter().any(|h| {
            let h = lower_case(h);
            h == only
                || h.strip_prefix('*').is_some_and(|tail| only.ends_with(tail))
                || candidates.into_iter().flatten().any(|&i| {
                    let service = self.services.services.get(i);
                    service.is_some_and(|s| matches(&h, &self.key(s)))
                })
        })
    }

    /// What a VirtualService contributes (O:8.3-8.6).
    fn claims_of(&self, at: u32, vs: &VirtualService) -> Vec<Claim<'_>> {
        if self.port != 80 && !self.is_selected(vs) {
            return Vec::new();
        }
        let routes = routes_of(
            vs,
            &RouteContext {
                port: self.port,
                gateway: "mesh",
                labels: self.client.labels(self.db),
                namespace: self.client.namespace(self.db).text(self.db),
                destinations: self,
            },
        );
        if routes.is_empty() {
            return Vec::new();
        }
        let (hosts, services) = self.split_hosts(at, vs);
        let client = self.client.scope(self.db).namespace(self.db).text(self.db);
        if vs.gateway_semantics
            && !services
                .iter()
                .any(|s| s.namespace == vs.namespace || *client == vs.namespace)
        {
            // A Gateway API route acts for its own namespace or on its own services (O:4.6).
            return Vec::new();
        }
        let mut by_port: Vec<(u32, Vec<&Arc<Service>>)> = Vec::new();
        for service in services {
            for port in self.ports_of(service) {
                match by_port.iter_mut().find(|(p, _)| *p == port) {
                    Some((_, list)) => list.push(service),
                    None => by_port.push((port, vec![service])),
                }
            }
        }
        if by_port.is_empty() && self.port == 80 {
            // Hosts nobody registered are routed on port 80 alone (O:8.6).
            by_port.push((80, Vec::new()));
        }
        let because = Because::new(
            &vs.object,
            "spec.hosts",
            "is the first VirtualService of the host with routes for this proxy (O:8.8)",
        );
        by_port
            .into_iter()
            .map(|(port, services)| Claim {
                port,
                services,
                hosts: hosts.clone(),
                routes: routes.clone(),
                because: because.clone(),
            })
            .collect()
    }

    /// The HTTP or sniffed ports of a service that count here: the port asked for, or all.
    fn ports_of(&self, service: &Service) -> Vec<u32> {
        let counts = |number: u32| self.port == 0 || number == self.port;
        let mut ports: Vec<u32> = Vec::new();
        // A service trimmed to a port keeps the first entry of that number.
        let mut seen: Vec<u32> = Vec::new();
        for port in service.ports.iter().filter(|p| counts(p.number)) {
            if self.port != 0 && seen.contains(&port.number) {
                continue;
            }
            seen.push(port.number);
            if port.protocol.is_http_or_sniffed() {
                ports.push(port.number);
            }
        }
        ports
    }

    /// Whether any host of a VirtualService overlaps a service on the port (O:8.3).
    fn is_selected(&self, vs: &VirtualService) -> bool {
        vs.hosts.iter().any(|h| {
            let h = lower_case(h);
            if self.services.get(&h).is_some() {
                return true;
            }
            if is_wildcard(&h) {
                let mut services = self.services.services.iter();
                return services.any(|s| matches(&h, &self.key(s)));
            }
            let mut wildcards = self.services.wildcards.iter();
            wildcards.any(|&i| {
                let service = self.services.services.get(i as usize);
                service.is_some_and(|s| matches(&h, &self.key(s)))
            })
        })
    }

    /// The hosts of a VirtualService as plain names and as services (O:8.5).
    fn split_hosts(&self, at: u32, vs: &VirtualService) -> (Vec<Str>, Vec<&Arc<Service>>) {
        let (mut hosts, mut services) = (Vec::new(), Vec::new());
        let (wild, exact): (Vec<&Str>, Vec<&Str>) = vs.hosts.iter().partition(|h| is_wildcard(h));
        for host in exact {
            match self.services.get(&lower_case(host)) {
                Some(service) => services.push(service),
                None => hosts.push(host.clone()),
            }
        }
        for host in wild {
            if vs.gateway_semantics {
                hosts.push(lower_case(host));
                continue;
            }
            let pattern = lower_case(host);
            let mut overlaps = false;
            for service in &self.services.services {
                let key = self.key(service);
                if !matches(&key, &pattern) {
                    continue;
                }
                overlaps = true;
                // The index knows hosts as services write them, this list in lower case: a host with
                // capitals is never found there.
                let best = if key == service.host {
                    self.index.most_specific(&key)
                } else {
                    None
                };
                let is_best = best
                    .and_then(|i| self.index.list.get(i as usize))
                    .is_some_and(|b| b.namespace == vs.namespace && b.name == vs.name);
                if best == Some(at) || is_best {
                    services.push(service);
                }
            }
            if !overlaps {
                hosts.push(pattern);
            }
        }
        (hosts, services)
    }

    /// The default routes of a service nobody claims (O:8.7).
    fn default_claims<'s>(&self, service: &'s Arc<Service>) -> Vec<Claim<'s>> {
        let ports = self.ports_of(service);
        ports
            .into_iter()
            .map(|port| {
                let because = Because::new(
                    &service.object,
                    "spec.ports",
                    "no VirtualService of this client has routes for it: its default route (O:8.7)",
                );
                let cluster = cluster_name(port, "", &self.key(service));
                Claim {
                    port,
                    services: vec![service],
                    hosts: Vec::new(),
                    routes: vec![default_route(cluster, &because)],
                    because,
                }
            })
            .collect()
    }

    fn plain_host(&self, claim: &Claim<'_>, host: &str, names: &mut Names) -> Option<VirtualHost> {
        let name = names.take(host, claim.port)?;
        let mut domains = vec![bracketed(host)];
        names.dedupe(&mut domains, &[]);
        claim.host(name, domains)
    }

    fn service_host(
        &self,
        claim: &Claim<'_>,
        service: &Service,
        names: &mut Names,
    ) -> Option<VirtualHost> {
        let name = names.take(&self.key(service), claim.port)?;
        let egress = self.shape.listeners.get(self.listener)?;
        let aliases = aliases(self.db, self.mesh, egress, service);
        let traits = self.client.traits(self.db);
        let addresses = domain_addresses(self.db, self.mesh, service, traits);
        let (mut domains, derived) = service_domains(service, &aliases, &self.home, &addresses);
        if self.port == 0 {
            let with_port: Vec<Str> = domains
                .iter()
                .map(|d| format!("{d}:{}", claim.port).into())
                .collect();
            domains.extend(with_port);
        } else if let Some(first) = domains.first_mut() {
            *first = lower_case(first);
        }
        names.dedupe(&mut domains, &derived);
        claim.host(name, domains)
    }
}

impl Claim<'_> {
    fn host(&self, name: Str, domains: Vec<Str>) -> Option<VirtualHost> {
        (!domains.is_empty()).then(|| VirtualHost {
            name,
            domains,
            require_tls: false,
            routes: self.routes.clone(),
            because: vec![self.because.clone()],
        })
    }
}

/// The virtual host names and domains taken so far (O:8.8).
#[derive(Default)]
struct Names {
    taken: FxHashSet<Str>,
    domains: FxHashSet<Str>,
    /// Full hosts: a short form that equals one is left to it.
    known: FxHashSet<Str>,
}

impl Names {
    fn take(&mut self, host: &str, port: u32) -> Option<Str> {
        let name: Str = if host.contains(':') {
            format!("[{host}]:{port}").into()
        } else {
            format!("{host}:{port}").into()
        };
        self.taken.insert(name.clone()).then_some(name)
    }

    fn dedupe(&mut self, domains: &mut Vec<Str>, derived: &[Str]) {
        domains.retain(|d| {
            if derived.contains(d) && self.known.contains(d) {
                return false;
            }
            self.domains.insert(lower_case(d))
        });
    }
}

fn default_route(cluster: Str, because: &Because) -> Route {
    Route {
        name: "default".into(),
        matching: RouteMatch::default(),
        action: Action::Clusters(vec![ClusterWeight::all(cluster)]),
        mirrors: Vec::new(),
        rewrite: None,
        fault: None,
        missing_cluster_is_500: false,
        because: vec![because.clone()],
    }
}

/// Virtual hosts of all ports: away from port 80 only names with a port remain (O:8.12).
fn merged(by_port: Vec<(u32, Vec<VirtualHost>)>) -> Vec<VirtualHost> {
    let mut found = Vec::new();
    for (port, hosts) in by_port {
        for mut host in hosts {
            if port != 80 {
                host.domains.retain(|d| d.contains(':'));
            }
            if !host.domains.is_empty() {
                found.push(host);
            }
        }
    }
    found
}

impl Destinations for Work<'_, '_> {
    /// Only services with the listener's port are known here, so a destination without port gets
    /// that port, not its service's only one (O:8.17).
    fn resolve(&self, _vs: &VirtualService, destination: &Destination, port: u32) -> (Str, u32) {
        let service = self.services.get(&destination.host);
        let host = match service.map(|s| &s.resolution) {
            Some(Resolution::Alias(target)) => target.clone(),
            _ => destination.host.clone(),
        };
        let only = match service.map(|s| &s.ports[..]) {
            Some([only]) if self.port == 0 => Some(only.number),
            _ => None,
        };
        let port = match destination.port {
            0 => only.unwrap_or(port),
            written => written,
        };
        (host, port)
    }
}

/// Domains of a route config by name, for those who compare (test files).
pub fn domains(config: &RouteConfig) -> FxHashMap<&Str, &VirtualHost> {
    let mut found = FxHashMap::default();
    for host in &config.virtual_hosts {
        for domain in &host.domains {
            found.entry(domain).or_insert(host);
        }
    }
    found
}
