//! Which listeners, or which Services of the mesh, a route is attached to (G:GWA-8, G:GWA-9, O:4.6).

use super::listeners::{Listener, listeners_in};
use crate::db::{Db, Mesh, name};
use crate::index::{facts, objects};
use crate::names::{is_wildcard, matches, subset_of};
use meshscope_manifest::spec::gateway_api::{ParentRef, Route};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};

/// What a route is attached to by one reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Parent {
    /// A listener: its internal Gateway, `namespace/name`.
    Listener {
        /// The internal Gateway.
        gateway: Str,
        /// The listener's hostname; empty for any.
        hostname: Str,
        /// Hostnames of the other listeners of the same object, port and protocol.
        others: Vec<Str>,
    },
    /// The mesh, for requests to these hosts.
    Mesh {
        /// Hosts of the Service or ServiceEntry.
        hosts: Vec<Str>,
        /// The port of the reference; 0 for all.
        port: u32,
    },
}

/// What became of one parent reference with one listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attachment {
    /// The route.
    pub route: ResourceKey,
    /// Index in `parentRefs`.
    pub reference: usize,
    /// The listener or Service, or why not.
    pub outcome: Result<Parent, Denial>,
}

/// Why a listener or Service is not a parent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// There is no such Gateway, Service or ServiceEntry, or istiod does not program it.
    NotFound,
    /// The listener has another port or name than the reference.
    OtherListener,
    /// No hostname of the route is one of the listener's.
    NoHostname,
    /// The listener does not take routes of this namespace.
    NamespaceNotAllowed,
    /// The listener does not take routes of this kind.
    KindNotAllowed,
}

/// Every parent reference of a route, listener by listener.
pub(super) fn attachments(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    route: &Route,
) -> Vec<Attachment> {
    let mut found = Vec::new();
    for (reference, parent) in route.parent_refs.iter().enumerate() {
        for outcome in outcomes(db, mesh, resource, route, parent) {
            found.push(Attachment {
                route: resource.key.clone(),
                reference,
                outcome,
            });
        }
    }
    found
}

fn outcomes(
    db: &dyn Db,
    mesh: Mesh,
    resource: &Resource,
    route: &Route,
    parent: &ParentRef,
) -> Vec<Result<Parent, Denial>> {
    let own = &resource.key.namespace;
    let namespace = if parent.namespace.is_empty() {
        own
    } else {
        &parent.namespace
    };
    match (parent.group.as_str(), parent.kind.as_str()) {
        ("gateway.networking.k8s.io", kind @ ("Gateway" | "ListenerSet")) => {
            let listeners = listeners_in(db, mesh, name(db, namespace));
            let of_parent: Vec<&Listener> = listeners
                .iter()
                .filter(|l| {
                    let object = &l.gateway.object;
                    object.name == parent.name && object.kind.name() == kind
                })
                .collect();
            if of_parent.is_empty() {
                return vec![Err(Denial::NotFound)];
            }
            of_parent
                .iter()
                .map(|l| on_listener(resource, route, parent, l, &of_parent))
                .collect()
        }
        ("", "Service") => {
            let exists = objects(db, mesh, name(db, namespace), Kind::Service)
                .iter()
                .any(|s| s.key.name == parent.name);
            if !exists {
                return vec![Err(Denial::NotFound)];
            }
            let domain = &facts(db, mesh).domain;
            vec![Ok(Parent::Mesh {
                hosts: vec![format!("{}.{namespace}.svc.{domain}", parent.name).into()],
                port: parent.port,
            })]
        }
        ("networking.istio.io", "ServiceEntry") => {
            let entries = objects(db, mesh, name(db, namespace), Kind::ServiceEntry);
            let entry = entries.iter().find(|s| s.key.name == parent.name);
            let Some(entry) = entry.and_then(|e| e.service_entry()) else {
                return vec![Err(Denial::NotFound)];
            };
            vec![Ok(Parent::Mesh {
                hosts: entry.hosts.clone(),
                port: parent.port,
            })]
        }
        // Perhaps for another controller.
        _ => Vec::new(),
    }
}

fn on_listener(
    resource: &Resource,
    route: &Route,
    parent: &ParentRef,
    listener: &Listener,
    all: &[&Listener],
) -> Result<Parent, Denial> {
    let section = parent.section.is_empty() || parent.section == listener.section;
    if (parent.port != 0 && parent.port != listener.port) || !section {
        return Err(Denial::OtherListener);
    }
    let anything = [Str::new_static("*")];
    let hostnames = if route.hostnames.is_empty() {
        &anything[..]
    } else {
        &route.hostnames
    };
    let (mut host_fits, mut both_fit) = (false, false);
    let servers = listener.gateway.servers.iter();
    for (namespace, host) in servers
        .flat_map(|s| &s.hosts)
        .filter_map(|h| h.split_once('/'))
    {
        if hostnames.iter().any(|h| matches(host, h)) {
            host_fits = true;
            both_fit |= namespace == "*" || namespace == resource.key.namespace;
        }
    }
    if !both_fit {
        return Err(if host_fits {
            Denial::NamespaceNotAllowed
        } else {
            Denial::NoHostname
        });
    }
    if !listener.kinds.contains(&resource.key.kind) {
        return Err(Denial::KindNotAllowed);
    }
    let others = all
        .iter()
        .filter(|l| l.port == listener.port && l.protocol == listener.protocol)
        .map(|l| l.hostname.clone())
        .filter(|h| *h != listener.hostname)
        .collect();
    Ok(Parent::Listener {
        gateway: listener.gateway.label(),
        hostname: listener.hostname.clone(),
        others,
    })
}

/// Whether a hostname of a route belongs to this listener rather than to a more specific one beside
/// it (G:GWA-9).
pub(super) fn is_isolated(host: &str, hostname: &str, others: &[Str]) -> bool {
    if !hostname.is_empty() && !is_wildcard(hostname) {
        return true;
    }
    if !hostname.is_empty() && !matches(host, hostname) {
        return false;
    }
    !others
        .iter()
        .any(|other| hostname.len() <= other.len() && subset_of(host, other))
}
