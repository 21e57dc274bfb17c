//! Gateways: whom they program, what they listen with, and who is routed there.

pub mod destination_unusable_from_gateway;
pub mod gateway_host_mismatch;
pub mod gateway_host_unrouted;
pub mod gateway_listener_rejected;
pub mod gateway_port_not_exposed;
pub mod gateway_selector_unmatched;
pub mod gateway_selects_foreign_workload;
pub mod gateway_server_dropped;
pub mod gateway_wildcard_host_mixed;
