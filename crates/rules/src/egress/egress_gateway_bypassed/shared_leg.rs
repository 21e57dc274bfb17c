//! A VirtualService whose one rule serves the mesh and the gateway: the gateway is never on the path.

use super::RULE;
use crate::prelude::*;
use meshscope_mesh::visibility::{VirtualService, declared};

/// One rule for the mesh and for the gateway: a sidecar takes it too, and goes straight out.
pub(super) fn shared_leg(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Option<Finding> {
    let other = vs.gateways.iter().find(|g| *g != "mesh")?;
    if !vs.is_bound_to("mesh") || vs.object.kind != Kind::VirtualService || vs.gateway_semantics {
        return None;
    }
    let of_mesh = |g: &[Str]| g.is_empty() || g.iter().any(|g| g == "mesh");
    let of_both = |g: &[Str]| of_mesh(g) && (g.is_empty() || g.len() > 1);
    let http = vs.http.iter().map(|r| {
        let matches: Vec<&[Str]> = r.rule.matches.iter().map(|m| &m.gateways[..]).collect();
        let to: Vec<&Str> = r.rule.route.iter().map(|d| &d.destination.host).collect();
        ("http", r.index, matches, to)
    });
    let l4 = [("tls", &vs.tls), ("tcp", &vs.tcp)]
        .into_iter()
        .flat_map(|(block, routes)| {
            routes.iter().map(move |r| {
                let matches: Vec<&[Str]> = r.matches.iter().map(|m| &m.gateways[..]).collect();
                let to: Vec<&Str> = r.route.iter().map(|d| &d.destination.host).collect();
                (block, r.index, matches, to)
            })
        });
    let straight = |host: &Str| {
        let services = declared(db, mesh, host);
        vs.hosts.contains(host) && !services.is_empty() && services.iter().all(|s| s.mesh_external)
    };
    let mut shared = None;
    for (block, index, matches, to) in http.chain(l4) {
        if !matches.is_empty() && !matches.iter().any(|m| of_mesh(m)) {
            continue;
        }
        // A leg of the mesh that leads anywhere else is judged by tracing.
        if to.is_empty() || !to.iter().all(|h| straight(h)) {
            return None;
        }
        if shared.is_none() && (matches.is_empty() || matches.iter().any(|m| of_both(m))) {
            shared = Some((
                format!("spec.{block}[{index}]"),
                to.first().map(|h| (*h).clone()),
            ));
        }
    }
    let (path, host) = shared?;
    let message = format!(
        "{} never passes Gateway {other}: this rule serves both legs, so a sidecar sends the call straight to the host",
        host?
    );
    let help = "split it: a rule with match.gateways [mesh] to the gateway's Service, and one with the gateway to the host";
    Some(Finding::new(RULE.name, Severity::Error, &vs.object, &path, message).help(help))
}
