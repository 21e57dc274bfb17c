//! The order in which a whole mesh is computed where several cores are to share the work.
//!
//! Each layer is a list of questions that do not wait for each other and rest on the layers before: what
//! all of a layer need is there when they are asked. Nothing depends on this but time. It must not know
//! who asks, or on how many cores.

use crate::db::{Db, Mesh, Name, name};
use crate::index::{
    asking_in_group, chart_sources_of_group, members_of_group, namespaces, unit_groups,
};
use crate::registry::{
    hosts_gathered, public_services_gathered, services_in, targets_by_host_gathered,
};
use crate::visibility::{
    claimed_gathered, clients, clients_in, everything_clusters_base, public_bound, router_base,
    rule_hosts_gathered, virtual_services_in,
};
use crate::whole::VALUES;
use crate::workloads::{caller_keys_gathered, keys_mentioned_gathered, keys_mentioned_in};

/// A layer of questions, asked by number.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// How many there are.
    pub count: fn(&dyn Db, Mesh) -> usize,
    /// Asks one of them, so that its answer is there.
    pub ask: fn(&dyn Db, Mesh, usize),
    /// How many are worth a core of their own.
    pub at_least: usize,
}

/// Asks for something of the whole mesh.
type Ask = fn(&dyn Db, Mesh);

/// What classes of proxies and scopes rest on, and what else takes its time.
const BEFORE_CLIENTS: [Ask; 7] = [
    |db, mesh| _ = caller_keys_gathered(db, mesh),
    |db, mesh| _ = keys_mentioned_gathered(db, mesh),
    |db, mesh| _ = public_services_gathered(db, mesh),
    |db, mesh| _ = hosts_gathered(db, mesh),
    |db, mesh| _ = rule_hosts_gathered(db, mesh),
    |db, mesh| _ = claimed_gathered(db, mesh),
    |db, mesh| _ = targets_by_host_gathered(db, mesh),
];

/// What the scopes share that import everything.
const SHARED: [Ask; 3] = [
    |db, mesh| _ = everything_clusters_base(db, mesh),
    |db, mesh| _ = router_base(db, mesh),
    |db, mesh| _ = public_bound(db, mesh, name(db, "mesh")),
];

fn namespace_at<'db>(db: &'db dyn Db, mesh: Mesh, at: usize) -> Option<Name<'db>> {
    namespaces(db, mesh).get(at).map(|ns| name(db, ns))
}

/// The layers below the rules.
pub static LAYERS: [Layer; 7] = [
    Layer {
        count: |db, mesh| unit_groups(db, mesh).len(),
        ask: |db, mesh, group| {
            members_of_group(db, mesh, group);
            asking_in_group(db, mesh, group);
            chart_sources_of_group(db, mesh, group);
        },
        at_least: 4,
    },
    Layer {
        count: |db, mesh| namespaces(db, mesh).len(),
        ask: |db, mesh, at| {
            if let Some(ns) = namespace_at(db, mesh, at) {
                services_in(db, mesh, ns);
                virtual_services_in(db, mesh, ns);
                keys_mentioned_in(db, mesh, ns);
            }
        },
        at_least: 16,
    },
    Layer {
        count: |_, _| BEFORE_CLIENTS.len(),
        ask: |db, mesh, at| BEFORE_CLIENTS[at](db, mesh),
        at_least: 1,
    },
    Layer {
        count: |db, mesh| namespaces(db, mesh).len(),
        ask: |db, mesh, at| {
            if let Some(ns) = namespace_at(db, mesh, at) {
                clients_in(db, mesh, ns);
            }
        },
        at_least: 16,
    },
    Layer {
        count: |_, _| SHARED.len(),
        ask: |db, mesh, at| SHARED[at](db, mesh),
        at_least: 1,
    },
    Layer {
        count: |db, mesh| clients(db, mesh).len(),
        ask: |db, mesh, at| {
            if let Some(client) = clients(db, mesh).get(at) {
                client.scope(db, mesh);
            }
        },
        at_least: 4,
    },
    Layer {
        count: |_, _| VALUES.len(),
        ask: |db, mesh, at| VALUES[at](db, mesh),
        at_least: 1,
    },
];
