//! What a proxy is configured with, in Envoy's terms: listeners, filter chains, route configs.
//!
//! Plain values, shared by gateways and sidecars, read by traces, graphs and rules. Every part names
//! the objects and fields that made it. It must not know how they are computed.

mod because;
mod cluster;
mod listener;
mod matching;
mod route;
mod select;

pub use because::Because;
pub use cluster::{Cluster, ClusterType};
pub use listener::{
    ChainMatch, ClientCertificate, ClusterWeight, Filter, FilterChain, Listener, ServerTls,
    Transport,
};
pub use matching::{Answer, Request};
pub use route::{Action, PathMatch, Route, RouteConfig, RouteMatch, TextMatch, VirtualHost};
pub use select::{Connection, Selection, near_misses, select};
