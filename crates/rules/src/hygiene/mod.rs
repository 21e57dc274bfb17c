//! Advice.

pub mod egress_gateway_single_replica;
