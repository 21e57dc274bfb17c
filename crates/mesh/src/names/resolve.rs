//! Short names of hosts and gateways (V:R0.15, V:R0.18).

use meshscope_manifest::Str;
use std::net::IpAddr;

/// Whether the text is an IP address literal.
pub fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// A host as VirtualServices and DestinationRules mean it (V:R0.15): without a dot it is a Service
/// of `namespace`; with a dot, `*`, an IP or empty it is itself. `domain` empty leaves out `.svc`
/// (Istio's own tests run so).
pub fn resolve_short_name(host: &str, namespace: &str, domain: &str) -> Str {
    if host.is_empty() || host == "*" || host.contains('.') || is_ip(host) {
        return host.into();
    }
    if domain.is_empty() {
        format!("{host}.{namespace}").into()
    } else {
        format!("{host}.{namespace}.svc.{domain}").into()
    }
}

/// A gateway reference as `namespace/name`, or `mesh` (V:R0.18).
pub fn gateway_name(reference: &str, namespace: &str) -> Str {
    if reference == "mesh" {
        return reference.into();
    }
    if let Some(name) = reference.strip_prefix("./") {
        return format!("{namespace}/{name}").into();
    }
    if reference.contains('/') {
        return reference.into();
    }
    let mut parts = reference.split('.');
    match (parts.next(), parts.next()) {
        (Some(name), Some(other)) => format!("{other}/{name}").into(),
        _ => format!("{namespace}/{reference}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_dots_are_completed() {
        let f = |h| resolve_short_name(h, "shop", "cluster.local");
        assert_eq!(f("reviews"), "reviews.shop.svc.cluster.local");
        assert_eq!(f("reviews.prod"), "reviews.prod");
        assert_eq!(f("*"), "*");
        assert_eq!(f("::1"), "::1");
        assert_eq!(resolve_short_name("b", "default", ""), "b.default");
    }

    #[test]
    fn gateway_references() {
        let f = |g| gateway_name(g, "shop");
        assert_eq!(f("mesh"), "mesh");
        assert_eq!(f("gw"), "shop/gw");
        assert_eq!(f("./gw"), "shop/gw");
        assert_eq!(f("infra/gw"), "infra/gw");
        assert_eq!(f("gw.infra.svc.cluster.local"), "infra/gw");
    }
}
