//! Kubernetes Gateway API: what routes are attached to, and where they lead.

mod backends;

pub mod backend_not_found;
pub mod backend_not_permitted;
pub mod gateway_listener_invalid;
pub mod parent_gateway_unresolved;
pub mod route_hostname_mismatch;
pub mod route_not_allowed_by_listener;
pub mod route_rule_without_backend;
pub mod route_unsupported;

use crate::prelude::*;
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateway_api::ROUTES;
use std::sync::Arc;

/// The routes of one namespace as written, kind by kind.
fn routes<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> impl Iterator<Item = &'db Arc<Resource>> {
    let kinds = ROUTES.into_iter();
    kinds.flat_map(move |kind| objects(db, mesh, namespace, kind).iter())
}

/// A reason in words, without the rule of the semantics it ends with.
fn words(because: &Because) -> &str {
    let why = because.why.as_str();
    why.rsplit_once(" (").map_or(why, |(words, _)| words)
}
