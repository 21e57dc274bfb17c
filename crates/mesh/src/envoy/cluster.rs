//! Clusters.

use meshscope_manifest::Str;

/// How a cluster finds its endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClusterType {
    /// The address the connection was made to.
    OriginalDst,
    /// Endpoints written into it.
    Static,
    /// Every address DNS gives.
    StrictDns,
    /// One address DNS gives.
    LogicalDns,
    /// From istiod.
    Eds,
    /// The host of each request or handshake.
    Dynamic,
}

impl ClusterType {
    /// Envoy's name.
    pub fn name(self) -> &'static str {
        match self {
            ClusterType::OriginalDst => "ORIGINAL_DST",
            ClusterType::Static => "STATIC",
            ClusterType::StrictDns => "STRICT_DNS",
            ClusterType::LogicalDns => "LOGICAL_DNS",
            ClusterType::Eds => "EDS",
            ClusterType::Dynamic => "dynamic_forward_proxy",
        }
    }
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The name.
    pub name: Str,
    /// How it finds endpoints.
    pub kind: ClusterType,
    /// Endpoints written into it: `address:port`, or a socket's path.
    pub endpoints: Vec<Str>,
    /// Into how many localities they fall.
    pub locality_groups: usize,
    /// Hosts of the services it stands for, in order.
    pub services: Vec<Str>,
}
