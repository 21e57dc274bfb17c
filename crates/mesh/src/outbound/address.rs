//! The addresses a service has for a client (O:2.6).
//!
//! Files do not know the address a cluster allocates to a Service. It stands as the service's own
//! host, which no IP equals: unique, and readable in a listener's name.

use super::client::Traits;
use crate::db::{Db, Mesh};
use crate::registry::{Address, Service, auto_address};
use meshscope_manifest::Str;

/// The address of a service without one.
pub const NONE: &str = "0.0.0.0";

/// The address a client dials to reach a service: an IP, a CIDR, the host for one the cluster
/// allocates, or `NONE`.
pub fn address_for(db: &dyn Db, mesh: Mesh, service: &Service, traits: Traits) -> Str {
    match &service.address {
        Address::Ip(ip) if service.is_kubernetes() && !traits.supports(ip) => {
            let other = service.more_addresses.iter().find(|a| traits.supports(a));
            other.unwrap_or(ip).clone()
        }
        Address::Ip(ip) => ip.clone(),
        Address::Cidr(cidr) => cidr.clone(),
        Address::Allocated => service.host.clone(),
        Address::None => traits
            .uses_auto_addresses
            .then(|| auto_address(db, mesh, service))
            .flatten()
            .unwrap_or(Str::new_static(NONE)),
    }
}

/// Every address that is a virtual host domain of the service for this client (O:8.9).
pub fn domain_addresses(db: &dyn Db, mesh: Mesh, service: &Service, traits: Traits) -> Vec<Str> {
    if traits.uses_auto_addresses
        && let Some(auto) = auto_address(db, mesh, service)
    {
        // One that stands for an unknown address is the host, a domain anyway.
        return if auto == service.host {
            Vec::new()
        } else {
            vec![auto]
        };
    }
    let mut found = match &service.address {
        Address::Ip(ip) => vec![ip.clone()],
        Address::Cidr(cidr) => vec![cidr.clone()],
        Address::Allocated | Address::None => Vec::new(),
    };
    found.extend(service.more_addresses.iter().cloned());
    if service.is_kubernetes() {
        found.retain(|a| traits.supports(a));
    }
    found
}
