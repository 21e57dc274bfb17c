//! HTTP routes: from the rules of a VirtualService to Envoy routes (O:8B, G:5).
//!
//! Shared by sidecars and gateway workloads, which differ only in what [`RouteContext`] says.

mod build;

pub use build::{Destinations, RouteContext, routes_of};
