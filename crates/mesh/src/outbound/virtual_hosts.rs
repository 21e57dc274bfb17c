//! The virtual hosts of one route config: all of them, or those that may take one host (O:8.2,
//! O:8.8, O:8.9).

use super::address::domain_addresses;
use super::claims::Claim;
use super::client::{Client, PortServices, lower_case, port_services};
use super::domains::{Home, bracketed, service_domains};
use super::listeners::aliases;
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::VirtualHost;
use crate::index::facts;
use crate::names::matches;
use crate::registry::{Protocol, Service, concrete_of};
use crate::visibility::VirtualService;
use crate::visibility::parts::{Shape, shape, virtual_services};
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The VirtualServices that can have a say about one host of a route config, in order; about any
/// host when it is empty. An edit of any other stops here.
#[salsa::tracked]
pub(super) fn relevant<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    listener: usize,
    port: u32,
    host: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let scope = client.scope(db);
    let work = Work::new(db, mesh, client, shape(db, mesh, scope), listener, port);
    let host = host.text(db).as_str();
    let only = (!host.is_empty()).then_some(host);
    let candidates = only.map(|host| work.candidates(host));
    virtual_services(db, mesh, scope, listener)
        .iter(db, mesh)
        .filter(|vs| work.may_matter(vs, only, candidates.as_ref()))
        // Hosts nobody registered are routed on port 80 alone (O:8.3).
        .filter(|vs| port == 80 || work.is_selected(vs))
        .cloned()
        .collect()
}

/// One route config being put together.
pub(super) struct Work<'a, 'db> {
    pub db: &'db dyn Db,
    pub mesh: Mesh,
    pub client: Client<'db>,
    pub shape: &'a Shape,
    pub listener: usize,
    /// The port; 0 takes services of all ports (O:8.12).
    pub port: u32,
    pub services: Arc<PortServices>,
    pub home: Home<'a>,
}

impl<'a, 'db> Work<'a, 'db> {
    pub fn new(
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
            home: Home {
                namespace: scope.namespace(db).text(db),
                domain: &facts.domain,
                absolute: facts.flag(Flag::AbsoluteFqdnVhostDomain),
            },
        }
    }

    /// All virtual hosts, or those with a domain that may take `only`.
    pub fn virtual_hosts(&self, only: Option<&str>) -> Vec<VirtualHost> {
        let candidates = only.map(|host| self.candidates(host));
        let wanted = |i: usize| candidates.as_ref().is_none_or(|c| c.contains(&i));
        let mut claims: Vec<Claim<'_>> = Vec::new();
        let host = name(self.db, only.unwrap_or_default());
        let (client, listener) = (self.client, self.listener);
        for vs in relevant(self.db, self.mesh, client, listener, self.port, host).iter() {
            claims.extend(self.claims_of(vs));
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
                if position.is_none_or(wanted) {
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
    pub fn key(&self, service: &Service) -> Str {
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
                    service.is_some_and(|s| s.is_headless()) || self.stands_for_another(h)
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
            for concrete in concrete_of(self.db, self.mesh, name(self.db, wanted)).iter() {
                found.extend(self.services.position(concrete));
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

    fn stands_for_another(&self, host: &str) -> bool {
        !concrete_of(self.db, self.mesh, name(self.db, host)).is_empty()
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
