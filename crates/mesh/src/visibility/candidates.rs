//! The services that compete for one host in the eyes of one client.

use super::scope_of;
use crate::db::{Db, Mesh, Name, name};
use crate::registry::{Service, exports_between, host_namespaces, service_order};
use crate::workloads::Proxy;
use std::sync::Arc;

/// Every service of a host that is listed for a client, in the order istiod walks them: exported by
/// name, then public (V:R2.3).
pub fn candidates<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    host: &str,
) -> Vec<Arc<Service>> {
    let (mut named, mut public) = (Vec::new(), Vec::new());
    for owner in host_namespaces(db, mesh, name(db, host)).iter() {
        let between = exports_between(db, mesh, name(db, owner), client);
        let of_host = |list: &[Arc<Service>]| -> Vec<Arc<Service>> {
            list.iter().filter(|s| s.host == host).cloned().collect()
        };
        named.extend(of_host(&between.0));
        public.extend(of_host(&between.1));
    }
    named.sort_by(|a, b| service_order(a, b));
    public.sort_by(|a, b| service_order(a, b));
    named.extend(public);
    named
}

/// The candidates that get as far as the choice between them: for a sidecar those that an egress
/// listener imports (V:R3.10).
pub fn competitors(db: &dyn Db, mesh: Mesh, proxy: &Proxy, host: &str) -> Vec<Arc<Service>> {
    let mut found = candidates(db, mesh, name(db, &proxy.config_namespace), host);
    if !proxy.is_router() {
        let scope = scope_of(db, mesh, proxy);
        found.retain(|s| {
            scope.listeners.iter().any(|l| {
                l.hosts.importing(s).is_some()
                    && l.match_port().is_none_or(|port| s.port(port).is_some())
            })
        });
    }
    found
}
