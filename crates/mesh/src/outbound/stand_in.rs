//! One client that stands for all whose listeners on a port are the same.
//!
//! Most sidecars import everything, and on most ports their namespace has nothing of its own: what one
//! of them gets there all get. Their listeners are built once, for a client of no namespace. It must
//! not know what a listener is made of beyond what it is made from.

use super::client::Client;
use super::virtual_services::l4_index;
use crate::db::{Db, Mesh, name};
use crate::registry::all_aliases;
use crate::visibility::Public;
use crate::visibility::parts::{ScopeKey, cluster_services, services, shape, virtual_services};
use meshscope_manifest::spec::Labels;

/// The client to build the listeners on a port for: one of no namespace where that makes no
/// difference, else the client itself.
pub(super) fn stand_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    port: u32,
) -> Client<'db> {
    let scope = client.scope(db);
    if !has_nothing_own(db, mesh, scope) || !says_nothing_own(db, mesh, scope, port) {
        return client;
    }
    let nowhere = name(db, "");
    let scope = ScopeKey::new(db, nowhere, scope.owner(db), scope.sidecar(db));
    Client::new(db, scope, nowhere, Labels::default(), client.traits(db))
}

/// Whether a scope imports everything, and sees of services what everybody sees: none of its own,
/// none hidden from it. Aliases have names that depend on the namespace (O:8.9).
#[salsa::tracked(returns(copy))]
fn has_nothing_own<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>) -> bool {
    let listeners = &shape(db, mesh, key).listeners;
    let [only] = &listeners[..] else {
        return false;
    };
    only.port.is_none()
        && only.hosts.is_everything()
        && services(db, mesh, key, 0).is_shared()
        && cluster_services(db, mesh, key).is_shared()
        && all_aliases(db, mesh).is_empty()
}

/// Whether the VirtualServices that a scope alone carries say nothing to connections on a port, and
/// those that everybody carries say the same to every client.
#[salsa::tracked(returns(copy))]
fn says_nothing_own<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>, port: u32) -> bool {
    virtual_services(db, mesh, key, 0).public == Public::All
        && l4_index(db, mesh, key, 0, port).is_same_for_all()
}
