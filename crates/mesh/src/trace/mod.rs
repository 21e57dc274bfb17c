//! What happens to a call: from the first proxy to where it ends, each step with what decided it
//! (O:7, O:12, O:21, G:13).
//!
//! A trace computes only what its call needs: one listener, the virtual hosts of one host. It must
//! not know output formats.

mod arrive;
mod bytes;
mod call;
mod capture;
mod hop;
mod pass;
mod resolve;
mod site;
#[cfg(test)]
mod tests;
mod unapplied;
mod upstream;
mod walk;

pub use call::{Call, CallError, Mode, Scheme};
pub use hop::{
    Branch, ChainTaken, ClientSees, Hop, ListenerTaken, RewriteTaken, RouteTaken, Trace, Verdict,
};

use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::gateways::service_targets;
use crate::index::facts;
use crate::outbound::listener_for;
use crate::workloads::{Proxy, ProxyKind, Workload, proxy_of};
use bytes::Bytes;
use meshscope_manifest::Str;
use pass::{Side, Site};
use site::{gateway_site, inbound_site};
use std::sync::Arc;
use walk::{Walk, empty, end};

/// Where a call starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// An application; its sidecar, if it has one, is the first proxy.
    Workload(Arc<Workload>),
    /// The outside, at a gateway workload: the call's port is that of its Service.
    Gateway(Arc<Workload>),
    /// A proxy given by its properties: the call's port is that of the listener.
    Proxy(Proxy),
}

/// What happens to a call.
pub fn trace(db: &dyn Db, mesh: Mesh, from: &From, call: &Call) -> Trace {
    let bytes = Bytes::of_call(call);
    let mut walk = Walk::new(db, mesh, call.source_ip.clone());
    match from {
        From::Workload(workload) => match proxy_of(workload) {
            Some(proxy) if proxy.kind == ProxyKind::Sidecar => {
                let address = address(db, mesh, &proxy, call);
                let mode = call.mode.unwrap_or(Mode::Outbound);
                if mode == Mode::Outbound
                    && let Some(because) = capture::escapes_outbound(workload, &address, call.port)
                {
                    return not_in_mesh(because, call);
                }
                at(
                    &mut walk, db, mesh, &proxy, mode, &address, call.port, &bytes,
                )
            }
            Some(proxy) => {
                let mode = call.mode.unwrap_or(Mode::Gateway);
                let address = call.address.clone().unwrap_or_default();
                at(
                    &mut walk, db, mesh, &proxy, mode, &address, call.port, &bytes,
                )
            }
            None => not_in_mesh(uninjected(workload), call),
        },
        From::Gateway(workload) => {
            let Some(proxy) = proxy_of(workload) else {
                return not_in_mesh(uninjected(workload), call);
            };
            let targets = service_targets(db, mesh, &proxy);
            let target = targets.iter().find(|t| t.port.number == call.port);
            let port = target.map_or(call.port, |t| t.target_port);
            let mode = call.mode.unwrap_or(Mode::Gateway);
            let address = call.address.clone().unwrap_or_default();
            at(&mut walk, db, mesh, &proxy, mode, &address, port, &bytes)
        }
        From::Proxy(proxy) => {
            let default = if proxy.is_router() {
                Mode::Gateway
            } else {
                Mode::Outbound
            };
            let mode = call.mode.unwrap_or(default);
            let address = address(db, mesh, proxy, call);
            at(
                &mut walk, db, mesh, proxy, mode, &address, call.port, &bytes,
            )
        }
    }
}

/// A call that arrives at a proxy.
#[allow(clippy::too_many_arguments)]
fn at(
    walk: &mut Walk<'_>,
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    mode: Mode,
    address: &str,
    port: u32,
    bytes: &Bytes,
) -> Trace {
    let refused = || end(Verdict::NoListener, ClientSees::Refused, proxy);
    let site = match mode {
        _ if proxy.is_router() => match gateway_site(db, mesh, proxy, address, port) {
            Ok(site) => Some(site),
            Err(hop) => {
                let mut trace = refused();
                trace.through_gateways.push(hop.proxy.clone());
                trace.hops.push(*hop);
                return trace;
            }
        },
        Mode::Inbound => inbound_site(db, mesh, proxy, address, port),
        Mode::Outbound | Mode::Gateway => {
            let listener = listener_for(db, mesh, proxy, address, port);
            let unclaimed = listener
                .as_ref()
                .is_none_or(|l| l.name == "virtualOutbound");
            if unclaimed && port == facts(db, mesh).config.proxy_inbound_listen_port {
                // The inbound listener has that very port, on every address.
                inbound_site(db, mesh, proxy, address, port)
            } else {
                listener.map(|listener| Site {
                    proxy: proxy.clone(),
                    listener,
                    address: address.into(),
                    port,
                    side: Side::Outbound,
                })
            }
        }
    };
    match site {
        Some(site) => walk.go(&site, bytes),
        None => refused(),
    }
}

/// The address a call goes to.
fn address(db: &dyn Db, mesh: Mesh, proxy: &Proxy, call: &Call) -> Str {
    match &call.address {
        Some(address) => address.clone(),
        None if proxy.is_router() => Str::default(),
        None => resolve::dialled(db, mesh, proxy, &call.host),
    }
}

fn not_in_mesh(because: Because, call: &Call) -> Trace {
    let mut trace = empty(Verdict::NotInMesh, ClientSees::Upstream);
    trace.because.push(because);
    trace
        .destinations
        .push(call.address.clone().unwrap_or_else(|| call.host.clone()));
    trace
}

fn uninjected(workload: &Workload) -> Because {
    let why = format!("runs no proxy: {}", workload.injection.why);
    Because::new(&workload.object, "", why)
}
