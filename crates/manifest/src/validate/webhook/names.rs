//! What istiod takes for a DNS label, a domain, a port, a protocol, an address or a label set
//! (validation-rules.md §0: LABEL, DNS, WILD, PWILD, SNIWILD, PORT, PROTO, IP, SUBNET, UDS, LABELS).
//!
//! Pure functions of words: an error is the reason in words. Must not know fields.

use crate::validate::go;

pub(super) type Check = Result<(), String>;

/// LABEL: letters of either case, digits and inner `-`, 1 to 63.
pub(super) fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

/// The first part of WILD: `*`, or a label, after `*` or `*-` if need be.
fn is_wildcard_label(text: &str) -> bool {
    if text.len() > 63 {
        return false;
    }
    let rest = text
        .strip_prefix("*-")
        .or(text.strip_prefix('*'))
        .unwrap_or(text);
    text == "*" || is_label(rest)
}

fn bounded(name: &str) -> Check {
    if name.len() > 255 {
        return Err(format!("domain name \"{name}\" is too long (max 255)"));
    }
    if name.is_empty() {
        return Err("a domain name must not be empty".into());
    }
    Ok(())
}

fn labels(domain: &str) -> Check {
    let last = domain.rsplit('.').next().unwrap_or(domain);
    if go::atoi(last).is_some() {
        return Err(format!(
            "\"{domain}\" is no domain name: its last part {last} is a number"
        ));
    }
    let count = domain.split('.').count();
    for (i, label) in domain.split('.').enumerate() {
        if i + 1 == count && label.is_empty() {
            return Ok(());
        }
        if !is_label(label) {
            return Err(format!(
                "\"{domain}\" is no domain name: \"{label}\" is no DNS label"
            ));
        }
    }
    Ok(())
}

/// DNS.
pub(super) fn fqdn(name: &str) -> Check {
    bounded(name)?;
    labels(name)
}

/// WILD.
pub(super) fn wildcard_domain(name: &str) -> Check {
    bounded(name)?;
    let (first, rest) = match name.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    if !is_wildcard_label(first) {
        return Err(format!(
            "\"{name}\" is no domain name: \"{first}\" is no DNS label"
        ));
    }
    rest.map_or(Ok(()), labels)
}

/// SNIWILD: WILD, or `outbound_.<port>_._.<host>`.
pub(super) fn sni_domain(name: &str) -> Check {
    if !name.starts_with("outbound_") {
        return wildcard_domain(name);
    }
    bounded(name)?;
    let parts: Vec<&str> = name.split('_').collect();
    let port = parts
        .get(1)
        .is_some_and(|p| p.contains(|c: char| c.is_ascii_digit()));
    let host = parts
        .get(3)
        .is_some_and(|h| h.contains(|c: char| c.is_ascii_alphabetic()));
    if parts.len() >= 4 && port && host {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" must be written outbound_.<port>_._.<hostname>"
    ))
}

/// PWILD.
pub(super) fn is_partial_wildcard(host: &str) -> bool {
    host.contains('*') && host.len() != 1 && !host.starts_with("*.")
}

/// PORT.
pub(super) fn port(number: i64) -> Check {
    if (1..=65535).contains(&number) {
        return Ok(());
    }
    Err(format!("port {number} is not in 1..65535"))
}

/// IP.
pub(super) fn ip(text: &str) -> Check {
    match go::parse_addr(text) {
        Some(_) => Ok(()),
        None => Err(format!("\"{text}\" is no IP address")),
    }
}

/// Whether the text is an IP address.
pub(super) fn is_ip(text: &str) -> bool {
    go::parse_addr(text).is_some()
}

/// SUBNET.
pub(super) fn subnet(text: &str) -> Check {
    if text.matches('/').count() != 1 {
        return ip(text);
    }
    if go::is_prefix(text) {
        return Ok(());
    }
    Err(format!("\"{text}\" is no CIDR block"))
}

/// UDS, after `unix://`.
pub(super) fn unix_path(path: &str) -> Check {
    if path.is_empty() {
        return Err("the path of a unix socket must not be empty".into());
    }
    if path.starts_with('@') || (path.starts_with('/') && !path.ends_with('/')) {
        return Ok(());
    }
    Err(format!("\"{path}\" is no absolute path to a file"))
}

/// A protocol that istiod knows, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Http2,
    Grpc,
    OtherHttp,
    Https,
    Tls,
    Tcp,
    OtherTcp,
    Udp,
}

