//! The calls that changed objects can tell apart: hosts, ports, kinds, paths and headers of either
//! state, and one representative of everything else.

use super::objects::ObjectChange;
use crate::db::{Db, Mesh, name};
use crate::egress::{concrete, scheme_of};
use crate::gateways::gateways_in;
use crate::index::resource;
use crate::names::{is_wildcard, matches};
use crate::reach::{Role, subject};
use crate::registry::{Service, host_namespaces, service_in};
use crate::trace::{Call, Scheme};
use crate::visibility::VirtualService;
use crate::visibility::services_of;
use crate::workloads::Proxy;
use meshscope_manifest::spec::virtual_service::{HttpMatch, StringMatch};
use meshscope_manifest::{Kind, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Stands for every host nobody mentions.
pub const OTHER_HOST: &str = "meshscope-other.example.com";

/// Stands for every path nobody mentions.
pub const OTHER_PATH: &str = "/meshscope-other";

/// How many hosts are followed when a change concerns every host a proxy sees.
const HOSTS: usize = 400;

/// What changed objects mention.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentioned {
    /// Hosts, wildcards made concrete.
    pub hosts: BTreeSet<Str>,
    /// Ports beyond those of the hosts' services.
    pub ports: BTreeSet<u32>,
    /// Requests that routes tell apart: path and headers.
    pub requests: BTreeSet<(Str, Vec<(Str, Str)>)>,
    /// Whether some change concerns every host: Sidecars, policies, mesh config.
    pub every_host: bool,
}

/// What the changed objects of both states mention.
pub(super) fn mentioned(db: &dyn Db, meshes: [Mesh; 2], objects: &[ObjectChange]) -> Mentioned {
    let mut found = Mentioned::default();
    found.requests.insert((OTHER_PATH.into(), Vec::new()));
    for change in objects {
        for mesh in meshes {
            of_object(db, mesh, change, &mut found);
        }
    }
    found.hosts.insert(OTHER_HOST.into());
    found
}

fn of_object(db: &dyn Db, mesh: Mesh, change: &ObjectChange, found: &mut Mentioned) {
    let key = &change.object;
    match subject(db, mesh, key).is {
        Role::Services(services) | Role::Pods(services) => {
            found
                .hosts
                .extend(services.iter().map(|s| concrete(&s.host)));
        }
        Role::VirtualServices(list) => {
            for vs in &list {
                of_virtual_service(vs, found);
            }
        }
        Role::DestinationRule(host) => {
            found.hosts.insert(concrete(&host));
            // Calls come to a service by the hosts that are routed to it.
            found.every_host |= is_wildcard(&host);
            found.hosts.extend(hosts_leading_to(db, mesh, &host));
        }
        Role::Gateway => {
            let own = gateways_in(db, mesh, name(db, &key.namespace));
            for gateway in own.iter().filter(|g| g.object == *key) {
                for server in &gateway.servers {
                    found.ports.insert(server.port);
                    let bare = |h: &Str| h.rsplit_once('/').map_or(h.clone(), |(_, h)| h.into());
                    found
                        .hosts
                        .extend(server.hosts.iter().map(bare).map(|h| concrete(&h)));
                }
                let bound = crate::gateways::referencing(db, mesh, name(db, &gateway.label()));
                for vs in bound.iter() {
                    of_virtual_service(vs, found);
                }
            }
        }
        Role::Sidecar
        | Role::PeerAuthentication(_)
        | Role::Policy(_)
        | Role::MeshConfig
        | Role::Namespace => {
            // Only an object that is there says something.
            found.every_host |= resource(db, mesh, key).is_some();
        }
        Role::Credential | Role::Nothing => {}
    }
    if key.kind == Kind::Namespace {
        found.every_host = true;
    }
}

fn of_virtual_service(vs: &VirtualService, found: &mut Mentioned) {
    found.hosts.extend(vs.hosts.iter().map(concrete));
    for route in &vs.http {
        if route.rule.matches.is_empty() {
            found.requests.insert(("/".into(), Vec::new()));
        }
        for m in &route.rule.matches {
            if m.port != 0 {
                found.ports.insert(m.port);
            }
            found.requests.insert(request(m));
        }
    }
    for m in vs.tls.iter().chain(&vs.tcp).flat_map(|r| &r.matches) {
        if m.port != 0 {
            found.ports.insert(m.port);
        }
        found.hosts.extend(m.sni_hosts.iter().map(concrete));
    }
}

