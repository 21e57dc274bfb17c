//! The addresses a service has for a client (O:2.6).
//!
//! Files do not know the address a cluster allocates to a Service. It stands as the service's own
//! host, which no IP equals: unique, and readable in a listener's name.

use super::client::Traits;
use crate::registry::{Address, Service};
use meshscope_manifest::Str;

/// The address of a service without one.
pub const NONE: &str = "0.0.0.0";

/// The address a client dials to reach a service: an IP, a CIDR, the host for one the cluster
/// allocates, or [`NONE`].
pub fn address_for(service: &Service, traits: Traits) -> Str {
    match &service.address {
        Address::Ip(ip) if service.is_kubernetes() && !traits.supports(ip) => {
            let other = service.more_addresses.iter().find(|a| traits.supports(a));
            other.unwrap_or(ip).clone()
        }
        Address::Ip(ip) => ip.clone(),
        Address::Cidr(cidr) => cidr.clone(),
        Address::Allocated => service.host.clone(),
        Address::None => match &service.auto_address {
            Some(auto) if traits.uses_auto_addresses => auto.clone(),
            _ => Str::new_static(NONE),
        },
    }
}

/// Every address that is a virtual host domain of the service for this client (O:8.9).
pub fn domain_addresses(service: &Service, traits: Traits) -> Vec<Str> {
    if traits.uses_auto_addresses
        && let Some(auto) = &service.auto_address
    {
        return vec![auto.clone()];
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