impl Protocol {
    /// PROTO, any case; `None` when istiod does not know it.
    pub(super) fn parse(text: &str) -> Option<Protocol> {
        Some(match text.to_ascii_lowercase().as_str() {
            "http" => Protocol::Http,
            "http2" => Protocol::Http2,
            "grpc" => Protocol::Grpc,
            "grpc-web" | "http_proxy" => Protocol::OtherHttp,
            "https" => Protocol::Https,
            "tls" => Protocol::Tls,
            "tcp" => Protocol::Tcp,
            "mongo" | "redis" | "mysql" => Protocol::OtherTcp,
            "udp" => Protocol::Udp,
            _ => return None,
        })
    }

    pub(super) fn is_http(self) -> bool {
        use Protocol::{Grpc, Http, Http2, OtherHttp};
        matches!(self, Http | Http2 | Grpc | OtherHttp)
    }

    pub(super) fn is_tls(self) -> bool {
        matches!(self, Protocol::Https | Protocol::Tls)
    }

    /// Whether istiod counts it as TCP: TLS too, UDP not.
    pub(super) fn is_tcp(self) -> bool {
        !self.is_http() && self != Protocol::Udp
    }
}

/// The names of all protocols, for messages and repairs.
pub(super) const PROTOCOLS: &[&str] = &[
    "HTTP",
    "HTTP2",
    "HTTPS",
    "GRPC",
    "GRPC-WEB",
    "TLS",
    "TCP",
    "MONGO",
    "REDIS",
    "MYSQL",
    "UDP",
    "HTTP_PROXY",
];

/// A label value, or the name part of a key: empty values are checked by the caller.
fn is_qualified(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// LABELS: a key.
pub(super) fn label_key(key: &str) -> Check {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    // The pattern bounds no part of the prefix; only its whole length is.
    let unbounded = |part: &str| is_label(part) || (part.len() > 63 && is_qualified(part));
    if prefix.is_some_and(|prefix| !prefix.split('.').all(unbounded)) || !is_qualified(name) {
        return Err(format!("\"{key}\" is no label key"));
    }
    if prefix.is_some_and(|prefix| prefix.len() > 253) || name.len() > 63 {
        return Err(format!("label key \"{key}\" is too long"));
    }
    Ok(())
}

/// LABELS: a value; its length is free.
pub(super) fn label_value(value: &str) -> Check {
    if value.is_empty() || is_qualified(value) {
        return Ok(());
    }
    Err(format!("\"{value}\" is no label value"))
}

/// Whether one host covers the other (istiod's `host.Name.Matches`).
pub(super) fn hosts_overlap(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(x), Some(y)) => x.ends_with(y) || y.ends_with(x),
        (Some(x), None) => b.ends_with(x),
        (None, Some(y)) => a.ends_with(y),
        (None, None) => a == b,
    }
}

/// Whether `a` is covered by `b` (istiod's `host.Name.SubsetOf`).
pub(super) fn host_covered_by(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(x), Some(y)) => a.len() >= b.len() && x.ends_with(y),
        (Some(_), None) => false,
        (None, Some(y)) => a.ends_with(y),
        (None, None) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for name in ["a.b", "A.b", "a", "a.b.", "a-b.c", "1.com"] {
            assert_eq!(fqdn(name), Ok(()), "{name}");
        }
        for name in [
            "", "a..b", "-a.b", "a.1", "1.2.3.4", "a_b.c", "*.a", "a.b/c", "10",
        ] {
            assert!(fqdn(name).is_err(), "{name}");
        }
        for name in ["*", "*.a", "*a.b", "*-a.b", "10"] {
            assert_eq!(wildcard_domain(name), Ok(()), "{name}");
        }
        for name in ["a.*", "*.*", "**.a", "a*.b", "*.1"] {
            assert!(wildcard_domain(name).is_err(), "{name}");
        }
        assert_eq!(sni_domain("outbound_.80_._.e2e.foobar.mesh"), Ok(()));
        assert!(sni_domain("outbound_.ab_._.e2e").is_err());
        assert!(is_partial_wildcard("*a.b") && !is_partial_wildcard("*.b"));
    }

    #[test]
    fn labels_of_kubernetes() {
        for key in ["app", "a.b/c", "a_b", "x/A.b"] {
            assert_eq!(label_key(key), Ok(()), "{key}");
        }
        for key in ["", "-a", "/a", "a/", "a/b/c", "*"] {
            assert!(label_key(key).is_err(), "{key}");
        }
        assert!(label_value("").is_ok() && label_value("a b").is_err());
    }

    #[test]
    fn hosts() {
        assert!(hosts_overlap("*.com", "a.com") && hosts_overlap("a.com", "*.com"));
        assert!(!host_covered_by("*.com", "a.com") && host_covered_by("a.com", "*"));
        assert!(hosts_overlap("*", "*.com") && !hosts_overlap("*.a.com", "a.com"));
    }
}
