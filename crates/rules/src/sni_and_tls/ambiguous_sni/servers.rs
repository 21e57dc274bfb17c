//! A whole server whose name an earlier server of the port has: istiod drops it (G:MRG-7).

use super::{certainty, finding, sentence};
use crate::finding::listing;
use crate::gateways::server_of;
use crate::prelude::*;
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateways::{Dropped, Gateway, Serves, referencing, serves};

/// D1: a whole server lost its port to an earlier one.
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
    let (gateway, index) = server_of(db, mesh, lost)?;
    let (other, first) = server_of(db, mesh, won)?;
    let (ours, theirs) = (gateway.servers.get(index)?, other.servers.get(first)?);
    // Plaintext servers that only redirect are told apart elsewhere (gateway-server-dropped).
    if serves(ours) == Serves::Http || serves(theirs) == Serves::Http {
        return None;
    }
    let routed = |g: &Gateway| -> Vec<ResourceKey> {
        let all = referencing(db, mesh, name(db, &g.label()));
        all.iter().map(|v| v.object.clone()).collect()
    };
    let same = ours.tls == theirs.tls
        && ours.hosts.iter().all(|h| theirs.hosts.contains(h))
        && routed(&gateway).iter().all(|v| routed(&other).contains(v));
    let outcome = match same {
        true => "one of the two servers is dropped, and does the same".to_owned(),
        false => format!(
            "the whole server for {} is dropped, with its certificate, mode and routes",
            listing(&ours.hosts, 3)
        ),
    };
    let host = hosts.first()?;
    let message = sentence(class, host, dropped, &outcome, &won.object.to_string());
    let mut finding = finding(
        &lost.object,
        &host_path(lost, &gateway, index, host),
        message,
        same,
    )
    .help("put the hosts into one server, or give each server hosts of its own")
    .related(
        &won.object,
        &host_path(won, &other, first, host),
        "has the name",
    );
    for vs in routed(&gateway).iter().filter(|_| !same).take(3) {
        finding = finding.related(vs, "", "loses its server");
    }
    Some(certainty(finding, dropped.ambiguous))
}

/// Where a host is written in a server; the server itself for a listener of Gateway API.
fn host_path(at: &Because, gateway: &Gateway, index: usize, host: &str) -> String {
    let hosts = gateway.servers.get(index).map_or(&[][..], |s| &s.hosts);
    let bare = |h: &str| h.rsplit('/').next().unwrap_or(h).to_owned();
    match hosts.iter().position(|h| bare(h) == bare(host)) {
        Some(i) if gateway.listener.is_none() => format!("{}.hosts[{i}]", at.path),
        _ => at.path.to_string(),
    }
}
