//! What a trace says: the verdict, what the client sees, and every proxy on the way with the proof.
//!
//! Plain values; how they are computed is the business of the walk, how they look that of renderers.

use crate::envoy::{Because, ClientCertificate};
use meshscope_manifest::Str;
use meshscope_manifest::spec::traffic::ClientTlsMode;
use meshscope_manifest::spec::virtual_service::Rewrite;

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It reaches the endpoints of a cluster.
    Routed,
    /// It goes on to the dialled address as it is.
    Passthrough,
    /// The mesh refuses it: BlackHoleCluster or `block_all`.
    Blackhole,
    /// Nobody listens.
    NoListener,
    /// No filter chain takes the connection.
    NoFilterChain,
    /// Several filter chains take it; Envoy refuses such a listener.
    MultipleFilterChain,
    /// The virtual host has no route for the request.
    NoRoute,
    /// No virtual host takes the Host header.
    NoVirtualHost,
    /// Answered with a redirect.
    Redirect,
    /// Answered by the route itself.
    DirectResponse,
    /// Answered by fault injection.
    Aborted,
    /// The route names a cluster the proxy does not have.
    ClusterMissing,
    /// The cluster has no endpoints.
    NoEndpoints,
    /// The bytes are not what the filter chain decodes.
    ProtocolError,
    /// Plaintext where TLS is expected, or the reverse.
    TlsError,
    /// The mutual TLS of the two sides does not fit.
    MtlsError,
    /// An AuthorizationPolicy refuses it.
    Denied,
    /// It comes back to where it has been.
    Loop,
    /// No proxy takes it.
    NotInMesh,
}

impl Verdict {
    /// The name in JSON and case files.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Routed => "routed",
            Verdict::Passthrough => "passthrough",
            Verdict::Blackhole => "blackhole",
            Verdict::NoListener => "no_listener",
            Verdict::NoFilterChain => "no_filter_chain",
            Verdict::MultipleFilterChain => "multiple_filter_chain",
            Verdict::NoRoute => "no_route",
            Verdict::NoVirtualHost => "no_virtual_host",
            Verdict::Redirect => "redirect",
            Verdict::DirectResponse => "direct_response",
            Verdict::Aborted => "aborted",
            Verdict::ClusterMissing => "cluster_missing",
            Verdict::NoEndpoints => "no_endpoints",
            Verdict::ProtocolError => "protocol_error",
            Verdict::TlsError => "tls_error",
            Verdict::MtlsError => "mtls_error",
            Verdict::Denied => "denied",
            Verdict::Loop => "loop",
            Verdict::NotInMesh => "not_in_mesh",
        }
    }

    /// Whether the call gets to somebody who may answer it.
    pub fn arrives(self) -> bool {
        matches!(
            self,
            Verdict::Routed | Verdict::Passthrough | Verdict::NotInMesh
        )
    }
}

/// What the caller gets (O:12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientSees {
    /// The answer of the destination.
    Upstream,
    /// A status of a proxy's own.
    Status(u32),
    /// The connection is accepted and closed.
    Reset,
    /// The connection is not accepted.
    Refused,
}

impl std::fmt::Display for ClientSees {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClientSees::Upstream => f.write_str("upstream"),
            ClientSees::Status(code) => write!(f, "{code}"),
            ClientSees::Reset => f.write_str("reset"),
            ClientSees::Refused => f.write_str("refused"),
        }
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// How it ends.
    pub verdict: Verdict,
    /// What the caller gets.
    pub client_sees: ClientSees,
    /// The gateway workloads it passes, `namespace/name`.
    pub through_gateways: Vec<Str>,
    /// The proxies in order. A split follows its heaviest branch; the others hang on the hop.
    pub hops: Vec<Hop>,
    /// The proxy at which it ends, when it does not arrive: `namespace/name`.
    pub stops_at: Option<Str>,
    /// Where it arrives: workloads (`workload:ns/name`), external hosts or the dialled address.
    pub destinations: Vec<Str>,
    /// Objects that decide things beyond the hops: why no proxy takes it, why it is denied.
    pub because: Vec<Because>,
    /// What the result rests on and no file says.
    pub assumptions: Vec<Str>,
}

/// A proxy a call passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Whether it is a gateway workload.
    pub is_gateway: bool,
    /// The workload, `namespace/name`; empty for a proxy given by its properties.
    pub proxy: Str,
    /// The listener that took the connection.
    pub listener: Option<ListenerTaken>,
    /// The filter chain.
    pub chain: Option<ChainTaken>,
    /// The route, for HTTP.
    pub route: Option<RouteTaken>,
    /// Where it goes on, heaviest first; empty when this proxy answers or refuses.
    pub branches: Vec<Branch>,
    /// How the call would end here if everything behind this proxy were well.
    pub verdict: Verdict,
    /// What the caller would get of this proxy alone.
    pub client_sees: ClientSees,
    /// The objects and fields that decided, in the order they did.
    pub because: Vec<Because>,
    /// What nearly matched, and why it did not.
    pub near_misses: Vec<Because>,
}

/// A listener that took a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTaken {
    /// The name.
    pub name: Str,
    /// The address.
    pub address: Str,
    /// The port; the dialled one for `virtualOutbound` and `virtualInbound`.
    pub port: u32,
}

/// A filter chain that took a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainTaken {
    /// The name; empty for most.
    pub name: Str,
    /// Its server names.
    pub sni: Vec<Str>,
    /// Whether it ends TLS.
    pub terminates_tls: bool,
    /// Whether it asks for a client certificate.
    pub client_certificate: ClientCertificate,
    /// SDS name of its certificate; empty when it ends no TLS.
    pub server_certificate: Str,
}

/// A route that took a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTaken {
    /// The route config; empty for one that is written into the listener.
    pub config: Str,
    /// The virtual host; empty when none takes the request.
    pub virtual_host: Str,
    /// The route; `None` when the virtual host has none for the request.
    pub name: Option<Str>,
    /// What it rewrites.
    pub rewrite: Option<RewriteTaken>,
}

/// A rewrite, comparable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteTaken {
    /// The new path or prefix.
    pub uri: Str,
    /// The new Host header.
    pub authority: Str,
    /// Pattern and substitution.
    pub regex: Option<(Str, Str)>,
}

impl From<&Rewrite> for RewriteTaken {
    fn from(rewrite: &Rewrite) -> RewriteTaken {
        RewriteTaken {
            uri: rewrite.uri.clone(),
            authority: rewrite.authority.clone(),
            regex: rewrite.regex.clone(),
        }
    }
}

/// One way on from a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The cluster.
    pub cluster: Str,
    /// Its weight as written; 100 when it takes everything.
    pub weight: i64,
    /// Whether it only gets a copy.
    pub mirror: bool,
    /// The TLS the proxy adds; `None` sends the bytes as they are.
    pub upstream_tls: Option<ClientTlsMode>,
    /// How this branch ends, when it is not the one the trace follows.
    pub other: Option<Box<Trace>>,
}

impl Hop {
    /// The cluster of the branch that is followed.
    pub fn cluster(&self) -> Option<&Str> {
        self.branches.first().map(|b| &b.cluster)
    }
}
