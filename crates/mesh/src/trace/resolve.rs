//! Which address a caller dials for a host (O:0.2, contract: `address` absent).

use crate::db::{Db, Mesh, name};
use crate::index::facts;
use crate::names::is_ip;
use crate::outbound::{address_for, client, short_name_candidates};
use crate::registry::{Address, Resolution, Service, endpoints, host_namespaces, service_in};
use crate::visibility::pick;
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use std::sync::Arc;

/// The address a sidecar's application dials for a host: an IP, the host of the Service for a VIP no
/// file knows, empty for an address nothing in the mesh claims.
pub(super) fn dialled(db: &dyn Db, mesh: Mesh, proxy: &Proxy, host: &str) -> Str {
    if is_ip(host) {
        return host.into();
    }
    let traits = client(db, mesh, proxy).traits(db);
    let mut host: Str = host.to_ascii_lowercase().into();
    for _ in 0..8 {
        let Some(service) = named(db, mesh, &proxy.config_namespace, &host) else {
            return Str::default();
        };
        match &service.resolution {
            Resolution::Alias(target) => host = target.clone(),
            Resolution::Passthrough if service.is_kubernetes() => {
                let known = endpoints(db, mesh, &service).into_iter();
                let first = known.filter_map(|e| e.address).next();
                return first.unwrap_or_else(|| service.host.clone());
            }
            _ => {
                let address = address_for(db, mesh, &service, traits);
                // Any address of a subnet will do: its first.
                return match &service.address {
                    Address::None if address == "0.0.0.0" => Str::default(),
                    Address::Cidr(cidr) => cidr.split('/').next().unwrap_or_default().into(),
                    _ => address,
                };
            }
        }
    }
    Str::default()
}

/// The service a name means to a pod: as DNS completes it, whoever it is exported to.
pub(super) fn named(db: &dyn Db, mesh: Mesh, namespace: &str, host: &str) -> Option<Arc<Service>> {
    let domain = &facts(db, mesh).domain;
    let client = name(db, namespace);
    for candidate in short_name_candidates(host, namespace, domain) {
        let candidate = name(db, &candidate);
        let visible = pick(db, mesh, client, candidate).clone();
        let any = || {
            let owners = host_namespaces(db, mesh, candidate);
            owners
                .iter()
                .filter_map(|ns| service_in(db, mesh, name(db, ns), candidate).clone())
                .find(|s| s.is_kubernetes())
        };
        if let Some(found) = visible.or_else(any) {
            return Some(found);
        }
    }
    None
}
