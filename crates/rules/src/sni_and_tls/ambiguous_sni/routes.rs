//! A passthrough match whose name an earlier match of the port has: istiod drops it (G:TLS-8).

use super::{certainty, finding, sentence};
use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateways::Dropped;
use meshscope_mesh::visibility::{L4Route, virtual_services_in};

/// A passthrough match whose name is taken.
pub(super) fn lost(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    dropped: &Dropped,
    hosts: &[Str],
) -> Option<Finding> {
    let [lost, won, ..] = &dropped.parties[..] else {
        return None;
    };
    // One match that two servers of its Gateways would both take is no conflict (incident 036).
    if (&lost.object, &lost.path) == (&won.object, &won.path) {
        return None;
    }
    let (ours, place) = tls_match(db, mesh, lost)?;
    let (theirs, other) = tls_match(db, mesh, won)?;
    let names = ours.matches.get(place).map_or(&[][..], |m| &m.sni_hosts);
    let all_taken = names.iter().all(|n| hosts.contains(n));
    let same = all_taken && ours.route == theirs.route;
    if same && lost.object == won.object {
        return None;
    }
    let outcome = match (same, all_taken) {
        (true, _) => "this match is dropped, and leads to the same place".to_owned(),
        (_, true) => "this match is dropped, and its destination gets nothing".to_owned(),
        (_, false) => format!("the whole match for {} is dropped", listing(names, 4)),
    };
    let host = hosts.first()?;
    let at = |b: &Because, names: &[Str]| match names.iter().position(|n| n == host) {
        Some(k) if b.object.kind == Kind::VirtualService => format!("{}.sniHosts[{k}]", b.path),
        _ => b.path.to_string(),
    };
    let taken = theirs.matches.get(other).map_or(&[][..], |m| &m.sni_hosts);
    let message = sentence(class, host, dropped, &outcome, &won.object.to_string());
    let finding = finding(&lost.object, &at(lost, names), message, same)
        .help("keep the name in one VirtualService")
        .related(&won.object, &at(won, taken), "has the name");
    Some(certainty(finding, dropped.ambiguous))
}

/// The tls rule and the index of the match an explanation points at.
fn tls_match(db: &dyn Db, mesh: Mesh, at: &Because) -> Option<(L4Route, usize)> {
    let numbers: Vec<usize> = at
        .path
        .split(['[', ']'])
        .filter_map(|part| part.parse().ok())
        .collect();
    let all = virtual_services_in(db, mesh, name(db, &at.object.namespace));
    let vs = all.iter().find(|v| v.object == at.object)?;
    let rule = vs.tls.iter().find(|r| Some(&r.index) == numbers.first())?;
    Some((rule.clone(), numbers.get(1).copied().unwrap_or(0)))
}
