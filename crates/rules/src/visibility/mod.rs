//! Who sees what, and what is hidden from whom.

pub mod config_hidden_from_istiod;
pub mod destination_not_visible;
pub mod destination_rule_conflict;
pub mod destination_rule_out_of_lookup_path;
pub mod destination_rule_shadowed;
pub mod duplicate_service_entry_host;
pub mod not_imported_by_sidecar;
pub mod sidecar_conflict;
pub mod sidecar_not_enforced;
pub mod sidecar_scope_leak;
pub mod subset_not_visible;
pub mod virtual_service_hidden_from_gateway;
pub mod virtual_service_host_conflict;
