//! Parts of a scope that stay the same when a VirtualService changes.
//!
//! A scope holds the VirtualServices of a client, so it changes with each of them. Whoever asks only for
//! services, or for what happens to unknown calls, asks here and is not asked again.

use super::client::Client;
use super::scopes::scope;
use super::service_set::ServiceSet;
use crate::db::{Db, Mesh, Name, name};
use std::sync::Arc;

/// The services a scope has clusters for.
#[salsa::tracked]
pub fn cluster_services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    owner: Name<'db>,
    sidecar: Name<'db>,
) -> Arc<ServiceSet> {
    scope(db, mesh, namespace, owner, sidecar).services.clone()
}

/// What each listener of a scope imports.
#[salsa::tracked]
fn imported<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    owner: Name<'db>,
    sidecar: Name<'db>,
) -> Arc<[ServiceSet]> {
    let listeners = scope(db, mesh, namespace, owner, sidecar).listeners.iter();
    listeners.map(|l| l.services.clone()).collect()
}

#[salsa::tracked(returns(copy))]
fn allows_any<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    owner: Name<'db>,
    sidecar: Name<'db>,
) -> bool {
    scope(db, mesh, namespace, owner, sidecar).allows_any()
}

impl Client {
    /// The namespace, and the namespace and name of the Sidecar: what a scope is asked for by.
    pub(super) fn key<'db>(&self, db: &'db dyn Db) -> [Name<'db>; 3] {
        let (owner, sidecar) = match &self.sidecar {
            Some(key) => (key.namespace.as_str(), key.name.as_str()),
            None => ("", ""),
        };
        [&self.namespace, owner, sidecar].map(|text| name(db, text))
    }

    /// The services they have clusters for.
    pub fn services<'db>(&self, db: &'db dyn Db, mesh: Mesh) -> &'db ServiceSet {
        let [namespace, owner, sidecar] = self.key(db);
        cluster_services(db, mesh, namespace, owner, sidecar)
    }

    /// What each of their listeners imports.
    pub fn imported<'db>(&self, db: &'db dyn Db, mesh: Mesh) -> &'db [ServiceSet] {
        let [namespace, owner, sidecar] = self.key(db);
        imported(db, mesh, namespace, owner, sidecar)
    }

    /// Whether their calls to hosts nobody knows pass.
    pub fn allows_any(&self, db: &dyn Db, mesh: Mesh) -> bool {
        let [namespace, owner, sidecar] = self.key(db);
        allows_any(db, mesh, namespace, owner, sidecar)
    }
}
