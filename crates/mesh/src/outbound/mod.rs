//! The outbound side of a sidecar: its listeners, filter chains and route configs, and the TLS it
//! sends with (O:5, O:6, O:8, O:11).
//!
//! [`client`] says whom it is computed for and which slices of a scope are read; everything else asks
//! it. Listeners and route configs exist twice: complete, for output, and for one address or host,
//! for traces, which in a mesh of thousands of services need next to nothing of them. It must not
//! know gateways, calls or hops.

mod address;
mod chains;
mod claims;
#[expect(
    missing_docs,
    reason = "salsa's macros generate undocumented accessors"
)]
mod client;
mod client_tls;
mod clusters;
mod domains;
mod entry;
mod fallback;
mod listeners;
mod routes;
mod stand_in;
#[cfg(test)]
mod tests;
mod virtual_hosts;
mod virtual_services;

pub use address::address_for;
pub use client::{Client, Traits, client, no_interception};
pub use client_tls::{SentTls, sent_tls};
pub use clusters::{described, keeps_dialled_address, port_of};
pub use fallback::{BLACK_HOLE, PASSTHROUGH};

pub(crate) use chains::http_alpn;

use crate::db::{Db, Mesh, name};
use crate::envoy::{ChainMatch, Filter, FilterChain, Listener, RouteConfig};
use crate::index::facts;
use crate::visibility::parts::shape;
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use std::sync::Arc;

/// Every outbound listener of a sidecar: those of services, the forward proxy, the virtual one.
pub fn outbound_listeners(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Arc<[Listener]> {
    let client = client(db, mesh, proxy);
    let own = proxy.ips.first().map(Str::as_str).unwrap_or_default();
    let mut found = listeners::all(db, mesh, client, name(db, own)).to_vec();
    found.extend(http_proxy(client.traits(db)));
    found.extend(virtual_outbound(db, mesh, client));
    found.into()
}

/// The listener that takes a connection to an address and port: that of the address, else that of
/// every address, else the virtual one (O:7.1). `None` where nothing is redirected.
pub fn listener_for(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    address: &str,
    port: u32,
) -> Option<Arc<Listener>> {
    let client = client(db, mesh, proxy);
    let traits = client.traits(db);
    let stand_in = stand_in::stand_in(db, mesh, client, port);
    let own = proxy.ips.first().is_some_and(|ip| ip == address);
    if !address.is_empty() && address != traits.wildcard() {
        let exact = listeners::listener_at(db, mesh, stand_in, name(db, address), port, own);
        if exact.is_some() {
            return exact.clone();
        }
        if address == traits.localhost() && traits.http_proxy_port == port && port != 0 {
            return http_proxy(traits).map(Arc::new);
        }
    }
    let wildcard = name(db, traits.wildcard());
    listeners::listener_at(db, mesh, stand_in, wildcard, port, false)
        .clone()
        .or_else(|| virtual_outbound(db, mesh, client).map(Arc::new))
}

/// A route config of a sidecar by name: `80`, `host:port`, `http_proxy`, a unix socket.
pub fn route_config(db: &dyn Db, mesh: Mesh, proxy: &Proxy, config: &str) -> Arc<RouteConfig> {
    let client = client(db, mesh, proxy);
    routes::route_config(db, mesh, client, name(db, config)).clone()
}

/// The part of a route config that can take requests for one Host header, and the catch-all.
pub fn route_config_for(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    config: &str,
    host: &str,
) -> Arc<RouteConfig> {
    let client = client(db, mesh, proxy);
    let host = name(db, &host.to_ascii_lowercase());
    routes::hosts_for(db, mesh, client, name(db, config), host).clone()
}

/// The full hosts a name may stand for in a pod of `namespace`, itself first.
pub fn short_name_candidates(host: &str, namespace: &str, domain: &str) -> Vec<Str> {
    let home = domains::Home {
        namespace,
        domain,
        absolute: true,
    };
    home.expansions(host)
}

fn virtual_outbound<'db>(db: &'db dyn Db, mesh: Mesh, client: Client<'db>) -> Option<Listener> {
    let traits = client.traits(db);
    let shape = shape(db, mesh, client.scope(db));
    let port = facts(db, mesh).config.proxy_listen_port;
    (!traits.no_interception).then(|| fallback::virtual_outbound(shape, traits.wildcard(), port))
}

/// The forward proxy's listener (O:5.13).
fn http_proxy(traits: Traits) -> Option<Listener> {
    let port = traits.http_proxy_port;
    (port != 0).then(|| Listener {
        name: format!("{}_{port}", traits.localhost()).into(),
        address: traits.localhost().into(),
        port,
        bind_to_port: true,
        tls_inspector: false,
        http_inspector: false,
        chains: vec![FilterChain {
            name: Str::default(),
            matching: ChainMatch::default(),
            tls: None,
            filter: Filter::Http {
                route_config: "http_proxy".into(),
            },
            because: Vec::new(),
        }],
        default_chain: None,
        because: Vec::new(),
    })
}
