//! What leaves the mesh, and how.

mod broken;

pub mod egress_gateway_bypassed;
pub mod egress_gateway_loop;
pub mod egress_gateways_not_isolated;
pub mod egress_not_enforced;
pub mod exported_service_entry_risks_nack;
pub mod gateway_hop_tls_mismatch;
