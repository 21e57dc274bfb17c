//! Who sees what: VirtualServices, services and DestinationRules per proxy class (V:2-V:5).

pub mod ambiguity;
mod candidates;
mod carried;
mod claims;
mod client;
mod clusters;
pub mod delegate;
mod destination;
pub mod explain;
mod imports;
mod merge;
#[expect(
    missing_docs,
    reason = "salsa's macros generate undocumented accessors"
)]
pub mod parts;
mod routers;
mod rule_lookup;
mod scopes;
mod service_set;
mod sidecar;
mod virtual_service;
mod virtual_services;

pub use candidates::{candidates, competitors};
pub use carried::{Carried, Public, public_source_keys, source_keys_of};
pub(crate) use carried::{public_l4, public_l4_gathered, public_source_keys_gathered};
pub use claims::claimants;
pub(crate) use claims::claimed_gathered;
pub(crate) use client::{Carriers, clients_gathered, restricted_carriers_gathered};
pub use client::{
    Client, View, carriers, carries, clients, clients_in, open_views, restricted_clients,
};
pub use clusters::{Cluster, cluster_name, clusters, clusters_of, has_cluster, headless_by_eds};
pub use destination::{Fate, declared, declared_in, fate, is_visible_to};
pub(crate) use imports::contradictory_gathered;
pub use imports::{destinations, pick};
pub(crate) use routers::router_base;
pub use routers::{gateway_services, router_services, shares_default_scope};
pub(crate) use rule_lookup::rule_hosts_gathered;
pub use rule_lookup::{
    Entry as DestinationRuleEntry, Step as LookupStep, Tables as DestinationRuleTables, choose,
    destination_rule_for, find as find_destination_rules, lookup as destination_rules,
    passes_export, rule_namespaces, rules_covering, tables_in as destination_rule_tables,
};
pub(crate) use scopes::everything_clusters_base;
pub use scopes::{Listener, Scope, scope, scope_of};
pub use service_set::{Member, Reason, ServiceSet};
pub use sidecar::{EgressHosts, root_sidecar, sidecar_for, sidecars_in};
pub(crate) use virtual_service::delegates_named_gathered;
pub use virtual_service::{
    HttpRoute, L4Route, MatchPlace, VirtualService, completed, delegates_named, virtual_services_in,
};
pub use virtual_services::{
    Audience, VsList, audience, public_bound, virtual_services_between, virtual_services_for,
};
pub(crate) use virtual_services::{Targeting, VsSlice, binders_gathered, targeting_gathered};

use crate::db::{Db, Mesh, name};
use crate::workloads::Proxy;
use std::sync::Arc;

/// The services a proxy gets clusters for: its scope's, or all visible ones for a gateway workload.
pub fn services_of(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<ServiceSet> {
    if proxy.is_router() {
        gateway_services(db, mesh, name(db, &proxy.config_namespace))
    } else {
        scope_of(db, mesh, proxy).services.clone()
    }
}

/// The VirtualServices bound to `mesh` that a sidecar carries, each once, in order.
pub fn mesh_virtual_services(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Arc<VirtualService>> {
    let scope = scope_of(db, mesh, proxy);
    let mut found: Vec<Arc<VirtualService>> = Vec::new();
    for vs in scope
        .listeners
        .iter()
        .flat_map(|l| l.virtual_services.iter(db, mesh))
    {
        if !found.iter().any(|f| Arc::ptr_eq(f, vs)) {
            found.push(vs.clone());
        }
    }
    found
}
