//! Gateways: from Gateway and VirtualService objects to the listeners, route configs and clusters
//! of a gateway workload (G:1-G:10, V:6).
//!
//! The order of the questions: which Gateways apply to the proxy (`attach`), on which ports
//! (`targets`), which servers survive side by side (`merge`), what they listen with (`listeners`,
//! `chains`, `auto_passthrough`), how requests are routed (`routes`), which clusters there are
//! (`clusters`), what Envoy would refuse of it (`nack`) and which VirtualService got where
//! (`bindings`). Everything is memoized per proxy class. It must not know sidecars, traces or rules.

mod attach;
mod auto_passthrough;
mod binding;
mod bindings;
mod carriers;
mod chains;
mod clusters;
mod destinations;
mod dropped;
mod header_values;
mod hosts;
mod listeners;
mod merge;
mod nack;
mod protocol;
mod routes;
mod targets;
mod tls;

pub(crate) use attach::all_gateways_gathered;
pub use attach::{
    AttachedGateway, Gateway, Selection, all_gateways, attached_gateways, find_gateway, gateways_in,
};
pub use binding::{Binding, BoundServer, Unbound, UnboundReason};
pub use bindings::{bindings, missing_gateways, referencing, unselected_gateways};
pub use carriers::{routers, workloads_of_gateway};
pub use clusters::{gateway_clusters, gateway_clusters_if, needs_service};
pub use dropped::{DropReason, Dropped};
pub use hosts::open_hosts;
pub use listeners::{GatewayConfig, gateway_listeners};
pub use merge::{Merged, MergedServer, MergedServers, ServerKey, merged_servers};
pub use nack::{
    Rejected, Rejection, listener_rejections, logical_dns_endpoints, rejections,
    route_config_rejections,
};
pub use protocol::{Serves, serves};
pub use routes::gateway_route_config;
pub use targets::{ServiceTarget, service_targets};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
