//! What Go's standard library makes of addresses and URLs, as far as istiod asks it.
//!
//! Must not know which fields hold addresses or URLs.

use crate::value::Str;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Go's `netip.ParseAddr`: no leading zeros, IPv6 zones allowed.
pub(crate) fn parse_addr(text: &str) -> Option<IpAddr> {
    if let Some((address, zone)) = text.split_once('%') {
        let v6: Ipv6Addr = address.parse().ok()?;
        // Zones of addresses that embed IPv4 are refused only when empty.
        return (!zone.is_empty()).then_some(IpAddr::V6(v6));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        other => other.ok(),
    }
}

/// An IP address without a zone, as CEL's `isIP` takes it.
pub(crate) fn is_plain_ip(text: &str) -> bool {
    !text.contains('%') && parse_addr(text).is_some()
}

/// Go's `netip.ParsePrefix`: no zone, no leading zeros or signs in the length.
pub(crate) fn is_prefix(text: &str) -> bool {
    let Some((address, bits)) = text.rsplit_once('/') else {
        return false;
    };
    let max = match parse_addr(address) {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) if !address.contains('%') => 128,
        _ => return false,
    };
    let canonical = bits.bytes().all(|b| b.is_ascii_digit())
        && !bits.is_empty()
        && (bits.len() == 1 || !bits.starts_with('0'));
    canonical && bits.parse::<u32>().is_ok_and(|bits| bits <= max)
}

/// The parts of an URL that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Str,
    /// With user, without port.
    pub(crate) port: Str,
}

/// Go's `url.ParseRequestURI`: an absolute URL or an absolute path, without a fragment.
pub(crate) fn request_url(text: &str) -> Option<Url> {
    let url = parse(text)?;
    let (_, rest) = scheme(text)?;
    rest.starts_with('/').then_some(url)
}

/// Go's `url.Parse`.
pub(crate) fn parse_url(text: &str) -> Option<Url> {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    if !escapes_are_whole(fragment) {
        return None;
    }
    parse(before)
}

fn parse(text: &str) -> Option<Url> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return None;
    }
    let (scheme, rest) = scheme(text)?;
    let rest = rest.split('?').next().unwrap_or(rest);
    if scheme.is_empty() && !rest.starts_with('/') {
        // The first segment of a relative path must hold no colon.
        let segment = rest.split('/').next().unwrap_or(rest);
        if segment.contains(':') {
            return None;
        }
    }
    let mut port = Str::default();
    let mut path = rest;
    let has_authority = !scheme.is_empty() || !rest.starts_with("///");
    if let Some(after) = rest.strip_prefix("//").filter(|_| has_authority) {
        let end = after.find('/').unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        path = rest;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        if !user.bytes().all(allowed) {
            return None;
        }
        port = host_port(host)?.into();
    }
    if !escapes_are_whole(path) {
        return None;
    }
    Some(Url {
        scheme: scheme.to_ascii_lowercase().into(),
        port,
    })
}

/// The scheme and what follows its colon; an empty scheme where there is none.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (i, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if i > 0 => {}
            ':' if i > 0 => return Some((&text[..i], &text[i + 1..])),
            ':' => return None,
            _ => break,
        }
    }
    Some(("", text))
}

/// The port of a host; `None` when the host is wrong.
fn host_port(host: &str) -> Option<&str> {
    let port = if host.starts_with('[') {
        let (_, after) = host.rsplit_once(']')?;
        after
    } else {
        // Brackets are for IPv6 only; what is not ASCII passes.
        let allowed = |b: u8| {
            !b.is_ascii() || b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:<>\"%".contains(&b)
        };
        if !host.bytes().all(allowed) || !escapes_are_whole(host) {
            return None;
        }
        host.rfind(':').map_or("", |at| &host[at..])
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Some(""),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits),
        _ => None,
    }
}

fn escapes_are_whole(text: &str) -> bool {
    text.match_indices('%').all(|(at, _)| {
        text.as_bytes()
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Go's `net.SplitHostPort`.
pub(crate) fn split_host_port(text: &str) -> Result<(&str, &str), &'static str> {
    let colon = text.rfind(':').ok_or("missing port in address")?;
    if let Some(rest) = text.strip_prefix('[') {
        let end = rest.find(']').ok_or("missing ']' in address")?;
        let (host, after) = (&rest[..end], &rest[end + 1..]);
        if after.is_empty() {
            return Err("missing port in address");
        }
        return match after.strip_prefix(':') {
            Some(port) if !port.contains(':') => Ok((host, port)),
            Some(_) => Err("too many colons in address"),
            None => Err("missing port in address"),
        };
    }
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    if host.contains(':') {
        return Err("too many colons in address");
    }
    if text.contains(['[', ']']) {
        return Err("unexpected bracket in address");
    }
    Ok((host, port))
}

/// Go's `strconv.Atoi`.
pub(crate) fn atoi(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in ["1.2.3.4", "::1", "fe80::1%eth0", "::ffff:1.2.3.4"] {
            assert!(parse_addr(text).is_some(), "{text}");
        }
        for text in ["", "1.2.3", "01.2.3.4", "1.2.3.256", "::1%", "a.b"] {
            assert!(parse_addr(text).is_none(), "{text}");
        }
        assert!(is_prefix("10.0.0.1/8") && is_prefix("::/0"));
        for text in [
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "fe80::1%a/8",
            "10.0.0.0/+8",
        ] {
            assert!(!is_prefix(text), "{text}");
        }
    }

    #[test]
    fn urls() {
        let scheme = |text| request_url(text).map(|url| url.scheme.to_string());
        assert_eq!(scheme("https://a.b:80/c?d"), Some("https".into()));
        assert_eq!(scheme("/a/b"), Some(String::new()));
        for text in [
            "",
            "a.b/c",
            "http://a.b:port/",
            "ghcr.io/a:1.0",
            "http://a b/",
            "oci:x",
        ] {
            assert_eq!(scheme(text), None, "{text}");
        }
        assert!(parse_url("http://a/%zz").is_none());
        assert_eq!(
            parse_url("http://u@a:81").map(|u| u.port.to_string()),
            Some("81".into())
        );
    }

    #[test]
    fn host_and_port() {
        assert_eq!(split_host_port("[::1]:80"), Ok(("::1", "80")));
        assert_eq!(split_host_port(":80"), Ok(("", "80")));
        assert!(split_host_port("1.2.3.4").is_err());
        assert!(split_host_port("a:b:c").is_err());
        assert_eq!((atoi("+80"), atoi("8a"), atoi("")), (Some(80), None, None));
    }
}
