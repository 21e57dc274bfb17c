//! What kind of server a `servers[]` element is (G:0): the predicates everything else branches on.

use crate::registry::Protocol;
use meshscope_manifest::spec::gateway::{Server, TlsMode};

/// The server's protocol.
pub(super) fn protocol(server: &Server) -> Protocol {
    Protocol::parse(&server.protocol)
}

/// `tls` present and mode PASSTHROUGH or AUTO_PASSTHROUGH.
pub(super) fn is_passthrough(server: &Server) -> bool {
    server.tls.as_ref().is_some_and(|t| t.mode.is_passthrough())
}

/// AUTO_PASSTHROUGH.
pub(super) fn is_auto_passthrough(server: &Server) -> bool {
    server
        .tls
        .as_ref()
        .is_some_and(|t| t.mode == TlsMode::AutoPassthrough)
}

/// `tls` present and not HTTP-class: tells chains apart by SNI.
pub(super) fn is_tls(server: &Server) -> bool {
    server.tls.is_some() && !protocol(server).is_http()
}

/// HTTP-class, or HTTPS that is not passed through: has a route config.
pub(super) fn is_http(server: &Server) -> bool {
    let protocol = protocol(server);
    protocol.is_http() || (protocol == Protocol::Https && !is_passthrough(server))
}

/// HTTPS, `tls` present, not passed through.
pub(super) fn terminates_https(server: &Server) -> bool {
    server.tls.is_some() && protocol(server) == Protocol::Https && !is_passthrough(server)
}

/// `httpsRedirect`.
pub(super) fn redirects(server: &Server) -> bool {
    server.tls.as_ref().is_some_and(|t| t.https_redirect)
}

/// What a server does with connections, which decides the rules it uses (G:TLS-1, G:TLS-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Serves {
    /// Plaintext HTTP.
    Http,
    /// HTTP after ending TLS.
    Https,
    /// Bytes after ending TLS.
    TerminatedTls,
    /// TLS by SNI, unopened.
    Passthrough,
    /// TLS by the cluster name in the SNI.
    AutoPassthrough,
    /// Plain bytes.
    Tcp,
}

impl Serves {
    /// The kind of rules it uses: `http`, `tls` or `tcp`; none when it needs no rules.
    pub fn rules(self) -> Option<&'static str> {
        match self {
            Serves::Http | Serves::Https => Some("http"),
            Serves::Passthrough => Some("tls"),
            Serves::TerminatedTls | Serves::Tcp => Some("tcp"),
            Serves::AutoPassthrough => None,
        }
    }

    /// Whether it ends TLS.
    pub fn ends_tls(self) -> bool {
        matches!(self, Serves::Https | Serves::TerminatedTls)
    }
}

/// What a server does with connections.
pub fn serves(server: &Server) -> Serves {
    if is_auto_passthrough(server) {
        Serves::AutoPassthrough
    } else if protocol(server).is_http() {
        Serves::Http
    } else if terminates_https(server) {
        Serves::Https
    } else if server.tls.is_none() {
        Serves::Tcp
    } else if is_passthrough(server) {
        Serves::Passthrough
    } else {
        Serves::TerminatedTls
    }
}
