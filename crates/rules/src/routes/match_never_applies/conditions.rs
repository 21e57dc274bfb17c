//! The conditions of matches that no request decides: ports, gateways and source labels.

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_mesh::visibility::{MatchPlace, VirtualService};

/// The static conditions of one match, of whatever layer.
pub(super) struct Conditions<'v> {
    pub object: ResourceKey,
    pub path: String,
    /// Whether other matches of the rule may still apply.
    pub alternatives: bool,
    pub port: u32,
    pub gateways: &'v [Str],
    pub labels: &'v Labels,
}

/// Those of every match of a VirtualService.
pub(super) fn conditions(vs: &VirtualService) -> Vec<Conditions<'_>> {
    let mut found = Vec::new();
    for route in &vs.http {
        for (m, place) in route.rule.matches.iter().zip(&route.match_places) {
            let MatchPlace { in_root, index } = *place;
            // A match written in the root is looked at with the root's own rule.
            let (object, rule) = match (in_root, route.delegated_by) {
                (true, Some(root)) => (&vs.object, root),
                _ => (&route.object, route.index),
            };
            found.push(Conditions {
                object: object.clone(),
                path: format!("spec.http[{rule}].match[{index}]"),
                alternatives: route.rule.matches.len() > 1,
                port: m.port,
                gateways: &m.gateways,
                labels: &m.source_labels,
            });
        }
    }
    for (kind, routes) in [("tls", &vs.tls), ("tcp", &vs.tcp)] {
        for route in routes {
            for (index, m) in route.matches.iter().enumerate() {
                found.push(Conditions {
                    object: vs.object.clone(),
                    path: format!("spec.{kind}[{}].match[{index}]", route.index),
                    alternatives: route.matches.len() > 1,
                    port: m.port,
                    gateways: &m.gateways,
                    labels: &m.source_labels,
                });
            }
        }
    }
    found
}

/// The gateways a match is for: its own list, else all the VirtualService is bound to.
pub(super) fn legs<'v>(vs: &'v VirtualService, conditions: &Conditions<'v>) -> Vec<&'v Str> {
    let all = vs.gateways.iter();
    all.filter(|g| conditions.gateways.is_empty() || conditions.gateways.contains(g))
        .collect()
}
