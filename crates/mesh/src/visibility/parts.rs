//! Parts of a scope that stay the same when others change.
//!
//! A scope holds the VirtualServices of a client, so it changes with each of them. Whoever asks only for
//! services, for the shape of its listeners or for what happens to unknown calls asks here and is not
//! asked again. It must not know what is made of them.

use super::carried::Carried;
use super::client::Client;
use super::scopes::{Scope, scope};
use super::service_set::ServiceSet;
use super::sidecar::{EgressHosts, sidecar_for};
use crate::db::{Db, Mesh, Name, name};
use crate::workloads::Proxy;
use meshscope_manifest::spec::sidecar::{CaptureMode, ListenerPort, OutboundTrafficPolicy};
use meshscope_manifest::{ResourceKey, Str};
use std::sync::Arc;

/// A sidecar scope: a namespace under one Sidecar, or none (both parts empty).
#[salsa::interned(debug)]
pub struct ScopeKey<'db> {
    /// The namespace configuration is chosen for.
    #[returns(copy)]
    pub namespace: Name<'db>,
    /// The namespace of the Sidecar.
    #[returns(copy)]
    pub owner: Name<'db>,
    /// The name of the Sidecar.
    #[returns(copy)]
    pub sidecar: Name<'db>,
}

impl<'db> ScopeKey<'db> {
    /// The scope of a namespace under a Sidecar, or under none.
    fn of(db: &'db dyn Db, namespace: &str, sidecar: Option<&ResourceKey>) -> ScopeKey<'db> {
        let (owner, sidecar) = match sidecar {
            Some(key) => (key.namespace.as_str(), key.name.as_str()),
            None => ("", ""),
        };
        ScopeKey::new(db, name(db, namespace), name(db, owner), name(db, sidecar))
    }
}

/// The scope of a sidecar as a key.
pub fn scope_key<'db>(db: &'db dyn Db, mesh: Mesh, proxy: &Proxy) -> ScopeKey<'db> {
    let namespace = &proxy.config_namespace;
    let sidecar = sidecar_for(db, mesh, namespace, &proxy.labels);
    ScopeKey::of(db, namespace, sidecar.as_ref().map(|s| &s.key))
}

/// The whole scope.
pub(super) fn whole<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>) -> &'db Arc<Scope> {
    scope(db, mesh, key.namespace(db), key.owner(db), key.sidecar(db))
}

/// The egress listeners of a scope without what they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The Sidecar, when there is one.
    pub sidecar: Option<ResourceKey>,
    /// The listeners in order.
    pub listeners: Vec<Egress>,
    /// What happens to traffic nothing matches.
    pub policy: OutboundTrafficPolicy,
    /// Whether it passes through.
    pub allows_any: bool,
}

/// One egress listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// The port, when it has one.
    pub port: Option<ListenerPort>,
    /// `bind`.
    pub bind: Str,
    /// `captureMode`.
    pub capture_mode: CaptureMode,
    /// What it imports.
    pub hosts: EgressHosts,
}

/// The shape of a scope. Changes with its Sidecar and the mesh config only.
#[salsa::tracked]
pub fn shape<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>) -> Arc<Shape> {
    let scope = whole(db, mesh, key);
    Arc::new(Shape {
        sidecar: scope.sidecar.clone(),
        listeners: scope
            .listeners
            .iter()
            .map(|l| Egress {
                port: l.port.clone(),
                bind: l.bind.clone(),
                capture_mode: l.capture_mode,
                hosts: l.hosts.clone(),
            })
            .collect(),
        policy: scope.policy.clone(),
        allows_any: scope.allows_any(),
    })
}

/// The services of one listener. An edit of a VirtualService stops here.
#[salsa::tracked]
pub fn services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
) -> ServiceSet {
    let listener = whole(db, mesh, key).listeners.get(listener);
    listener.map(|l| l.services.clone()).unwrap_or_default()
}

/// The services that get clusters. An edit of a VirtualService that leads nowhere else stops here.
#[salsa::tracked]
pub fn cluster_services<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>) -> Arc<ServiceSet> {
    whole(db, mesh, key).services.clone()
}

/// What one listener carries. An edit of a service stops here, and for a listener that imports
/// everything an edit of public VirtualServices, too.
#[salsa::tracked]
pub fn virtual_services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
) -> Carried {
    let listener = whole(db, mesh, key).listeners.get(listener);
    listener
        .map(|l| l.virtual_services.clone())
        .unwrap_or_default()
}

impl Client {
    /// Their scope as a key.
    pub(super) fn key<'db>(&self, db: &'db dyn Db) -> ScopeKey<'db> {
        ScopeKey::of(db, &self.namespace, self.sidecar.as_ref())
    }

    /// The services they have clusters for.
    pub fn services<'db>(&self, db: &'db dyn Db, mesh: Mesh) -> &'db ServiceSet {
        cluster_services(db, mesh, self.key(db))
    }

    /// What each of their listeners imports.
    pub fn imported<'db>(
        &self,
        db: &'db dyn Db,
        mesh: Mesh,
    ) -> impl Iterator<Item = &'db ServiceSet> {
        let key = self.key(db);
        let listeners = 0..shape(db, mesh, key).listeners.len();
        listeners.map(move |listener| services(db, mesh, key, listener))
    }

    /// Whether their calls to hosts nobody knows pass.
    pub fn allows_any(&self, db: &dyn Db, mesh: Mesh) -> bool {
        shape(db, mesh, self.key(db)).allows_any
    }
}
