//! VirtualService: hosts, gateways and the http, tls and tcp rules.

use super::Labels;
use crate::value::{Str, Value};

/// A VirtualService spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VirtualService {
    /// `hosts` as written.
    pub hosts: Vec<Str>,
    /// `gateways` as written; empty means `mesh` (V:R2.6).
    pub gateways: Vec<Str>,
    /// `http` rules in order.
    pub http: Vec<HttpRule>,
    /// `tls` rules in order.
    pub tls: Vec<TlsRule>,
    /// `tcp` rules in order.
    pub tcp: Vec<TcpRule>,
    /// `exportTo` as written; empty means the mesh default.
    pub export_to: Vec<Str>,
}

/// One `http[]` rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRule {
    /// `name`.
    pub name: Str,
    /// `match`; empty means every request.
    pub matches: Vec<HttpMatch>,
    /// `route` destinations.
    pub route: Vec<RouteDestination>,
    /// `redirect`.
    pub redirect: Option<Redirect>,
    /// `directResponse`.
    pub direct_response: Option<DirectResponse>,
    /// `delegate` as (name, namespace; empty means the root's own).
    pub delegate: Option<(Str, Str)>,
    /// `rewrite`.
    pub rewrite: Option<Rewrite>,
    /// `fault`.
    pub fault: Option<Fault>,
    /// `mirror` followed by `mirrors[]`.
    pub mirrors: Vec<Mirror>,
    /// Whether `mirror` (as opposed to `mirrors`) is set.
    pub has_mirror: bool,
    /// `timeout`, as written.
    pub timeout: Option<Str>,
    /// `retries`, undecoded: it never changes where a call goes.
    pub retries: Option<Value>,
    /// `corsPolicy`, undecoded.
    pub cors_policy: Option<Value>,
    /// `headers`, undecoded.
    pub headers: Option<Value>,
}

/// One `http[].match[]`: all set conditions must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpMatch {
    /// `name`.
    pub name: Str,
    /// `uri`.
    pub uri: Option<StringMatch>,
    /// `scheme`.
    pub scheme: Option<StringMatch>,
    /// `method`.
    pub method: Option<StringMatch>,
    /// `authority`.
    pub authority: Option<StringMatch>,
    /// `headers`, in document order.
    pub headers: Vec<(Str, StringMatch)>,
    /// `withoutHeaders`, in document order.
    pub without_headers: Vec<(Str, StringMatch)>,
    /// `queryParams`, in document order.
    pub query_params: Vec<(Str, StringMatch)>,
    /// `ignoreUriCase`.
    pub ignore_uri_case: bool,
    /// `port`; 0 means any.
    pub port: u32,
    /// `sourceLabels`.
    pub source_labels: Labels,
    /// `sourceNamespace`; empty means any.
    pub source_namespace: Str,
    /// `gateways` as written.
    pub gateways: Vec<Str>,
    /// `statPrefix`.
    pub stat_prefix: Str,
}

/// A `StringMatch`; `Present` is the empty message, which for headers means presence (O:8.15).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StringMatch {
    /// `exact`.
    Exact(Str),
    /// `prefix`.
    Prefix(Str),
    /// `regex`, RE2, full match.
    Regex(Str),
    /// `{}`.
    Present,
}

/// A weighted destination of an http, tls or tcp rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteDestination {
    /// Where to.
    pub destination: Destination,
    /// `weight`; 0 when absent.
    pub weight: i64,
    /// `headers`, undecoded.
    pub headers: Option<Value>,
}

/// A `Destination`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Destination {
    /// `host` as written.
    pub host: Str,
    /// `subset`; empty means none.
    pub subset: Str,
    /// `port.number`; 0 means not given.
    pub port: u32,
}

/// `redirect`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Redirect {
    /// `uri`.
    pub uri: Str,
    /// `authority`.
    pub authority: Str,
    /// `scheme`.
    pub scheme: Str,
    /// `port` or a `derivePort` other than from the protocol default.
    pub port: Option<u32>,
    /// `redirectCode`; 0 means 301.
    pub code: u32,
}

