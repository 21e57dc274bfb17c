//! One proxy: which listener, filter chain and route take the bytes, and where they lead (O:7,
//! G:SIM).

use super::bytes::{Bytes, Payload, Shown};
use super::hop::{ChainTaken, ClientSees, Hop, ListenerTaken, RouteTaken, Verdict};
use crate::db::{Db, Mesh};
use crate::envoy::{
    Action, Answer, Because, ClientCertificate, ClusterWeight, Connection, Filter, FilterChain,
    Listener, Route, RouteConfig, Selection, ServerTls, Transport, near_misses, select,
};
use crate::gateways::gateway_route_config;
use crate::inbound::{InboundPort, inspectors};
use crate::outbound::route_config_for;
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use std::sync::Arc;

/// A proxy and the listener a connection arrives at.
#[derive(Clone)]
pub(super) struct Site {
    /// The proxy.
    pub proxy: Proxy,
    /// The listener.
    pub listener: Arc<Listener>,
    /// The dialled address; empty when nothing claims it.
    pub address: Str,
    /// The dialled port.
    pub port: u32,
    /// Which side of which proxy it is.
    pub side: Side,
}

/// A side of a proxy.
#[derive(Clone)]
pub(super) enum Side {
    Outbound,
    Inbound(Arc<[InboundPort]>),
    Gateway,
}

/// What a proxy does with bytes.
pub(super) struct Passed {
    /// The proof so far.
    pub hop: Hop,
    /// Where they go on; empty when the hop's verdict is final.
    pub ways: Vec<Way>,
    /// What goes on: TLS ended here is gone, rewrites are done.
    pub bytes: Bytes,
    /// Whether the proxy speaks HTTP with the caller.
    pub http: bool,
    /// What had to be assumed.
    pub assumptions: Vec<Str>,
}

/// One way on.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub to: ClusterWeight,
    pub mirror: bool,
    /// Answers 500 rather than 503 when the cluster is missing.
    pub missing_is_500: bool,
}

/// Lets a proxy handle bytes.
pub(super) fn pass(db: &dyn Db, mesh: Mesh, site: &Site, bytes: &Bytes) -> Passed {
    let listener = &site.listener;
    let mut passed = Passed {
        hop: Hop {
            is_gateway: site.proxy.is_router(),
            proxy: site.proxy.workload.clone(),
            listener: Some(ListenerTaken {
                name: listener.name.clone(),
                address: listener.address.clone(),
                port: match site.side {
                    Side::Gateway => listener.port,
                    _ => site.port,
                },
            }),
            chain: None,
            route: None,
            branches: Vec::new(),
            verdict: Verdict::Routed,
            client_sees: ClientSees::Upstream,
            because: Vec::new(),
            near_misses: Vec::new(),
        },
        ways: Vec::new(),
        bytes: bytes.clone(),
        http: false,
        assumptions: Vec::new(),
    };
    let (tls, http) = match site.side {
        Side::Inbound(_) => inspectors(listener, site.port),
        _ => (listener.tls_inspector, listener.http_inspector),
    };
    let connection = seen(site, bytes, tls, http);
    let chain = match select(listener, &connection) {
        Selection::Chain(chain) => chain,
        Selection::Several(chain) => {
            passed.hop.because.extend(chain.because.iter().cloned());
            return passed.ends(Verdict::MultipleFilterChain, ClientSees::Reset);
        }
        Selection::Nothing => {
            passed.hop.near_misses = near_misses(listener, &connection, None);
            return passed.ends(Verdict::NoFilterChain, ClientSees::Reset);
        }
    };
    passed.hop.near_misses = near_misses(listener, &connection, Some(chain));
    passed.hop.chain = Some(taken(chain));
    passed.hop.because.extend(chain.because.iter().cloned());
    if let Some(tls) = &chain.tls
        && let Some(refusal) = passed.end_tls(tls)
    {
        return passed.ends(refusal, ClientSees::Reset);
    }
    match &chain.filter {
        Filter::Tcp(clusters) => {
            passed.ways = clusters.iter().map(Way::to).collect();
            passed
        }
        Filter::Http { route_config } => {
            if !passed.bytes.is_plain_http() {
                return passed.ends(Verdict::ProtocolError, ClientSees::Reset);
            }
            passed.http = true;
            route(db, mesh, site, chain, route_config, passed)
        }
    }
}

