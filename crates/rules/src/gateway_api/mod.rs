//! Kubernetes Gateway API: what routes are attached to, and where they lead.

mod backends;

pub mod backend_not_found;
pub mod backend_not_permitted;
pub mod parent_gateway_unresolved;
pub mod route_hostname_mismatch;
pub mod route_not_allowed_by_listener;
pub mod route_rule_without_backend;
