//! Who carries both of two VirtualServices, and whether both would route something there.

use crate::prelude::*;
use meshscope_manifest::spec::virtual_service::HttpMatch;
use meshscope_mesh::visibility::{Audience, Client, VirtualService, carries, clients, clients_in};
use std::sync::Arc;

/// The clients that carry both; `None` when no namespace can.
pub(super) fn common(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    other: &VirtualService,
    a: &Audience,
    b: &Audience,
) -> Option<Vec<Arc<Client>>> {
    let both = |c: &Arc<Client>| {
        c.open || (carries(db, mesh, c, &vs.object) && carries(db, mesh, c, &other.object))
    };
    let targets: Vec<Str> = match (a, b) {
        (Audience::Nobody, _) | (_, Audience::Nobody) => return None,
        (Audience::Public, Audience::Public) => {
            return Some(
                clients(db, mesh)
                    .iter()
                    .filter(|c| both(c))
                    .cloned()
                    .collect(),
            );
        }
        (Audience::Public, Audience::Namespaces(list))
        | (Audience::Namespaces(list), Audience::Public) => list.clone(),
        (Audience::Namespaces(x), Audience::Namespaces(y)) => {
            x.iter().filter(|ns| y.contains(ns)).cloned().collect()
        }
    };
    let of = |ns: &Str| clients_in(db, mesh, name(db, ns)).to_vec();
    (!targets.is_empty()).then(|| targets.iter().flat_map(of).filter(|c| both(c)).collect())
}

/// Whether both yield routes of one kind on one port at a proxy: a loser that would yield where the
/// winner does not is used after all (V:R4.21).
pub(super) fn collide(a: &VirtualService, b: &VirtualService, proxy: Option<&Proxy>) -> bool {
    let http = meet(&http_ports(a, proxy), &http_ports(b, proxy));
    let tcp = !a.tcp.is_empty() && !b.tcp.is_empty();
    let sni = |v: &VirtualService| -> Vec<Vec<Str>> {
        let matches = v.tls.iter().flat_map(|r| &r.matches);
        let mesh =
            matches.filter(|m| m.gateways.is_empty() || m.gateways.iter().any(|g| g == "mesh"));
        mesh.map(|m| m.sni_hosts.clone()).collect()
    };
    let theirs = sni(b);
    http || tcp || sni(a).iter().any(|s| theirs.contains(s))
}

/// The ports http routes apply on at a proxy: `Some(vec![0])` for any.
fn http_ports(vs: &VirtualService, proxy: Option<&Proxy>) -> Vec<u32> {
    let applies = |m: &&HttpMatch| {
        if !m.gateways.is_empty() {
            return m.gateways.iter().any(|g| g == "mesh");
        }
        match proxy {
            Some(p) => {
                m.source_labels.subset_of(&p.labels)
                    && (m.source_namespace.is_empty() || m.source_namespace == p.namespace)
            }
            None => m.source_labels.is_empty() && m.source_namespace.is_empty(),
        }
    };
    let mut ports = Vec::new();
    for route in &vs.http {
        if route.rule.matches.is_empty() {
            ports.push(0);
        }
        ports.extend(route.rule.matches.iter().filter(applies).map(|m| m.port));
    }
    ports
}

fn meet(a: &[u32], b: &[u32]) -> bool {
    let any = |x: &[u32], y: &[u32]| x.contains(&0) && !y.is_empty();
    any(a, b) || any(b, a) || a.iter().any(|p| b.contains(p))
}
