//! What leaves the mesh, and how.

pub mod egress_gateway_bypassed;
pub mod exported_service_entry_risks_nack;
