//! What happens to traffic that nothing claims: the catch-all of listeners, the virtual outbound
//! listener and the catch-all virtual host (O:3.4, O:5.11, O:5.12).

use super::chains::destination_cluster;
use crate::envoy::{
    Action, Because, ChainMatch, ClusterWeight, Filter, FilterChain, Listener, Route, RouteMatch,
    VirtualHost,
};
use crate::visibility::parts::Shape;
use meshscope_manifest::Str;

/// The cluster that keeps the dialled address.
pub const PASSTHROUGH: &str = "PassthroughCluster";
/// The cluster that refuses.
pub const BLACK_HOLE: &str = "BlackHoleCluster";

/// Where unknown traffic goes: on to the dialled address, to the egress proxy, nowhere (O:5.11).
fn cluster(shape: &Shape) -> Str {
    if !shape.allows_any {
        return BLACK_HOLE.into();
    }
    match &shape.policy.egress_proxy {
        // The egress proxy's service is not looked up: its port must be written (O:9.7).
        Some(proxy) => destination_cluster(proxy, None, 0),
        None => PASSTHROUGH.into(),
    }
}

/// The filter of every catch-all chain.
pub(super) fn filter(shape: &Shape) -> Filter {
    Filter::Tcp(vec![ClusterWeight::all(cluster(shape))])
}

/// Why: the Sidecar, when one says the policy.
pub(super) fn because(shape: &Shape) -> Option<Because> {
    let why = if shape.allows_any {
        "unknown traffic may pass (O:3.4)"
    } else {
        "unknown traffic is refused (O:3.4)"
    };
    shape
        .sidecar
        .as_ref()
        .map(|key| Because::new(key, "spec.outboundTrafficPolicy", why))
}

/// The listener redirected traffic falls to when no other takes it (O:5.12).
pub(super) fn virtual_outbound(shape: &Shape, wildcard: &str, port: u32) -> Listener {
    let chain = |name: &'static str, destination_port, filter| FilterChain {
        name: name.into(),
        matching: ChainMatch {
            destination_port,
            ..ChainMatch::default()
        },
        tls: None,
        filter,
        because: because(shape).into_iter().collect(),
    };
    let refused = Filter::Tcp(vec![ClusterWeight::all(BLACK_HOLE)]);
    Listener {
        name: "virtualOutbound".into(),
        address: wildcard.into(),
        port,
        bind_to_port: true,
        tls_inspector: false,
        http_inspector: false,
        chains: vec![
            chain("virtualOutbound-blackhole", port, refused),
            chain("virtualOutbound-catchall-tcp", 0, filter(shape)),
        ],
        default_chain: None,
        because: Vec::new(),
    }
}

/// The virtual host for requests no other takes (O:8.8).
pub(super) fn virtual_host(shape: &Shape) -> VirtualHost {
    let (name, action) = if shape.allows_any {
        let clusters = vec![ClusterWeight::all(cluster(shape))];
        ("allow_any", Action::Clusters(clusters))
    } else {
        ("block_all", Action::DirectResponse(502))
    };
    let because: Vec<Because> = because(shape).into_iter().collect();
    VirtualHost {
        name: name.into(),
        domains: vec!["*".into()],
        require_tls: false,
        routes: vec![Route {
            name: name.into(),
            matching: RouteMatch::default(),
            action,
            mirrors: Vec::new(),
            rewrite: None,
            fault: None,
            missing_cluster_is_500: false,
            because: because.clone(),
        }],
        because,
    }
}
