//! What a proxy listens on and how it is patched: O8, O10, O11, O12, O13.

use super::{Ambiguity, Decision, first_wins, undecided};
use crate::db::{Db, Mesh, name};
use crate::gateways::{ServiceTarget, merged_servers, service_targets};
use crate::index::{facts, objects};
use crate::registry::{Address, Protocol, Service};
use crate::visibility::scope_of;
use crate::workloads::Proxy;
use meshscope_manifest::{Kind, Resource, Str};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn find(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Ambiguity> {
    let mut found = Vec::new();
    if proxy.is_router() {
        gateways(db, mesh, proxy, &mut found);
    } else {
        tcp_addresses(db, mesh, proxy, &mut found);
    }
    targets(db, mesh, proxy, &mut found);
    envoy_filters(db, mesh, proxy, &mut found);
    found
}

/// O8: a server that lost to another Gateway's of unknown age.
fn gateways(db: &dyn Db, mesh: Mesh, proxy: &Proxy, found: &mut Vec<Ambiguity>) {
    let merged = merged_servers(db, mesh, proxy);
    for dropped in merged.dropped.iter().filter(|d| d.ambiguous) {
        if let [loser, winner, ..] = &dropped.parties[..] {
            let about = format!("port {}", dropped.port);
            found.push(first_wins(
                Decision::Gateways,
                &about,
                &winner.object,
                &loser.object,
            ));
        }
    }
}

/// O10 for sidecars: one target port, two protocols. O12 for gateway workloads: one port, two target
/// ports.
fn targets(db: &dyn Db, mesh: Mesh, proxy: &Proxy, found: &mut Vec<Ambiguity>) {
    let targets = service_targets(db, mesh, proxy);
    let conflict = |a: &ServiceTarget, b: &ServiceTarget| match proxy.is_router() {
        true => a.port.number == b.port.number && a.target_port != b.target_port,
        false => a.target_port == b.target_port && a.port.protocol != b.port.protocol,
    };
    for (i, first) in targets.iter().enumerate() {
        let rival = targets.iter().skip(i + 1).find(|t| {
            t.service.object != first.service.object
                && conflict(first, t)
                && undecided(first.service.created, t.service.created)
        });
        if let Some(second) = rival {
            let (decision, about) = match proxy.is_router() {
                true => (Decision::TargetPort, format!("port {}", first.port.number)),
                false => (
                    Decision::InboundProtocol,
                    format!("inbound port {}", first.target_port),
                ),
            };
            let (first, second) = (&first.service.object, &second.service.object);
            found.push(first_wins(decision, &about, first, second));
        }
    }
}

/// O11: TCP services without an address of their own, on one port.
fn tcp_addresses(db: &dyn Db, mesh: Mesh, proxy: &Proxy, found: &mut Vec<Ambiguity>) {
    let is_plain = |p: Protocol| {
        matches!(
            p,
            Protocol::Tcp | Protocol::Mongo | Protocol::Mysql | Protocol::Redis
        )
    };
    for listener in &scope_of(db, mesh, proxy).listeners {
        let mut by_port: FxHashMap<u32, Arc<Service>> = FxHashMap::default();
        let members = listener.services.iter().map(|m| &m.service);
        for service in
            members.filter(|s| s.address == Address::None && !s.is_alias() && !s.is_headless())
        {
            for port in service.ports.iter().filter(|p| is_plain(p.protocol)) {
                let Some(first) = by_port.get(&port.number) else {
                    by_port.insert(port.number, service.clone());
                    continue;
                };
                if first.object != service.object && undecided(first.created, service.created) {
                    let about = format!("0.0.0.0:{}", port.number);
                    let (first, second) = (&first.object, &service.object);
                    found.push(first_wins(Decision::TcpAddress, &about, first, second));
                }
            }
        }
    }
}

/// O13: EnvoyFilters of one namespace and priority that patch the same kind of thing.
fn envoy_filters(db: &dyn Db, mesh: Mesh, proxy: &Proxy, found: &mut Vec<Ambiguity>) {
    let mut namespaces = vec![facts(db, mesh).root().clone()];
    if !namespaces.contains(&proxy.config_namespace) {
        namespaces.push(proxy.config_namespace.clone());
    }
    for ns in namespaces {
        let all = objects(db, mesh, name(db, &ns), Kind::EnvoyFilter);
        let applying: Vec<&Arc<Resource>> = all
            .iter()
            .filter(|r| {
                r.attached()
                    .is_some_and(|a| a.selector.subset_of(&proxy.labels))
            })
            .collect();
        for (i, first) in applying.iter().enumerate() {
            let second = applying.iter().skip(i + 1).find(|r| {
                undecided(first.meta.created, r.meta.created)
                    && priority(first) == priority(r)
                    && !patched(first).is_disjoint(&patched(r))
            });
            if let Some(second) = second {
                let about = format!("EnvoyFilters of {ns}");
                found.push(Ambiguity {
                    outcome: format!("{} is applied first: first by name", first.key).into(),
                    otherwise: format!("{} is, when it is older", second.key).into(),
                    ..first_wins(Decision::EnvoyFilters, &about, &first.key, &second.key)
                });
            }
        }
    }
}

fn priority(filter: &Resource) -> i64 {
    let spec = filter.attached().map(|a| &a.spec);
    spec.and_then(|s| s.int("priority")).unwrap_or_default()
}

fn patched(filter: &Resource) -> BTreeSet<Str> {
    let spec = filter.attached().map(|a| &a.spec);
    let patches = spec.map(|s| s.list("configPatches")).unwrap_or_default();
    patches.iter().map(|p| p.str_or_empty("applyTo")).collect()
}
