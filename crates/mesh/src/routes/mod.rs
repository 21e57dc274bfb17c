//! HTTP routes: from the rules of a VirtualService to Envoy routes (O:8B, G:5).
//!
//! Shared by sidecars and gateway workloads, which differ only in what [`RouteContext`] says.

mod build;

pub(crate) use build::rule_place;
pub use build::{Destinations, RouteContext, routes_of};