/// The connection as the listener sees it (O:7.3, G:SIM-2).
fn seen(site: &Site, bytes: &Bytes, tls_inspector: bool, http_inspector: bool) -> Connection {
    let mut transport = Transport::Raw;
    let mut alpn = Str::default();
    if let Some(layer) = bytes.layers.last()
        && tls_inspector
    {
        transport = Transport::Tls;
        alpn = layer.alpn.clone();
    }
    if http_inspector && bytes.layers.is_empty() {
        alpn = match bytes.payload {
            Payload::Http1 => "http/1.1".into(),
            Payload::Http2 => "h2c".into(),
            Payload::Other => alpn,
        };
    }
    Connection {
        port: site.port,
        address: site.address.clone(),
        sni: bytes.sni(),
        transport,
        alpn,
    }
}

fn taken(chain: &FilterChain) -> ChainTaken {
    let tls = chain.tls.as_ref();
    ChainTaken {
        name: chain.name.clone(),
        sni: chain.matching.server_names.clone(),
        terminates_tls: tls.is_some(),
        client_certificate: tls.map(|t| t.client_certificate).unwrap_or_default(),
        server_certificate: tls.map(|t| t.certificate.clone()).unwrap_or_default(),
    }
}

impl Way {
    fn to(to: &ClusterWeight) -> Way {
        Way {
            to: to.clone(),
            mirror: false,
            missing_is_500: false,
        }
    }
}

impl Passed {
    pub fn ends(mut self, verdict: Verdict, sees: ClientSees) -> Passed {
        self.hop.verdict = verdict;
        self.hop.client_sees = sees;
        self
    }

    /// Ends one layer of TLS, or says why the handshake fails (G:SIM-4).
    fn end_tls(&mut self, tls: &ServerTls) -> Option<Verdict> {
        let Some(layer) = self.bytes.layers.pop() else {
            return Some(Verdict::TlsError);
        };
        let wants_mutual = tls.client_certificate == ClientCertificate::Required
            && tls.certificate == layer.secret;
        // A certificate of one's own is none of the mesh.
        let is_mutual = layer.certificate == Shown::Istio;
        (wants_mutual != is_mutual).then_some(Verdict::MtlsError)
    }
}

