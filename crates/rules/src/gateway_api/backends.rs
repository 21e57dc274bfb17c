//! The backends of the routes istiod programs, with the share of requests each gets.

use super::routes;
use crate::prelude::*;
use meshscope_manifest::spec::gateway_api::BackendRef;
use meshscope_mesh::gateway_api::{Parent, attachments_in};

/// A backend of a route that is attached somewhere.
pub(super) struct At {
    /// The route.
    pub route: ResourceKey,
    /// Where it is named: `spec.rules[0].backendRefs[0]`.
    pub path: String,
    /// The reference.
    pub backend: BackendRef,
    /// The namespace it means.
    pub namespace: Str,
    /// The requests it would get, in words.
    pub share: String,
    /// Whether some parent is a listener, not a Service of the mesh.
    pub by_listener: bool,
}

/// Those of one namespace. Routes of other controllers are theirs to answer.
pub(super) fn backends<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<At> {
    let attachments = attachments_in(db, mesh, namespace);
    let mut found = Vec::new();
    for route in routes(db, mesh, namespace) {
        let of_route = attachments.iter().filter(|a| a.route == route.key);
        let parents: Vec<_> = of_route.filter_map(|a| a.outcome.as_ref().ok()).collect();
        if parents.is_empty() {
            continue;
        }
        let by_listener = parents.iter().any(|p| matches!(p, Parent::Listener { .. }));
        let rules = route.route().map_or(&[][..], |r| &r.rules);
        for (i, rule) in rules.iter().enumerate() {
            let total: u32 = rule.backends.iter().map(|b| b.weight).sum();
            for (j, backend) in rule.backends.iter().enumerate() {
                let namespace = match backend.namespace.is_empty() {
                    true => route.key.namespace.clone(),
                    false => backend.namespace.clone(),
                };
                let share = match (backend.weight, total) {
                    (weight, total) if weight == total => "all requests of the rule".to_owned(),
                    (weight, total) => format!("{weight} of {total} requests of the rule"),
                };
                found.push(At {
                    route: route.key.clone(),
                    path: format!("spec.rules[{i}].backendRefs[{j}]"),
                    backend: backend.clone(),
                    namespace,
                    share,
                    by_listener,
                });
            }
        }
    }
    found
}
