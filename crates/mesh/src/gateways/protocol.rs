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
