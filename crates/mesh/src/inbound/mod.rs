//! The inbound side of a sidecar (O:17).
