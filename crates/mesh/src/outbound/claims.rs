//! Who claims which hosts of a route config, and with which routes: VirtualServices first, then
//! services nobody claims (O:8.3-8.7).

use super::client::lower_case;
use super::virtual_hosts::Work;
use super::virtual_services::most_specific;
use crate::db::name;
use crate::envoy::{Action, Because, ClusterWeight, Route, RouteMatch};
use crate::names::{is_wildcard, matches};
use crate::registry::{Resolution, Service};
use crate::routes::{Destinations, RouteContext, routes_of};
use crate::visibility::{VirtualService, cluster_name};
use meshscope_manifest::Str;
use meshscope_manifest::spec::virtual_service::Destination;
use std::sync::Arc;

/// What one VirtualService or one service contributes: routes for some hosts on a port.
pub(super) struct Claim<'a> {
    pub port: u32,
    pub services: Vec<&'a Arc<Service>>,
    pub hosts: Vec<Str>,
    pub routes: Vec<Route>,
    pub because: Because,
}

impl Work<'_, '_> {
    /// What a VirtualService contributes (O:8.3-8.6).
    pub fn claims_of(&self, vs: &VirtualService) -> Vec<Claim<'_>> {
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
        let (hosts, services) = self.split_hosts(vs);
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
    pub fn is_selected(&self, vs: &VirtualService) -> bool {
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
    fn split_hosts(&self, vs: &VirtualService) -> (Vec<Str>, Vec<&Arc<Service>>) {
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
                let best = (key == service.host)
                    .then(|| self.most_specific(&key))
                    .flatten();
                if best.is_some_and(|(ns, own)| ns == vs.namespace && own == vs.name) {
                    services.push(service);
                }
            }
            if !overlaps {
                hosts.push(pattern);
            }
        }
        (hosts, services)
    }

    fn most_specific(&self, host: &str) -> Option<(Str, Str)> {
        let scope = self.client.scope(self.db);
        let host = name(self.db, host);
        most_specific(self.db, self.mesh, scope, self.listener, host).clone()
    }

    /// The default routes of a service nobody claims (O:8.7).
    pub fn default_claims<'s>(&self, service: &'s Arc<Service>) -> Vec<Claim<'s>> {
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
