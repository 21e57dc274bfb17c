//! Whether a match takes everything that another one takes, as both are written.

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::virtual_service::{HttpMatch, L4Match, StringMatch};
use meshscope_mesh::names::gateway_name;

/// Of http rules; `ns` completes gateway names.
pub(super) fn covers_http(a: &HttpMatch, b: &HttpMatch, ns: &str) -> bool {
    let fold = |text: &Str| Str::new(text.to_lowercase());
    let uri = match (&a.uri, &b.uri) {
        (None | Some(StringMatch::Present), _) => true,
        (Some(a), _) if is_all(a) => true,
        // A case-insensitive match is wider than a sensitive one, never the reverse.
        (Some(_), Some(_)) if b.ignore_uri_case && !a.ignore_uri_case => false,
        (Some(x), Some(y)) if a.ignore_uri_case => text(&lower(x, fold), &lower(y, fold)),
        (Some(x), Some(y)) => text(x, y),
        (Some(_), None) => false,
    };
    let map = |a: &[(Str, StringMatch)], b: &[(Str, StringMatch)]| {
        a.iter()
            .all(|(k, x)| b.iter().any(|(l, y)| k == l && text(x, y)))
    };
    let exact =
        |a: &[(Str, StringMatch)], b: &[(Str, StringMatch)]| a.iter().all(|x| b.contains(x));
    let one = |a: &Option<StringMatch>, b: &Option<StringMatch>| match (a, b) {
        (None, _) => true,
        (Some(a), Some(b)) => text(a, b),
        (Some(_), None) => false,
    };
    uri && one(&a.scheme, &b.scheme)
        && one(&a.method, &b.method)
        && one(&a.authority, &b.authority)
        && map(&a.headers, &b.headers)
        && exact(&a.without_headers, &b.without_headers)
        && map(&a.query_params, &b.query_params)
        && (a.port == 0 || a.port == b.port)
        && gateways(&a.gateways, &b.gateways, ns)
        // With gateways, source conditions are not looked at (V:R4.12).
        && (!a.gateways.is_empty()
            || source(&a.source_labels, &b.source_labels, &a.source_namespace, &b.source_namespace))
}

/// Whether `a` has every server name of `b`.
pub(super) fn same_sni(a: &L4Match, b: &L4Match) -> bool {
    b.sni_hosts.iter().all(|h| a.sni_hosts.contains(h))
        && (!b.sni_hosts.is_empty() || a.sni_hosts.is_empty())
}

/// Of tls and tcp rules, server names apart.
pub(super) fn covers_l4(a: &L4Match, b: &L4Match, ns: &str) -> bool {
    (a.destination_subnets.is_empty() || a.destination_subnets == b.destination_subnets)
        && (a.port == 0 || a.port == b.port)
        && gateways(&a.gateways, &b.gateways, ns)
        && source(
            &a.source_labels,
            &b.source_labels,
            &a.source_namespace,
            &b.source_namespace,
        )
}

fn gateways(a: &[Str], b: &[Str], ns: &str) -> bool {
    let has = |g: &Str| a.iter().any(|x| gateway_name(x, ns) == gateway_name(g, ns));
    a.is_empty() || (!b.is_empty() && b.iter().all(has))
}

fn source(a: &Labels, b: &Labels, a_ns: &str, b_ns: &str) -> bool {
    a.subset_of(b) && (a_ns.is_empty() || a_ns == b_ns)
}

fn lower(matching: &StringMatch, fold: impl Fn(&Str) -> Str) -> StringMatch {
    match matching {
        StringMatch::Exact(s) => StringMatch::Exact(fold(s)),
        StringMatch::Prefix(s) => StringMatch::Prefix(fold(s)),
        other => other.clone(),
    }
}

fn is_all(a: &StringMatch) -> bool {
    match a {
        StringMatch::Prefix(p) => p == "/",
        StringMatch::Regex(r) => r == ".*" || r == "/.*",
        StringMatch::Exact(_) | StringMatch::Present => false,
    }
}

fn text(a: &StringMatch, b: &StringMatch) -> bool {
    match (a, b) {
        (StringMatch::Present, _) => true,
        (StringMatch::Exact(x), StringMatch::Exact(y))
        | (StringMatch::Regex(x), StringMatch::Regex(y)) => x == y,
        (StringMatch::Prefix(x), StringMatch::Exact(y) | StringMatch::Prefix(y)) => {
            y.starts_with(x.as_str())
        }
        _ => false,
    }
}
