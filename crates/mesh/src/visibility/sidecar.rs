//! Which Sidecar applies to a proxy, and what its egress hosts import (V:3.1, V:3.2).

use crate::db::{Db, Mesh, Name, name};
use crate::index::{config_order, facts, objects};
use crate::names::{matches, subset_of};
use crate::registry::Service;
use crate::visibility::VirtualService;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, Resource, Str};
use std::sync::Arc;

/// The Sidecars of a namespace in the order istiod tries them: those with a selector first, then by
/// age, name (V:R3.1).
#[salsa::tracked]
pub fn sidecars_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Resource>]> {
    let mut sidecars = objects(db, mesh, namespace, Kind::Sidecar).to_vec();
    sidecars.sort_by(|a, b| config_order(a, b));
    sidecars.sort_by_key(|r| r.sidecar().is_none_or(|s| s.workload_selector.is_none()));
    sidecars.into()
}

/// The mesh default: the first Sidecar without selector in the root namespace (V:R3.3).
#[salsa::tracked]
pub fn root_sidecar(db: &dyn Db, mesh: Mesh) -> Option<Arc<Resource>> {
    let facts = facts(db, mesh);
    sidecars_in(db, mesh, name(db, facts.root()))
        .iter()
        .find(|r| r.sidecar().is_some_and(|s| s.workload_selector.is_none()))
        .cloned()
}

/// The Sidecar of a proxy in `namespace` with these labels (V:R3.2-R3.4).
pub fn sidecar_for(
    db: &dyn Db,
    mesh: Mesh,
    namespace: &str,
    labels: &Labels,
) -> Option<Arc<Resource>> {
    let own = sidecars_in(db, mesh, name(db, namespace))
        .iter()
        .find(|r| {
            r.sidecar().is_some_and(|s| {
                s.workload_selector
                    .as_ref()
                    .is_none_or(|selector| selector.subset_of(labels))
            })
        })
        .cloned();
    own.or_else(|| root_sidecar(db, mesh).clone())
}

/// The egress hosts of one listener as (namespace or `*`, host), with the index of each in the
/// written list (V:R3.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EgressHosts {
    entries: Vec<(Str, Str, usize)>,
}

impl EgressHosts {
    /// Everything: `*/*`.
    pub fn everything() -> EgressHosts {
        EgressHosts {
            entries: vec![("*".into(), "*".into(), 0)],
        }
    }

    /// Reads `hosts` for a client namespace: `.` is the client's; elements without exactly one `/`
    /// are skipped.
    pub fn new(hosts: &[Str], client: &str) -> EgressHosts {
        let entries = hosts
            .iter()
            .enumerate()
            .filter_map(|(index, element)| {
                let (ns, host) = element.split_once('/')?;
                let ns = if ns == "." { client } else { ns };
                (!host.contains('/')).then(|| (ns.into(), host.into(), index))
            })
            .collect();
        EgressHosts { entries }
    }

    /// Whether every service and VirtualService is imported.
    pub fn is_everything(&self) -> bool {
        self.entries
            .iter()
            .any(|(ns, host, _)| ns == "*" && host == "*")
    }

    /// The namespaces named; `None` when `*` is among them.
    pub fn namespaces(&self) -> Option<Vec<Str>> {
        if self.entries.iter().any(|(ns, _, _)| ns == "*") {
            return None;
        }
        let mut namespaces: Vec<Str> = self.entries.iter().map(|(ns, _, _)| ns.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        Some(namespaces)
    }

    /// The index of the first element that imports a service, its own namespace's elements first
    /// (V:R3.7, V:R3.10).
    pub fn importing(&self, service: &Service) -> Option<usize> {
        self.first_where(&service.namespace, |h| {
            *h == service.host || subset_of(&service.host, h)
        })
    }

    /// The index of the first element that imports a VirtualService (V:R3.15).
    pub fn importing_virtual_service(&self, vs: &VirtualService) -> Option<usize> {
        self.first_where(&vs.namespace, |h| {
            vs.hosts.iter().any(|host| {
                host == h
                    || if vs.gateway_semantics {
                        subset_of(host, h)
                    } else {
                        matches(host, h)
                    }
            })
        })
    }

    /// Whether some element lists `host` for objects of `namespace`.
    pub fn lists(&self, namespace: &str, host: &str) -> bool {
        self.entries
            .iter()
            .any(|(ns, h, _)| (ns == namespace || ns == "*") && (h == host || matches(host, h)))
    }

    /// Whether an alias host belongs to the import of a concrete service (V:R1.24).
    pub fn imports_alias(&self, concrete: &Service, alias_host: &str) -> bool {
        let own = self.entries.iter().any(|(ns, h, _)| {
            *ns == concrete.namespace && (*h == concrete.host || subset_of(&concrete.host, h))
        });
        let table = if own { &concrete.namespace[..] } else { "*" };
        self.entries
            .iter()
            .any(|(ns, h, _)| ns == table && (h == alias_host || subset_of(alias_host, h)))
    }

    fn first_where(&self, namespace: &str, test: impl Fn(&Str) -> bool) -> Option<usize> {
        let find = |wanted: &str| {
            self.entries
                .iter()
                .find(|(ns, h, _)| ns == wanted && test(h))
                .map(|(_, _, i)| *i)
        };
        find(namespace).or_else(|| find("*"))
    }
}
