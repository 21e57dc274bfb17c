//! How a gateway workload turns destinations into cluster names (G:RT-16, V:R4.26).
//!
//! Firewall: [`destination_of`] per host, so that a change of one service re-runs only what routes
//! to it.

use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use crate::registry::{alias_target, is_importable, service_in};
use crate::routes::Destinations;
use crate::visibility::{VirtualService, cluster_name, gateway_services};
use meshscope_manifest::Str;
use meshscope_manifest::spec::virtual_service::Destination;

/// What routing needs to know of a destination service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known {
    /// The host an ExternalName Service stands for.
    alias: Option<Str>,
    /// The port, when it has exactly one.
    only_port: Option<u32>,
}

/// The service of a host for a pod namespace: the one in the VirtualService's namespace when it is
/// visible to the pod, else the one of the gateway's scope (V:R4.26). An empty `owner` asks only the
/// latter.
#[salsa::tracked]
pub(super) fn destination_of<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    owner: Name<'db>,
    host: Name<'db>,
) -> Option<Known> {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let preferred = Some(owner)
        .filter(|owner| !owner.text(db).is_empty())
        .and_then(|owner| service_in(db, mesh, owner, host).clone())
        .filter(|s| is_importable(s, client.text(db), defaults));
    let service = preferred.or_else(|| {
        let members = gateway_services(db, mesh, client);
        members.get(host.text(db)).map(|m| m.service.clone())
    })?;
    Some(Known {
        alias: alias_target(&service).cloned(),
        only_port: match &*service.ports {
            [only] => Some(only.number),
            _ => None,
        },
    })
}

/// Destinations as HTTP routes of a gateway workload see them.
pub(super) struct Router<'db> {
    pub db: &'db dyn Db,
    pub mesh: Mesh,
    /// The pod namespace.
    pub client: Name<'db>,
}

impl Router<'_> {
    fn look_up(&self, destination: &Destination, owner: &str, port: u32) -> (Str, u32) {
        let known = destination_of(
            self.db,
            self.mesh,
            self.client,
            name(self.db, owner),
            name(self.db, &destination.host),
        );
        let host = known
            .as_ref()
            .and_then(|k| k.alias.clone())
            .unwrap_or_else(|| destination.host.clone());
        let port = match destination.port {
            0 => known.as_ref().and_then(|k| k.only_port).unwrap_or(port),
            written => written,
        };
        (host, port)
    }

    /// The cluster of a TCP or TLS destination: only the gateway's scope is asked (G:TCP-3).
    pub(super) fn l4_cluster(&self, destination: &Destination, port: u32) -> Str {
        if destination.host.is_empty() {
            return Str::new_static("UnknownService");
        }
        let (host, port) = self.look_up(destination, "", port);
        cluster_name(port, &destination.subset, &host)
    }
}

impl Destinations for Router<'_> {
    fn resolve(&self, vs: &VirtualService, destination: &Destination, port: u32) -> (Str, u32) {
        self.look_up(destination, &vs.namespace, port)
    }
}
