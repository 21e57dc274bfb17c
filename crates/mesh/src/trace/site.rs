//! Where a connection arrives: the listener of a gateway, the inbound side of a sidecar.

use super::hop::{ClientSees, Hop, Verdict};
use super::pass::{Side, Site};
use crate::db::{Db, Mesh};
use crate::gateways::gateway_listeners;
use crate::inbound::{inbound_listener, inbound_ports};
use crate::workloads::Proxy;
use std::sync::Arc;

/// The listener of a gateway workload on a port; without one the hop that says so.
pub(super) fn gateway_site(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    address: &str,
    port: u32,
) -> Result<Site, Box<Hop>> {
    let config = gateway_listeners(db, mesh, proxy);
    let exact = config
        .listeners
        .iter()
        .find(|l| l.port == port && !address.is_empty() && l.address == address);
    let wildcard = |l: &&crate::envoy::Listener| {
        l.port == port && (l.address == "0.0.0.0" || l.address == "::")
    };
    match exact.or_else(|| config.listeners.iter().find(wildcard)) {
        Some(listener) => Ok(Site {
            proxy: proxy.clone(),
            listener: Arc::new(listener.clone()),
            address: address.into(),
            port,
            side: Side::Gateway,
        }),
        None => {
            let others = config.listeners.iter().flat_map(|l| {
                l.because.first().cloned().map(|mut b| {
                    b.why = format!("listens on port {}, not on {port} (O:12)", l.port).into();
                    b
                })
            });
            let dropped = config
                .dropped
                .iter()
                .filter(|d| d.port == port)
                .flat_map(|d| d.parties.clone());
            Err(Box::new(Hop {
                is_gateway: true,
                proxy: proxy.workload.clone(),
                listener: None,
                chain: None,
                route: None,
                branches: Vec::new(),
                verdict: Verdict::NoListener,
                client_sees: ClientSees::Refused,
                because: Vec::new(),
                near_misses: dropped.chain(others).take(5).collect(),
            }))
        }
    }
}

/// The inbound side of a sidecar; `None` where nothing is redirected.
pub(super) fn inbound_site(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    address: &str,
    port: u32,
) -> Option<Site> {
    Some(Site {
        proxy: proxy.clone(),
        listener: inbound_listener(db, mesh, proxy)?,
        address: address.into(),
        port,
        side: Side::Inbound(inbound_ports(db, mesh, proxy).into()),
    })
}
