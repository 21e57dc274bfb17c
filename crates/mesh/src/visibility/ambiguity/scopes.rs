//! Sidecars and services: O1, O2, O3, N1, N2, N3.

use super::{Ambiguity, Decision, first_wins, undecided};
use crate::db::{Db, Mesh, name};
use crate::index::{facts, namespaces};
use crate::registry::{
    Service, doubled_hosts, host_namespaces, is_importable, service_in, service_order, services_in,
    shared_hosts,
};
use crate::visibility::merge::mergeable;
use crate::visibility::{
    Reason, ServiceSet, competitors, router_services, scope, services_of, shares_default_scope,
    sidecars_in,
};
use crate::workloads::Proxy;
use meshscope_manifest::{Kind, ResourceKey};
use std::sync::Arc;

pub(super) fn find(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Ambiguity> {
    let mut found: Vec<Ambiguity> = sidecars(db, mesh, proxy).into_iter().collect();
    let services = services_of(db, mesh, proxy);
    across_namespaces(db, mesh, proxy, &services, &mut found);
    in_one_namespace(db, mesh, &services, &mut found);
    found.extend(router_scope(db, mesh, proxy));
    found
}

/// O1: the first two Sidecars of the tier that decides.
fn sidecars(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Option<Ambiguity> {
    if proxy.is_router() {
        return None;
    }
    let tier = |namespace: &str, with_selector: bool| {
        let listed = sidecars_in(db, mesh, name(db, namespace));
        let mut fitting = listed.iter().filter(move |s| {
            let selector = s.sidecar().and_then(|s| s.workload_selector.as_ref());
            selector
                .map(|s| s.subset_of(&proxy.labels))
                .unwrap_or(!with_selector)
                && selector.is_some() == with_selector
        });
        Some((fitting.next()?.clone(), fitting.next().cloned()))
    };
    let own = &proxy.config_namespace;
    let (first, second) = tier(own, true)
        .or_else(|| tier(own, false))
        .or_else(|| tier(facts(db, mesh).root(), false))?;
    let second = second.filter(|s| undecided(first.meta.created, s.meta.created))?;
    let about = format!("the Sidecar of {own}");
    Some(first_wins(
        Decision::Sidecar,
        &about,
        &first.key,
        &second.key,
    ))
}

/// O2, and N2 for hosts that only a route brings in.
fn across_namespaces(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    services: &ServiceSet,
    found: &mut Vec<Ambiguity>,
) {
    let client = &proxy.config_namespace;
    for host in shared_hosts(db, mesh).iter() {
        let Some(member) = services.get(host) else {
            continue;
        };
        let imported = matches!(member.reason, Reason::Destination { .. });
        let rivals: Vec<Arc<Service>> = if imported {
            importable(db, mesh, client, host)
        } else {
            competitors(db, mesh, proxy, host)
        };
        let own_decides = !proxy.is_router() && rivals.iter().any(|s| s.namespace == *client);
        if own_decides || rivals.iter().any(|s| s.is_kubernetes()) {
            continue;
        }
        let Some(first) = rivals.first() else {
            continue;
        };
        let second = rivals.iter().find(|s| s.namespace != first.namespace);
        let Some(second) = second.filter(|s| undecided(first.created, s.created)) else {
            continue;
        };
        // Exported by name comes before public, whatever the age (V:R2.3).
        if !imported && is_public(db, mesh, first) != is_public(db, mesh, second) {
            continue;
        }
        let decision = match imported {
            true => Decision::ImportedHost,
            false => Decision::HostAcrossNamespaces,
        };
        found.push(first_wins(decision, host, &first.object, &second.object));
    }
}

fn is_public(db: &dyn Db, mesh: Mesh, service: &Arc<Service>) -> bool {
    let exports = crate::registry::exports(db, mesh, name(db, &service.namespace));
    exports.public.contains(service)
}

fn importable(db: &dyn Db, mesh: Mesh, client: &str, host: &str) -> Vec<Arc<Service>> {
    let facts = facts(db, mesh);
    let defaults = &facts.config.default_service_export_to;
    let host = name(db, host);
    let owners = host_namespaces(db, mesh, host);
    let services = owners
        .iter()
        .filter_map(|o| service_in(db, mesh, name(db, o), host).clone());
    let mut found: Vec<_> = services
        .filter(|s| is_importable(s, client, defaults))
        .collect();
    found.sort_by(|a, b| service_order(a, b));
    found
}

/// O3 and N1: several ServiceEntries of one namespace for one host.
fn in_one_namespace(db: &dyn Db, mesh: Mesh, services: &ServiceSet, found: &mut Vec<Ambiguity>) {
    for ns in namespaces(db, mesh).iter() {
        for host in doubled_hosts(db, mesh, name(db, ns)).iter() {
            let member = services.get(host).map(|m| &m.service);
            if member.is_none_or(|s| s.namespace != *ns || s.is_kubernetes()) {
                continue;
            }
            let all = services_in(db, mesh, name(db, ns));
            let mut entries = all.iter().filter(|s| s.host == *host);
            let Some(first) = entries.next() else {
                continue;
            };
            let second = entries.find(|s| {
                s.object != first.object
                    && undecided(first.created, s.created)
                    && order_matters(first, s)
            });
            let Some(second) = second else { continue };
            let decision = match first.created.is_some() && first.created == second.created {
                true => Decision::EqualServiceEntries,
                false => Decision::HostInNamespace,
            };
            found.push(Ambiguity {
                outcome: format!(
                    "{} is used; of the other only ports that merge are (V:R3.20)",
                    first.object
                )
                .into(),
                ..first_wins(decision, host, &first.object, &second.object)
            });
        }
    }
}

/// Whether the older of two services decides anything: not when they are alike, nor when they merge
/// and no port number is in both.
fn order_matters(a: &Service, b: &Service) -> bool {
    if !mergeable(a, b) {
        return true;
    }
    let differs = |p: &crate::registry::Port| b.port(p.number).is_some_and(|q| q != p);
    a.ports.iter().any(differs)
}

/// N3: a gateway workload beside sidecars, where the two scopes it may be given differ.
fn router_scope(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Option<Ambiguity> {
    let namespace = name(db, &proxy.config_namespace);
    if !proxy.is_router() || !shares_default_scope(db, mesh, namespace) {
        return None;
    }
    let none = name(db, "");
    let shared = &scope(db, mesh, namespace, none, none).services;
    let own = router_services(db, mesh, namespace);
    let lacks = |a: &ServiceSet, b: &ServiceSet| {
        let mut members = a.iter().map(|m| m.service.clone());
        members.find(|s| {
            b.get(&s.host)
                .is_none_or(|o| o.service.namespace != s.namespace || o.service.ports != s.ports)
        })
    };
    let differing = lacks(shared, own).or_else(|| lacks(own, shared))?;
    Some(Ambiguity {
        decision: Decision::RouterScope,
        about: proxy.config_namespace.clone(),
        objects: vec![
            ResourceKey::new(Kind::Namespace, "", proxy.config_namespace.clone()),
            differing.object.clone(),
        ],
        outcome: "the gateway has the scope of the sidecars beside it (V:R6.8)".into(),
        otherwise: format!(
            "with the scope made for gateways {} differs, as long as no sidecar has connected",
            differing.host
        )
        .into(),
    })
}
