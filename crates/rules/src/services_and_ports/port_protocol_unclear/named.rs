//! Ports of Istio objects, whose name declares nothing.

use super::RULE;
use crate::prelude::*;
use meshscope_mesh::registry::Protocol;

/// A port of an Istio object whose name begins with another protocol than it declares.
pub(super) fn contradicted(
    object: &ResourceKey,
    path: &str,
    port: &Str,
    declared: &Str,
) -> Option<Finding> {
    let word = port.split('-').next().unwrap_or(port);
    let (named, real) = (Protocol::parse(word), Protocol::parse(declared));
    let guessed =
        |p: &Protocol| matches!(p, Protocol::Unsupported | Protocol::Udp | Protocol::Hbone);
    if guessed(&named) || guessed(&real) || is_unknown(declared) {
        return None;
    }
    // A name that says TCP says nothing wrong of anything that is not HTTP.
    let same = named.class() == real.class()
        && (named == Protocol::Tcp || named.is_tls() == real.is_tls());
    if same {
        return None;
    }
    let message = format!(
        "port {port} is declared {declared}: its name says {word}, and the declaration counts"
    );
    Some(
        Finding::new(RULE.name, RULE.severity, object, path, message).help(format!(
            "rename the port, or declare {}",
            word.to_uppercase()
        )),
    )
}
