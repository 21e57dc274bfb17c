//! Mutual TLS and who may call.

pub mod mtls_mode_conflict;
