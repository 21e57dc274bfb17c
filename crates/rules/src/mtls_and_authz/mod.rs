//! Mutual TLS and who may call.

pub mod authz_http_rule_on_tcp;
pub mod authz_needs_mtls;
pub mod duplicate_policy;
pub mod jwt_claim_route_without_authentication;
pub mod mtls_mode_conflict;
pub mod mtls_to_unmeshed_workload;