/// A request that meets a match, as far as texts can be made to.
fn request(m: &HttpMatch) -> (Str, Vec<(Str, Str)>) {
    let text = |s: &StringMatch| -> Option<Str> {
        match s {
            StringMatch::Exact(t) | StringMatch::Prefix(t) => Some(t.clone()),
            // A text for a regular expression is not made up.
            _ => None,
        }
    };
    let path = m.uri.as_ref().and_then(text).unwrap_or_else(|| "/".into());
    let headers = m
        .headers
        .iter()
        .map(|(k, v)| (k.clone(), text(v).unwrap_or_default()));
    let method = m.method.as_ref().and_then(text);
    let mut headers: Vec<(Str, Str)> = headers.collect();
    headers.extend(method.map(|m| (Str::new_static(":method"), m)));
    headers.sort();
    (path, headers)
}

/// Hosts whose VirtualServices route to a host.
fn hosts_leading_to(db: &dyn Db, mesh: Mesh, host: &str) -> Vec<Str> {
    let all = crate::index::namespaces(db, mesh);
    let lists = all
        .iter()
        .flat_map(|ns| crate::visibility::virtual_services_in(db, mesh, name(db, ns)).to_vec());
    let leads = |vs: &Arc<VirtualService>| vs.destinations().any(|(_, d)| matches(&d.host, host));
    lists
        .filter(leads)
        .flat_map(|vs| vs.hosts.iter().map(concrete).collect::<Vec<_>>())
        .take(HOSTS)
        .collect()
}

/// The hosts to ask about for one class: those mentioned, and all it sees when a change concerns
/// every host. The flag says that some were left out.
pub(super) fn hosts_for(
    db: &dyn Db,
    meshes: [(Mesh, Option<&Proxy>); 2],
    mentioned: &Mentioned,
) -> (BTreeSet<Str>, bool) {
    let mut hosts = mentioned.hosts.clone();
    if !mentioned.every_host {
        return (hosts, false);
    }
    for (mesh, proxy) in meshes {
        let Some(proxy) = proxy else { continue };
        for member in services_of(db, mesh, proxy).iter() {
            if hosts.len() >= HOSTS {
                return (hosts, true);
            }
            hosts.insert(concrete(&member.service.host));
        }
    }
    (hosts, false)
}

/// The calls to one host: every port either state gives it, and one other; every kind the port is
/// for; the requests that routes tell apart.
pub(super) fn calls(
    db: &dyn Db,
    meshes: [Mesh; 2],
    host: &Str,
    mentioned: &Mentioned,
) -> Vec<Call> {
    let mut kinds: BTreeSet<(u32, &'static str)> = BTreeSet::new();
    for mesh in meshes {
        for service in services_at(db, mesh, host) {
            for port in service.ports.iter() {
                if let Some(scheme) = scheme_of(port.protocol, port.number) {
                    kinds.insert((port.number, scheme.name()));
                }
            }
        }
    }
    for &port in &mentioned.ports {
        if !kinds.iter().any(|(p, _)| *p == port) {
            kinds.insert((port, if port == 443 { "https" } else { "http" }));
            kinds.insert((port, "https"));
        }
    }
    if kinds.is_empty() || host == OTHER_HOST {
        kinds.extend([(80, "http"), (443, "https"), (9999, "tcp")]);
    }
    let mut found = Vec::new();
    for (port, scheme) in kinds {
        let Some(scheme) = Scheme::parse(scheme) else {
            continue;
        };
        let plain = Call::new(scheme, host.clone(), port);
        if scheme.is_http() {
            for (path, headers) in &mentioned.requests {
                let mut call = plain.clone();
                call.path.clone_from(path);
                for (key, value) in headers {
                    if key == ":method" {
                        call.method.clone_from(value);
                    } else {
                        call.headers.push((key.clone(), value.clone()));
                    }
                }
                found.push(call);
            }
        } else {
            found.push(plain);
        }
    }
    found
}

/// The services a concrete host may mean: of that name, or of a wildcard above it.
fn services_at(db: &dyn Db, mesh: Mesh, host: &Str) -> Vec<Arc<Service>> {
    let mut names = vec![host.clone()];
    let mut rest = host.as_str();
    while let Some((_, suffix)) = rest.split_once('.') {
        names.push(format!("*.{suffix}").into());
        rest = suffix;
    }
    names
        .iter()
        .flat_map(|n| {
            let owners = host_namespaces(db, mesh, name(db, n));
            let of = |ns: &Str| service_in(db, mesh, name(db, ns), name(db, n)).clone();
            owners.iter().filter_map(of).collect::<Vec<_>>()
        })
        .collect()
}
