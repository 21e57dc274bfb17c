//! Addresses for ServiceEntries that write none: what proxies with DNS capture dial (O:2.4, O:2.5).
//!
//! A controller of istiod allocates them and writes them into the status; no file knows one that is
//! not there, so the service's host stands for it. With the controller off istiod hashes the host,
//! which files can repeat.

use super::export_to::each_services;
use super::{Address, Resolution, Service, service_order};
use crate::db::{Db, Mesh};
use crate::index::facts;
use crate::names::is_wildcard;
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many addresses there are to hash into, and the prime of the second hash.
const SLOTS: u32 = 256 * 254;
const PRIME: u32 = 65011;

/// The allocated address of a service; the host for one that a cluster allocates; `None` for a
/// service that gets none.
pub fn auto_address(db: &dyn Db, mesh: Mesh, service: &Service) -> Option<Str> {
    if service.is_kubernetes() || service.address != Address::None {
        return None;
    }
    if !facts(db, mesh).flag(Flag::IpAutoallocate) {
        return hashed(db, mesh).get(service.label().as_str()).cloned();
    }
    if service.auto_address.is_some() {
        return service.auto_address.clone();
    }
    let refused = service
        .labels
        .get("networking.istio.io/enable-autoallocate-ip")
        .is_some_and(|v| v == "false");
    let nameable = !is_wildcard(&service.host) || service.resolution == Resolution::DynamicDns;
    (!refused && nameable && service.resolution != Resolution::Passthrough)
        .then(|| service.host.clone())
}

/// The addresses of the hash, by `namespace/host`. Only read with the controller off.
#[salsa::tracked]
fn hashed(db: &dyn Db, mesh: Mesh) -> Arc<FxHashMap<Str, Str>> {
    let mut services: Vec<Arc<Service>> = each_services(db, mesh)
        .flat_map(|(_, services)| services.iter().cloned())
        .filter(|s| {
            !s.is_kubernetes()
                && s.address == Address::None
                && !is_wildcard(&s.host)
                && s.resolution != Resolution::Passthrough
        })
        .collect();
    services.sort_by(|a, b| service_order(a, b));
    let mut slots: FxHashMap<u32, Str> = FxHashMap::default();
    for service in services.iter().take(SLOTS as usize / 2) {
        let label: Str = service.label().into();
        let hash = fnv1a(&label);
        let mut slot = hash % SLOTS;
        let step = PRIME - hash % PRIME;
        let mut round: u32 = 1;
        while slots.contains_key(&slot) {
            slot = hash.wrapping_add(round.wrapping_mul(step)) % (SLOTS - 1);
            round = round.wrapping_add(1);
        }
        slots.insert(slot, label);
    }
    let mut taken: Vec<(u32, Str)> = slots.into_iter().collect();
    taken.sort();
    let mut found: FxHashMap<Str, Str> = FxHashMap::default();
    // Addresses that end in .0 are skipped, which moves every later one.
    let mut skipped = 0;
    for (slot, label) in taken {
        let mut number = slot + 1 + skipped;
        if number % 255 == 0 {
            number += 1;
            skipped += 1;
        }
        let address = || format!("240.240.{}.{}", number / 255, number % 255).into();
        found.entry(label).or_insert_with(address);
    }
    Arc::new(found)
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
