//! What is left out of a gateway workload's configuration, and whom it lost to.

use crate::envoy::Because;
use meshscope_manifest::Str;

/// Something a Gateway or VirtualService asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// What happened.
    pub reason: DropReason,
    /// The loser first, then whom it lost to.
    pub parties: Vec<Because>,
    /// The listener port; 0 when there is none.
    pub port: u32,
    /// Whether age decided and files do not say which is older (V:R8.3, O8).
    pub ambiguous: bool,
}

/// Why something is not programmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// D1: a host string of a TLS server is already taken on the port and bind; the whole server is
    /// gone (G:MRG-7).
    DuplicateHosts(Vec<Str>),
    /// D2: the port and bind already have a plaintext server of another protocol (G:MRG-4, G:MRG-5).
    ProtocolConflict,
    /// D3: a second terminating HTTPS server with the same route config name.
    DuplicateRouteConfig(Str),
    /// The Services of a Gateway API Gateway do not have the port (G:SEL-8).
    NoServicePort,
    /// A port below 1024 on an unprivileged pod (G:SEL-11).
    Privileged,
    /// `*/*` discards the other hosts of its server (SF-5).
    HostsDiscarded(Vec<Str>),
    /// `*/*` before `./x` or `*/y`: istiod itself dies (G:MRG-3).
    IstiodCrash,
    /// A TLS or TCP server without any usable route has no chain (G:TLS-4, G:TLS-5).
    NoChain,
    /// No server of a listener has a chain: nothing listens on the port (G:LST-5).
    EmptyListener,
    /// A passthrough match whose SNI is already taken on the port and bind (G:TLS-8).
    DuplicateSni(Vec<Str>),
}
