//! Generated meshes for benches and end-to-end tests.
//!
//! The shape follows what real GitOps repositories hold: a file per application with Deployment,
//! Service, VirtualService, DestinationRule and a policy; half of the namespaces restrict themselves
//! with a Sidecar, the other half hears the whole mesh; a few gateways, external hosts and an egress
//! gateway.

pub mod generate;
