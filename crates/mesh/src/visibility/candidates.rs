//! The services that compete for one host in the eyes of one client.

use crate::db::{Db, Mesh, Name, name};
use crate::registry::{Service, exports_between, host_namespaces, service_order};
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
