//! The inbound side of a sidecar: which ports it takes calls on, how it ends mutual TLS there and
//! whom it lets in (O:17).
//!
//! It must not know where calls come from; what a caller sent is an argument.

mod authorization;
mod chains;
mod clusters;
mod peer_authentication;
mod ports;

pub use authorization::{
    Caller, Decision, Identity, RequestFacts, authorization_policies, authorize,
};
pub use clusters::inbound_clusters;
pub use peer_authentication::{Effective, effective, effective_for, namespace_mode};
pub use ports::{InboundPort, inbound_ports};

use crate::db::{Db, Mesh};
use crate::envoy::{Because, ChainMatch, ClusterWeight, Filter, FilterChain, Listener, Transport};
use crate::index::facts;
use crate::outbound::{BLACK_HOLE, client, no_interception};
use crate::registry::ProtocolClass;
use crate::workloads::Proxy;
use chains::Inbound;
use meshscope_manifest::Str;
use std::sync::Arc;

/// The cluster of calls to ports nobody declares.
pub const PASSTHROUGH: &str = "InboundPassthroughCluster";
/// The listener redirected calls arrive at.
pub const VIRTUAL_INBOUND: &str = "virtualInbound";

/// The listener all redirected inbound calls arrive at (O:17.1). `None` where nothing is redirected.
pub fn inbound_listener(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Option<Arc<Listener>> {
    if no_interception(db, mesh, proxy) {
        return None;
    }
    let port = facts(db, mesh).config.proxy_inbound_listen_port;
    let traits = client(db, mesh, proxy).traits(db);
    let policy = effective_for(db, mesh, proxy);
    let ports = inbound_ports(db, mesh, proxy);
    let mut chains = vec![FilterChain {
        name: "virtualInbound-blackhole".into(),
        matching: ChainMatch {
            destination_port: port,
            ..ChainMatch::default()
        },
        tls: None,
        filter: Filter::Tcp(vec![ClusterWeight::all(BLACK_HOLE)]),
        because: Vec::new(),
    }];
    let mut undeclared = vec![0];
    undeclared.extend(
        policy
            .ports
            .iter()
            .map(|(p, _)| *p)
            .filter(|p| !ports.iter().any(|d| d.target == *p)),
    );
    for port in undeclared {
        let because = by_policy(&policy, port);
        chains.extend(chains::of_port(&Inbound {
            names: (
                VIRTUAL_INBOUND.into(),
                "virtualInbound-catchall-http".into(),
            ),
            port,
            class: ProtocolClass::Auto,
            cluster: PASSTHROUGH.into(),
            mode: policy.on_port(port),
            own_tls: None,
            http10: traits.http10,
            because: &because,
        }));
    }
    for port in ports.iter().filter(|p| !p.bind_to_port) {
        chains.extend(declared(port, &policy, traits.http10));
    }
    Some(Arc::new(Listener {
        name: VIRTUAL_INBOUND.into(),
        address: traits.wildcard().into(),
        port,
        bind_to_port: true,
        // Inspectors differ per port here: `inspectors` says which.
        tls_inspector: true,
        http_inspector: true,
        chains,
        default_chain: None,
        because: Vec::new(),
    }))
}

/// The chains of a declared port.
fn declared(port: &InboundPort, policy: &Effective, http10: bool) -> Vec<FilterChain> {
    let name: Str = format!("{}_{}", port.bind, port.target).into();
    let mut because = port.because.clone();
    because.extend(by_policy(policy, port.target));
    let mode = policy.on_port(port.target);
    let own_tls = port
        .own_tls
        .clone()
        .filter(|_| mode == meshscope_manifest::spec::policy::MtlsMode::Disable);
    chains::of_port(&Inbound {
        names: (name.clone(), name),
        port: port.target,
        class: port.protocol.class(),
        cluster: port.cluster.clone(),
        mode,
        own_tls,
        http10,
        because: &because,
    })
}

fn by_policy(policy: &Effective, port: u32) -> Vec<Because> {
    let by = policy.decided_by(port);
    by.map(|key| {
        Because::new(
            key,
            "spec.mtls",
            "says which mutual TLS is asked for (O:11.5)",
        )
    })
    .into_iter()
    .collect()
}

/// Whether the TLS and the HTTP inspector of an inbound listener look at a port: they are turned off
/// for declared ports that do not need them (O:17.3).
pub fn inspectors(listener: &Listener, port: u32) -> (bool, bool) {
    let on = |number: u32| {
        let chains = listener.chains.iter();
        let mut chains = chains
            .filter(|c| c.matching.destination_port == number)
            .peekable();
        let known = chains.peek().is_some();
        let (mut tls, mut http) = (false, false);
        for chain in chains {
            tls |= chain.matching.transport == Some(Transport::Tls);
            http |= chain
                .matching
                .alpn
                .iter()
                .any(|a| a == "http/1.1" || a == "h2c");
        }
        known.then_some((tls, http))
    };
    let any_http = listener.chains.iter().any(|c| {
        c.matching
            .alpn
            .iter()
            .any(|a| a == "http/1.1" || a == "h2c")
    });
    match on(port) {
        Some(own) => own,
        None => (on(0).is_some_and(|(tls, _)| tls), any_http),
    }
}
