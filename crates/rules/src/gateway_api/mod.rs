//! Kubernetes Gateway API: what routes are attached to, and where they lead.

pub mod route_hostname_mismatch;
pub mod route_rule_without_backend;