/// `directResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectResponse {
    /// `status`.
    pub status: u32,
}

/// `rewrite`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// `uri`: replaces the matched prefix.
    pub uri: Str,
    /// `authority`.
    pub authority: Str,
    /// `uriRegexRewrite` as (match, rewrite).
    pub regex: Option<(Str, Str)>,
}

/// `fault`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fault {
    /// `abort` as (HTTP status if given, percentage; 100 when absent).
    pub abort: Option<(Option<u32>, f64)>,
    /// Whether `delay` is set.
    pub delay: bool,
}

/// One mirror.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mirror {
    /// Where the copy goes.
    pub destination: Destination,
    /// Percentage, 100 when absent.
    pub percentage: f64,
}

/// One `tls[]` rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsRule {
    /// `match`.
    pub matches: Vec<L4Match>,
    /// `route`.
    pub route: Vec<RouteDestination>,
}

/// One `tcp[]` rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TcpRule {
    /// `match`.
    pub matches: Vec<L4Match>,
    /// `route`.
    pub route: Vec<RouteDestination>,
}

/// One `tls[].match[]` or `tcp[].match[]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct L4Match {
    /// `sniHosts` (tls only).
    pub sni_hosts: Vec<Str>,
    /// `destinationSubnets`.
    pub destination_subnets: Vec<Str>,
    /// `port`; 0 means any.
    pub port: u32,
    /// `sourceLabels`.
    pub source_labels: Labels,
    /// `sourceNamespace`; empty means any.
    pub source_namespace: Str,
    /// `gateways` as written.
    pub gateways: Vec<Str>,
}

impl VirtualService {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> VirtualService {
        VirtualService {
            hosts: spec.strings("hosts"),
            gateways: spec.strings("gateways"),
            http: spec.list("http").iter().map(HttpRule::decode).collect(),
            tls: spec
                .list("tls")
                .iter()
                .map(|v| TlsRule {
                    matches: l4_matches(v),
                    route: destinations(v),
                })
                .collect(),
            tcp: spec
                .list("tcp")
                .iter()
                .map(|v| TcpRule {
                    matches: l4_matches(v),
                    route: destinations(v),
                })
                .collect(),
            export_to: spec.strings("exportTo"),
        }
    }

    /// A VirtualService without hosts acts only as a delegate (V:R4.1).
    pub fn is_delegate(&self) -> bool {
        self.hosts.is_empty()
    }
}

impl HttpRule {
    fn decode(value: &Value) -> HttpRule {
        let mut mirrors: Vec<Mirror> = Vec::new();
        let mirror = value.field("mirror");
        if let Some(mirror) = mirror {
            let percentage = value
                .field("mirrorPercentage")
                .map(|p| percent(p.get("value")).unwrap_or(0.0))
                .or_else(|| percent(value.get("mirrorPercent")))
                .unwrap_or(100.0);
            mirrors.push(Mirror {
                destination: Destination::decode(mirror),
                percentage,
            });
        }
        for m in value.list("mirrors") {
            mirrors.push(Mirror {
                destination: Destination::decode(m.get("destination")),
                percentage: m
                    .field("percentage")
                    .map_or(100.0, |p| percent(p.get("value")).unwrap_or(0.0)),
            });
        }
        HttpRule {
            name: value.str_or_empty("name"),
            matches: value.list("match").iter().map(HttpMatch::decode).collect(),
            route: destinations(value),
            redirect: value.field("redirect").map(|r| Redirect {
                uri: r.str_or_empty("uri"),
                authority: r.str_or_empty("authority"),
                scheme: r.str_or_empty("scheme"),
                port: number(r.get("port")),
                code: number(r.get("redirectCode")).unwrap_or(0),
            }),
            direct_response: value.field("directResponse").map(|d| DirectResponse {
                status: number(d.get("status")).unwrap_or(0),
            }),
            delegate: value
                .field("delegate")
                .map(|d| (d.str_or_empty("name"), d.str_or_empty("namespace"))),
            rewrite: value.field("rewrite").map(|r| Rewrite {
                uri: r.str_or_empty("uri"),
                authority: r.str_or_empty("authority"),
                regex: r
                    .field("uriRegexRewrite")
                    .map(|x| (x.str_or_empty("match"), x.str_or_empty("rewrite"))),
            }),
            fault: value.field("fault").map(|f| Fault {
                abort: f.field("abort").map(|a| {
                    let percentage = match a.field("percentage") {
                        Some(p) => percent(p.get("value")).unwrap_or(0.0),
                        None => percent(a.get("percent")).unwrap_or(100.0),
                    };
                    (number(a.get("httpStatus")), percentage)
                }),
                delay: f.field("delay").is_some(),
            }),
            has_mirror: mirror.is_some(),
            mirrors,
            timeout: value.str("timeout"),
            retries: value.field("retries").cloned(),
            cors_policy: value.field("corsPolicy").cloned(),
            headers: value.field("headers").cloned(),
        }
    }
}

