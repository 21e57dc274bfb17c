//! What is gathered over the whole mesh, kept as an input.
//!
//! An edited file is of low durability, and salsa looks through everything that rests on it after each
//! edit. What is gathered over all namespaces rests on every file, and nearly all else rests on that:
//! one open file would make every answer of the mesh be looked through for every letter. So the owner
//! of the database gathers these values after an edit and sets those that changed, with high
//! durability; readers of a value rest on it and on no file. Without an owner who does so readers
//! gather for themselves, and the answers are the same.
//!
//! Setting one makes all of them be read again, and all that is of high durability be looked through: so
//! what changes with the routes of any VirtualService is not among them. (`public_l4` changes with `tls`
//! and `tcp` routes, which are few and reach every scope anyway.)
//!
//! It must not know how anything is gathered.

use crate::db::{Db, Mesh};
use crate::egress::{Intended, WayOut, intended_gathered, ways_out_gathered};
use crate::gateway_api::contributors_gathered;
use crate::gateways::{Gateway, all_gateways_gathered};
use crate::index::{
    ConfigLayers, Installed, Membership, MeshFacts, extra_resources_gathered, facts_gathered,
    installed_gathered, membership_gathered, mesh_config_layers_gathered,
    mesh_config_object_gathered, namespaces_gathered,
};
use crate::names::HostTable;
use crate::registry::{
    Service, ServiceList, all_aliases_gathered, hosts_gathered, public_services_gathered,
    targeted_gathered, targets_by_host_gathered,
};
use crate::visibility::{
    Carriers, Client, Targeting, VsSlice, binders_gathered, claimed_gathered, clients_gathered,
    contradictory_gathered, delegates_named_gathered, public_l4_gathered,
    public_source_keys_gathered, restricted_carriers_gathered, rule_hosts_gathered,
    targeting_gathered,
};
use crate::workloads::{
    Workload, caller_keys_gathered, gateway_workloads_gathered, keys_mentioned_gathered,
};
use meshscope_manifest::{Resource, ResourceKey, Str};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Declares the query that reads one value: as it was set, else gathered.
macro_rules! whole {
    ($(#[$doc:meta])* $vis:vis fn $name:ident() -> $type:ty = $gathered:ident;) => {
        $(#[$doc])*
        #[salsa::tracked]
        $vis fn $name(db: &dyn $crate::db::Db, mesh: $crate::db::Mesh) -> $type {
            match mesh.whole(db) {
                Some(whole) => whole.$name.clone(),
                None => $gathered(db, mesh).clone(),
            }
        }
    };
}
/// Declares the values, each gathered by the query beside it.
macro_rules! values {
    ($($name:ident: $type:ty = $gathered:ident,)*) => {
        /// The values that are gathered over a whole mesh. Each is read through the query of its name.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Whole {
            $(pub(crate) $name: $type,)*
        }

        /// Gathers one value each.
        pub(crate) const VALUES: &[fn(&dyn Db, Mesh)] = &[
            $(|db, mesh| _ = $gathered(db, mesh),)*
        ];

        impl Whole {
            /// Gathers all values from the files as they are, and from the values set so far.
            pub fn gathered(db: &dyn Db, mesh: Mesh) -> Whole {
                Whole {
                    $($name: $gathered(db, mesh).clone(),)*
                }
            }

            /// Whether these values equal `set`. `before` are values that do: what is still the same
            /// as in them, in memory, is not looked into.
            pub fn equals(&self, set: &Whole, before: Option<&Whole>) -> bool {
                true $(&& {
                    let before = before.map(|before| &before.$name);
                    before.is_some_and(|before| Arc::ptr_eq(&self.$name, before))
                        || self.$name == set.$name
                })*
            }
        }
    };
}

values! {
    membership: Membership = membership_gathered,
    installed: Arc<Installed> = installed_gathered,
    extra_resources: Arc<[Arc<Resource>]> = extra_resources_gathered,
    mesh_config_layers: ConfigLayers = mesh_config_layers_gathered,
    mesh_config_object: Arc<Option<ResourceKey>> = mesh_config_object_gathered,
    namespaces: Arc<[Str]> = namespaces_gathered,
    facts: Arc<MeshFacts> = facts_gathered,
    all_aliases: ServiceList = all_aliases_gathered,
    public_services: ServiceList = public_services_gathered,
    targeted: Arc<FxHashMap<Str, ServiceList>> = targeted_gathered,
    hosts: Arc<FxHashMap<Str, Vec<Str>>> = hosts_gathered,
    targets_by_host: Arc<FxHashMap<Str, Vec<Str>>> = targets_by_host_gathered,
    keys_mentioned: Arc<BTreeSet<Str>> = keys_mentioned_gathered,
    caller_keys: Arc<BTreeSet<Str>> = caller_keys_gathered,
    gateway_workloads: Arc<[Arc<Workload>]> = gateway_workloads_gathered,
    all_gateways: Arc<[Arc<Gateway>]> = all_gateways_gathered,
    contributors: Arc<BTreeMap<Str, Vec<Str>>> = contributors_gathered,
    binders: Arc<FxHashMap<Str, Vec<Str>>> = binders_gathered,
    targeting: Targeting = targeting_gathered,
    public_l4: VsSlice = public_l4_gathered,
    public_source_keys: Arc<BTreeSet<Str>> = public_source_keys_gathered,
    delegates_named: Arc<FxHashSet<(Str, Str)>> = delegates_named_gathered,
    claimed: Arc<FxHashMap<Str, Arc<[ResourceKey]>>> = claimed_gathered,
    clients: Arc<[Arc<Client>]> = clients_gathered,
    restricted_carriers: Carriers = restricted_carriers_gathered,
    rule_hosts: Arc<HostTable<Vec<Str>>> = rule_hosts_gathered,
    contradictory: Arc<[Arc<Service>]> = contradictory_gathered,
    ways_out: Arc<[WayOut]> = ways_out_gathered,
    intended: Arc<[Intended]> = intended_gathered,
}