/// Finds the route of a request (O:8, G:5).
fn route(
    db: &dyn Db,
    mesh: Mesh,
    site: &Site,
    chain: &FilterChain,
    config: &Str,
    mut passed: Passed,
) -> Passed {
    let request = passed.bytes.request.clone();
    let mut found = RouteTaken {
        config: config.clone(),
        virtual_host: Str::default(),
        name: None,
        rewrite: None,
    };
    let routes: Arc<RouteConfig> = match &site.side {
        Side::Outbound => route_config_for(
            db,
            mesh,
            &site.proxy,
            config,
            without_port(&request.authority),
        ),
        Side::Gateway => gateway_route_config(db, mesh, &site.proxy, config),
        Side::Inbound(ports) => {
            // Written into the listener: one virtual host for everything (O:17.4).
            let port = ports.iter().find(|p| p.cluster == *config);
            let number = port.map_or(0, |p| p.number);
            passed.hop.route = Some(RouteTaken {
                config: Str::default(),
                virtual_host: format!("inbound|http|{number}").into(),
                name: Some("default".into()),
                rewrite: None,
            });
            passed.ways = vec![Way::to(&ClusterWeight::all(config.clone()))];
            return passed;
        }
    };
    let Some(host) = routes.select(&request.authority) else {
        passed.hop.route = Some(found);
        return passed.ends(Verdict::NoVirtualHost, ClientSees::Status(404));
    };
    found.virtual_host = host.name.clone();
    passed.hop.because.extend(host.because.iter().cloned());
    if host.require_tls && chain.tls.is_none() {
        passed.hop.route = Some(found);
        return passed.ends(Verdict::Redirect, ClientSees::Status(301));
    }
    let mut request = request;
    if chain.tls.is_none() {
        // A proxy sets the scheme from the connection it has.
        request.scheme = "http".into();
    }
    let Some((index, route, answer)) = host.route(&request) else {
        passed.hop.route = Some(found);
        let misses = host.routes.iter().flat_map(|r| r.because.last().cloned());
        passed.hop.near_misses.extend(misses.take(5).map(|mut b| {
            b.why =
                "a route of the virtual host whose conditions the request does not meet (O:8.15)"
                    .into();
            b
        }));
        return passed.ends(Verdict::NoRoute, ClientSees::Status(404));
    };
    if answer == Answer::Unknown {
        passed
            .assumptions
            .push("conditions on tokens or unreadable patterns are taken as not met".into());
    }
    let earlier = host.routes.iter().take(index);
    let misses = earlier.flat_map(|r| r.because.last().cloned());
    passed.hop.near_misses.extend(misses.take(5).map(|mut b| {
        b.why = "comes first, but the request does not meet its conditions (O:8.13)".into();
        b
    }));
    found.name = Some(route.name.clone());
    found.rewrite = route.rewrite.as_ref().map(Into::into);
    passed.hop.because.extend(route.because.iter().cloned());
    passed.hop.route = Some(found);
    take(route, passed)
}

/// What a route does with the request (O:8.16).
fn take(route: &Route, mut passed: Passed) -> Passed {
    if let Some((status, percentage)) = route.fault.as_ref().and_then(|f| f.abort) {
        if percentage >= 100.0 {
            let status = status.unwrap_or(200);
            return passed.ends(Verdict::Aborted, ClientSees::Status(status));
        }
        if percentage > 0.0 {
            let note = format!("{percentage} % of the calls are aborted by fault injection");
            passed.assumptions.push(note.into());
        }
    }
    match &route.action {
        Action::Redirect(code) => passed.ends(Verdict::Redirect, ClientSees::Status(*code)),
        Action::DirectResponse(502) if route.name == "block_all" => {
            passed.ends(Verdict::Blackhole, ClientSees::Status(502))
        }
        Action::DirectResponse(code) => {
            passed.ends(Verdict::DirectResponse, ClientSees::Status(*code))
        }
        Action::Missing => passed.ends(Verdict::NoRoute, ClientSees::Status(404)),
        Action::Clusters(clusters) => {
            rewrite(route, &mut passed.bytes);
            let way = |to: &ClusterWeight, mirror| Way {
                to: to.clone(),
                mirror,
                missing_is_500: route.missing_cluster_is_500,
            };
            passed.ways = clusters.iter().map(|c| way(c, false)).collect();
            passed
                .ways
                .extend(route.mirrors.iter().map(|c| way(c, true)));
            if clusters.is_empty() {
                return passed.ends(Verdict::ClusterMissing, ClientSees::Status(503));
            }
            passed
        }
    }
}

/// The request as it goes on (O:8.16).
fn rewrite(route: &Route, bytes: &mut Bytes) {
    use crate::envoy::PathMatch::{Exact, Prefix, SegmentPrefix};
    let Some(rewrite) = &route.rewrite else {
        return;
    };
    if !rewrite.authority.is_empty() {
        bytes.request.authority = rewrite.authority.clone();
    }
    if !rewrite.uri.is_empty() {
        let matched = match &route.matching.path {
            Prefix(p) | SegmentPrefix(p) | Exact(p) => p.as_str(),
            _ => "",
        };
        if let Some(rest) = bytes.request.path.strip_prefix(matched) {
            bytes.request.path = format!("{}{rest}", rewrite.uri).into();
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

/// The reason of a way on, when a field names it.
pub(super) fn because_of(way: &Way) -> Option<Because> {
    way.to.because.clone()
}
