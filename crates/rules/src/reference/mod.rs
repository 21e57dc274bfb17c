//! References that lead nowhere: gateways, hosts, ports, subsets, delegates.

pub mod delegate_unresolved;
pub mod destination_host_unknown;
pub mod destination_port_unknown;
pub mod destination_port_unspecified;
pub mod destination_rule_host_unknown;
pub mod gateway_reference_unresolved;
pub mod match_gateway_not_bound;
pub mod selector_matches_no_workload;
pub mod sidecar_egress_matches_nothing;
pub mod subset_unknown;
pub mod subset_without_endpoints;
pub mod unknown_extension_provider;
pub mod virtual_service_host_unknown;
