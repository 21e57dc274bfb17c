//! What becomes of a VirtualService on a Gateway: the values [`super::bindings`] gives.

use super::attach::Gateway;
use super::dropped::DropReason;
use crate::envoy::Because;
use crate::visibility::VirtualService;
use meshscope_manifest::Str;
use std::sync::Arc;

/// What became of one VirtualService on one Gateway of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The VirtualService.
    pub virtual_service: Arc<VirtualService>,
    /// The Gateway, `namespace/name`.
    pub gateway: Str,
    /// The servers it is programmed on.
    pub bound: Vec<BoundServer>,
    /// Why it is not programmed, for every server it could have been on.
    pub unbound: Vec<Unbound>,
}

/// A server a VirtualService is programmed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundServer {
    /// The Gateway.
    pub gateway: Arc<Gateway>,
    /// Index of the server in it.
    pub server: usize,
    /// The listener port.
    pub listener_port: u32,
    /// The hosts: virtual host domains for HTTP, SNI hosts for passthrough, the server's own for TCP.
    pub hosts: Vec<Str>,
    /// The route config, for HTTP.
    pub route_config: Option<Str>,
}

/// Why a VirtualService is not programmed on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbound {
    /// The server's index; `None` when it is not about one server.
    pub server: Option<usize>,
    /// The reason.
    pub reason: UnboundReason,
    /// Whom it concerns: the VirtualService first.
    pub because: Vec<Because>,
}

/// The reasons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnboundReason {
    /// It is not exported to the pod's namespace (SF-14, G:VSB-3).
    NotExported,
    /// The server is open to other namespaces only (G:VSB-6).
    OtherNamespace,
    /// No host of it is a host of the server (SF-15).
    NoCommonHost {
        /// Whether only letter case keeps them apart.
        but_for_case: bool,
    },
    /// It has no rules of the kind the server uses (SF-16).
    WrongKind {
        /// The kind the server uses: `http`, `tls` or `tcp`.
        wants: &'static str,
        /// The kinds it has.
        has: Vec<&'static str>,
    },
    /// `match.port` of every rule is another than the server's port (SF-20).
    OtherPort {
        /// The server's port.
        server_port: u32,
        /// The ports written.
        written: Vec<u32>,
    },
    /// No match applies here: gateways, source labels or source namespace (SF-21, SF-22).
    NoMatchApplies,
    /// Every SNI it has is taken by an earlier match (SF-25).
    SniTaken,
    /// Another VirtualService's TCP rule has the whole server (SF-26).
    TcpRuleTaken,
    /// AUTO_PASSTHROUGH servers use no VirtualServices (G:APT-1).
    AutoPassthrough,
    /// The server itself is dropped.
    ServerDropped(DropReason),
}