impl HttpMatch {
    fn decode(value: &Value) -> HttpMatch {
        let map = |key: &str| {
            value
                .entries(key)
                .map(|(k, v)| (k.clone(), StringMatch::decode(v)))
                .collect()
        };
        HttpMatch {
            name: value.str_or_empty("name"),
            uri: value.field("uri").map(StringMatch::decode),
            scheme: value.field("scheme").map(StringMatch::decode),
            method: value.field("method").map(StringMatch::decode),
            authority: value.field("authority").map(StringMatch::decode),
            headers: map("headers"),
            without_headers: map("withoutHeaders"),
            query_params: map("queryParams"),
            ignore_uri_case: value.bool("ignoreUriCase").unwrap_or(false),
            port: number(value.get("port")).unwrap_or(0),
            source_labels: Labels::decode(value.get("sourceLabels")),
            source_namespace: value.str_or_empty("sourceNamespace"),
            gateways: value.strings("gateways"),
            stat_prefix: value.str_or_empty("statPrefix"),
        }
    }
}

impl StringMatch {
    /// Decodes a match; several kinds in one message keep the first of exact, prefix, regex.
    pub fn decode(value: &Value) -> StringMatch {
        if let Some(s) = value.str("exact") {
            StringMatch::Exact(s)
        } else if let Some(s) = value.str("prefix") {
            StringMatch::Prefix(s)
        } else if let Some(s) = value.str("regex") {
            StringMatch::Regex(s)
        } else {
            StringMatch::Present
        }
    }
}

impl Destination {
    /// Decodes a destination.
    pub fn decode(value: &Value) -> Destination {
        Destination {
            host: value.str_or_empty("host"),
            subset: value.str_or_empty("subset"),
            port: number(value.get("port").get("number")).unwrap_or(0),
        }
    }
}

fn destinations(rule: &Value) -> Vec<RouteDestination> {
    rule.list("route")
        .iter()
        .map(|r| RouteDestination {
            destination: Destination::decode(r.get("destination")),
            weight: r.int("weight").unwrap_or(0),
            headers: r.field("headers").cloned(),
        })
        .collect()
}

fn l4_matches(rule: &Value) -> Vec<L4Match> {
    rule.list("match")
        .iter()
        .map(|m| L4Match {
            sni_hosts: m.strings("sniHosts"),
            destination_subnets: m.strings("destinationSubnets"),
            port: number(m.get("port")).unwrap_or(0),
            source_labels: Labels::decode(m.get("sourceLabels")),
            source_namespace: m.str_or_empty("sourceNamespace"),
            gateways: m.strings("gateways"),
        })
        .collect()
}

pub(super) fn number(value: &Value) -> Option<u32> {
    value.as_int().and_then(|n| u32::try_from(n).ok())
}

pub(super) fn percent(value: &Value) -> Option<f64> {
    match value {
        Value::Float(f) => Some(*f),
        #[allow(clippy::cast_precision_loss)]
        Value::Int(i) => Some(*i as f64),
        _ => None,
    }
}
