//! The services of a mesh: from Kubernetes Services and ServiceEntries to what istiod calls a
//! service, who they are exported to, and who stands behind them (V:1, O:2).
//!
//! It must not know Sidecars, proxies or routes.

mod alias;
mod auto_address;
mod endpoints;
mod export_to;
mod kubernetes;
mod protocol;
mod service;
mod service_entry;

pub(crate) use alias::all_aliases_gathered;
pub use alias::{alias_target, aliases_of, all_aliases, concrete_of};
pub use auto_address::auto_address;
pub use endpoints::{
    Endpoint, EndpointKind, container_port, endpoints, shared_endpoints, target_port,
};
pub use export_to::{
    Exports, doubled_hosts, exported_to, exports, exports_between, host_namespaces, is_importable,
    public_services, service_in, services_in, shared_hosts, similar_hosts,
};
pub(crate) use export_to::{
    ServiceList, hosts_gathered, public_services_gathered, targeted_gathered,
    targets_by_host_gathered, targets_of,
};
pub use protocol::{Protocol, ProtocolClass};
pub use service::{Address, Port, Resolution, Service, Source, service_order};
