//! Listeners and filter chains.

use super::Because;
use meshscope_manifest::Str;

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The name: `0.0.0.0_443`, `virtualOutbound`.
    pub name: Str,
    /// The address, without port.
    pub address: Str,
    /// The port; 0 for a unix socket.
    pub port: u32,
    /// A real socket rather than one that redirected traffic is handed to.
    pub bind_to_port: bool,
    /// Whether a TLS inspector runs: without one SNI and TLS are not seen (O:7.3).
    pub tls_inspector: bool,
    /// Whether an HTTP inspector runs: without one HTTP is not recognised.
    pub http_inspector: bool,
    /// Filter chains in order.
    pub chains: Vec<FilterChain>,
    /// The default filter chain.
    pub default_chain: Option<FilterChain>,
    /// Why the listener exists.
    pub because: Vec<Because>,
}

/// A filter chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterChain {
    /// The name; empty for most.
    pub name: Str,
    /// Which connections it takes.
    pub matching: ChainMatch,
    /// How it ends TLS; `None` leaves bytes as they are.
    pub tls: Option<ServerTls>,
    /// What it does with them.
    pub filter: Filter,
    /// Why it exists.
    pub because: Vec<Because>,
}

/// Which connections a filter chain takes. Empty fields match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChainMatch {
    /// Destination port; 0 for any.
    pub destination_port: u32,
    /// Destination CIDRs or IPs.
    pub prefix_ranges: Vec<Str>,
    /// Server names, exact or `*.suffix`.
    pub server_names: Vec<Str>,
    /// Transport protocol.
    pub transport: Option<Transport>,
    /// ALPN protocols.
    pub alpn: Vec<Str>,
}

impl ChainMatch {
    /// Whether it takes every connection.
    pub fn is_everything(&self) -> bool {
        *self == ChainMatch::default()
    }
}

/// The transport protocol of a connection as the inspectors see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `tls`.
    Tls,
    /// `raw_buffer`.
    Raw,
}

/// How a filter chain ends TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerTls {
    /// Whether a client certificate is asked for.
    pub client_certificate: ClientCertificate,
    /// SDS name of the first certificate: `default` for the workload's own, `kubernetes://name`,
    /// `file-cert:…`.
    pub certificate: Str,
    /// The SDS cluster, for certificates from an external provider; empty otherwise.
    pub sds_cluster: Str,
    /// Istio mutual TLS: the peer must show a certificate of the mesh.
    pub istio_mutual: bool,
}

/// Whether a server asks for a client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientCertificate {
    /// No.
    #[default]
    None,
    /// Yes, but goes on without.
    Optional,
    /// Yes.
    Required,
}

/// The end of a filter chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// TCP proxy to one of these clusters.
    Tcp(Vec<ClusterWeight>),
    /// HTTP connection manager with this route config.
    Http {
        /// The route config's name.
        route_config: Str,
    },
}

/// A cluster with its share of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterWeight {
    /// The cluster's name.
    pub cluster: Str,
    /// Weight as configured; a single destination counts whatever its weight.
    pub weight: i64,
    /// The field that names the destination, when one does: index of `route[]`.
    pub because: Option<Because>,
}

impl ClusterWeight {
    /// All traffic to one cluster.
    pub fn all(cluster: impl Into<Str>) -> ClusterWeight {
        ClusterWeight {
            cluster: cluster.into(),
            weight: 100,
            because: None,
        }
    }
}
