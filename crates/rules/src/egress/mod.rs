//! What leaves the mesh, and how.

pub mod exported_service_entry_risks_nack;
