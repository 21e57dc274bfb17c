//! The rules of TLSRoutes and TCPRoutes (G:GWA-11).

use super::backends::{self, Backend, From};
use super::{Refused, RefusedReason};
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::names::{intersect, matches};
use crate::visibility::L4Route;
use meshscope_manifest::spec::gateway_api::{Route, RouteRule};
use meshscope_manifest::spec::virtual_service::{Destination, L4Match, RouteDestination};
use meshscope_manifest::{Kind, Resource, Str};

/// The rules of a route, or what costs it all of them.
pub(super) fn rules(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    route: &Route,
    for_mesh: bool,
    notes: &mut Vec<Refused>,
) -> Result<Vec<L4Route>, Refused> {
    let from = From {
        kind: resource.key.kind,
        namespace: &resource.key.namespace,
        grants: !for_mesh,
    };
    let is_tls = resource.key.kind == Kind::TlsRoute;
    let mut built = Vec::new();
    for (index, rule) in route.rules.iter().enumerate() {
        let weight: u64 = rule.backends.iter().map(|b| u64::from(b.weight)).sum();
        if weight == 0 {
            built.push(L4Route {
                matches: Vec::new(),
                route: vec![refuses_connections()],
                index,
            });
            continue;
        }
        let sni_hosts = hostnames(route);
        built.push(L4Route {
            matches: if is_tls {
                vec![L4Match {
                    sni_hosts,
                    ..L4Match::default()
                }]
            } else {
                Vec::new()
            },
            route: destinations(db, mesh, resource, from, index, rule, notes)?,
            index,
        });
    }
    Ok(built)
}

/// A cluster that does not exist: connections to it are closed.
fn refuses_connections() -> RouteDestination {
    RouteDestination {
        destination: Destination {
            host: "internal.cluster.local".into(),
            subset: "zero-weight".into(),
            port: 65535,
        },
        ..RouteDestination::default()
    }
}

fn destinations(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    from: From<'_>,
    index: usize,
    rule: &RouteRule,
    notes: &mut Vec<Refused>,
) -> Result<Vec<RouteDestination>, Refused> {
    let counted: Vec<_> = rule
        .backends
        .iter()
        .enumerate()
        .filter(|(_, b)| b.weight != 0)
        .collect();
    let single = counted.len() == 1;
    let mut built = Vec::new();
    for (i, backend) in counted {
        let refused = |reason, why: String| Refused {
            reason,
            because: Because::new(
                &resource.key,
                format!("spec.rules[{index}].backendRefs[{i}]"),
                why,
            ),
        };
        let destination = match backends::resolve(db, mesh, from, backend) {
            Backend::Fine(destination) => destination,
            Backend::Nobody(why) => {
                let note = refused(RefusedReason::Backend, why);
                if !notes.contains(&note) {
                    notes.push(note);
                }
                Destination::default()
            }
            Backend::Fatal(fault, why) => {
                return Err(refused(RefusedReason::Route(fault), why));
            }
        };
        built.push(RouteDestination {
            destination,
            weight: if single { 0 } else { i64::from(backend.weight) },
            headers: None,
        });
    }
    Ok(built)
}

/// The hostnames of a route; none means any.
pub(super) fn hostnames(route: &Route) -> Vec<Str> {
    if route.hostnames.is_empty() {
        vec![Str::new_static("*")]
    } else {
        route.hostnames.clone()
    }
}

/// The rules with their SNI hosts cut down to a listener's hostname.
pub(super) fn within_listener(rules: &[L4Route], hostname: &Str) -> Vec<L4Route> {
    if hostname.is_empty() {
        return rules.to_vec();
    }
    let mut cut = rules.to_vec();
    for matching in cut.iter_mut().flat_map(|r| &mut r.matches) {
        matching.sni_hosts = intersect(&matching.sni_hosts, std::slice::from_ref(hostname));
    }
    cut.retain(|r| r.matches.is_empty() || r.matches.iter().any(|m| !m.sni_hosts.is_empty()));
    cut
}

/// TLS rules for a mesh parent: its port, and its hosts where the route names none.
pub(super) fn tls_for_mesh(rules: &[L4Route], port: u32, hosts: &[Str]) -> Vec<L4Route> {
    let mut built = rules.to_vec();
    for rule in &mut built {
        if let [only] = &mut rule.matches[..]
            && only.sni_hosts == ["*"]
        {
            only.sni_hosts = hosts.to_vec();
        }
        if port != 0 {
            rule.matches.iter_mut().for_each(|m| m.port = port);
        }
    }
    built
}

/// TLS rules with only the SNI hosts that fit one host of a mesh parent.
pub(super) fn compatible(rules: &[L4Route], host: &str) -> Vec<L4Route> {
    let mut built = rules.to_vec();
    for rule in &mut built {
        if let [only] = &mut rule.matches[..]
            && only.sni_hosts.len() > 1
        {
            only.sni_hosts.retain(|h| matches(host, h));
        }
    }
    built
}

/// TCP rules for a port of a mesh parent.
pub(super) fn tcp_for_port(rules: &[L4Route], port: u32) -> Vec<L4Route> {
    let mut built = rules.to_vec();
    if port == 0 {
        return built;
    }
    for rule in &mut built {
        if rule.matches.is_empty() {
            rule.matches.push(L4Match::default());
        }
        rule.matches.iter_mut().for_each(|m| m.port = port);
    }
    built
}
