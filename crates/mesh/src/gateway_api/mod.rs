//! Kubernetes Gateway API objects as the Gateways and VirtualServices istiod makes of them (G:12).

use crate::db::{Db, Mesh, Name};
use crate::gateways::Gateway;
use crate::visibility::VirtualService;
use meshscope_manifest::Resource;
use std::sync::Arc;

/// The VirtualServices made of the routes of one namespace.
#[salsa::tracked]
pub fn virtual_services_in<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> Arc<[Arc<VirtualService>]> {
    let _ = (db, mesh, namespace);
    Arc::default()
}

/// The internal Gateways made of the listeners of one namespace.
#[salsa::tracked]
pub fn gateways_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Gateway>]> {
    let _ = (db, mesh, namespace);
    Arc::default()
}

/// The Deployments and Services istiod makes for Gateways of one namespace.
#[salsa::tracked]
pub fn managed_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Arc<Resource>]> {
    let _ = (db, mesh, namespace);
    Arc::default()
}
