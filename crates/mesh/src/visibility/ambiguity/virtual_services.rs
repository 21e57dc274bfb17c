//! VirtualServices: O4, O5, O6 for sidecars, O9 for gateway workloads.

use super::{Ambiguity, Decision, first_wins, undecided};
use crate::db::{Db, Mesh};
use crate::gateways::bindings;
use crate::names::{is_wildcard, matches, subset_of};
use crate::visibility::{Listener, VirtualService, scope_of};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::virtual_service::{HttpMatch, StringMatch};
use rustc_hash::FxHashMap;
use std::sync::Arc;

type Vs = Arc<VirtualService>;

pub(super) fn find(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Ambiguity> {
    let mut found = Vec::new();
    if proxy.is_router() {
        on_gateway(db, mesh, proxy, &mut found);
        return found;
    }
    let scope = scope_of(db, mesh, proxy);
    for listener in &scope.listeners {
        for class in classes(db, mesh, listener, &scope.namespace) {
            http(&class, &mut found);
            l4(listener, &class, &mut found);
        }
    }
    found
}

/// The VirtualServices among which age decides: private, exported by name, public (V:R3.15); Gateway
/// API routes of the client's own namespace apart.
fn classes(db: &dyn Db, mesh: Mesh, listener: &Listener, client: &Str) -> Vec<Vec<Vs>> {
    let list = &listener.virtual_services;
    let public = list.public(db, mesh);
    let own = |v: &Vs| v.namespace == *client;
    let route = |v: &Vs| v.gateway_semantics && own(v);
    let (private, exported): (Vec<Vs>, Vec<Vs>) = list.own.iter().cloned().partition(own);
    [private, exported, public.to_vec()]
        .into_iter()
        .flat_map(|class| {
            let (first, rest): (Vec<Vs>, Vec<Vs>) = class.into_iter().partition(route);
            [first, rest]
        })
        .filter(|class| class.len() > 1)
        .collect()
}

/// O4 and O5: the same host string twice, both with HTTP routes.
fn http(class: &[Vs], found: &mut Vec<Ambiguity>) {
    let mut by_host: FxHashMap<&Str, &Vs> = FxHashMap::default();
    for vs in class.iter().filter(|v| !v.http.is_empty()) {
        for host in &vs.hosts {
            let Some(first) = by_host.get(host) else {
                by_host.insert(host, vs);
                continue;
            };
            if first.object == vs.object || !undecided(first.created, vs.created) {
                continue;
            }
            let decision = match is_wildcard(host) {
                true => Decision::WildcardHost,
                false => Decision::ExactHost,
            };
            found.push(first_wins(decision, host, &first.object, &vs.object));
        }
    }
}

/// O6: TLS or TCP routes of two VirtualServices that both match a service of the listener.
fn l4(listener: &Listener, class: &[Vs], found: &mut Vec<Ambiguity>) {
    let with_routes = class
        .iter()
        .filter(|v| !v.tls.is_empty() || !v.tcp.is_empty());
    let mut exact: FxHashMap<&Str, Vec<&Vs>> = FxHashMap::default();
    let mut wildcards: Vec<(&Str, &Vs)> = Vec::new();
    for vs in with_routes {
        for host in &vs.hosts {
            match is_wildcard(host) {
                true => wildcards.push((host, vs)),
                false => exact.entry(host).or_default().push(vs),
            }
        }
    }
    let mut pair = |host: &Str, a: &Vs, b: &Vs| {
        let (first, second) = if a.order(b).is_le() { (a, b) } else { (b, a) };
        let both = |f: fn(&VirtualService) -> bool| f(first) && f(second);
        let same_kind = both(|v| !v.tls.is_empty()) || both(|v| !v.tcp.is_empty());
        if a.object != b.object && same_kind && undecided(a.created, b.created) {
            found.push(Ambiguity {
                outcome: format!("the routes of {} come first: first by name", first.object).into(),
                otherwise: format!("those of {} do, when it is older", second.object).into(),
                ..first_wins(Decision::L4Routes, host, &first.object, &second.object)
            });
        }
    };
    let mut hosts: Vec<(&Str, Vec<&Vs>)> = exact.into_iter().collect();
    hosts.sort_by_key(|(host, _)| *host);
    for (host, list) in hosts {
        if listener.services.get(host).is_none() {
            continue;
        }
        let covering = wildcards
            .iter()
            .filter(|(w, _)| matches(host, w))
            .map(|(_, vs)| *vs);
        let all: Vec<&Vs> = list.into_iter().chain(covering).collect();
        if let [first, rest @ ..] = &all[..] {
            rest.iter().for_each(|other| pair(host, first, other));
        }
    }
    for (i, (a, first)) in wildcards.iter().enumerate() {
        for (b, second) in wildcards.iter().skip(i + 1).filter(|(b, _)| matches(a, b)) {
            let narrower = if subset_of(a, b) { a } else { b };
            let mut members = listener.services.iter();
            if members.any(|m| matches(&m.service.host, narrower)) {
                pair(narrower, first, second);
            }
        }
    }
}

/// O9: two VirtualServices on one host of one server whose matches overlap.
fn on_gateway(db: &dyn Db, mesh: Mesh, proxy: &Proxy, found: &mut Vec<Ambiguity>) {
    let all = bindings(db, mesh, proxy);
    let mut by_host: FxHashMap<(Str, Str), &Vs> = FxHashMap::default();
    for binding in all.iter() {
        let vs = &binding.virtual_service;
        for server in &binding.bound {
            let Some(config) = &server.route_config else {
                continue;
            };
            for host in &server.hosts {
                let key = (config.clone(), host.clone());
                let Some(first) = by_host.get(&key) else {
                    by_host.insert(key, vs);
                    continue;
                };
                if first.object == vs.object
                    || !undecided(first.created, vs.created)
                    || !overlap(first, vs)
                {
                    continue;
                }
                found.push(Ambiguity {
                    outcome: format!("routes of {} are tried first: first by name", first.object)
                        .into(),
                    otherwise: format!("those of {} are, when it is older", vs.object).into(),
                    ..first_wins(Decision::GatewayRoutes, host, &first.object, &vs.object)
                });
            }
        }
    }
}

/// Whether some request may match routes of both, as far as paths and methods tell; catch-alls go to
/// the end anyway, so only two of them compete (V:R6.10).
fn overlap(a: &VirtualService, b: &VirtualService) -> bool {
    let flat = |vs: &VirtualService| -> Vec<Option<HttpMatch>> {
        let rules = vs.http.iter().map(|r| &r.rule.matches);
        rules
            .flat_map(|m| match m.is_empty() {
                true => vec![None],
                false => m.iter().cloned().map(Some).collect(),
            })
            .collect()
    };
    let (a, b) = (flat(a), flat(b));
    a.iter().any(|x| {
        b.iter().any(|y| match (x, y) {
            (None, None) => true,
            (Some(x), Some(y)) => {
                texts_overlap(x.uri.as_ref(), y.uri.as_ref())
                    && texts_overlap(x.method.as_ref(), y.method.as_ref())
            }
            _ => false,
        })
    })
}

fn texts_overlap(a: Option<&StringMatch>, b: Option<&StringMatch>) -> bool {
    use StringMatch::{Exact, Prefix};
    match (a, b) {
        (Some(Exact(a)), Some(Exact(b))) => a == b,
        (Some(Exact(a)), Some(Prefix(b))) => a.starts_with(b.as_str()),
        (Some(Prefix(a)), Some(Exact(b))) => b.starts_with(a.as_str()),
        (Some(Prefix(a)), Some(Prefix(b))) => {
            a.starts_with(b.as_str()) || b.starts_with(a.as_str())
        }
        _ => true,
    }
}
