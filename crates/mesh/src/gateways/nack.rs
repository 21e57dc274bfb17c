//! What Envoy refuses of what istiod sends (G:10): a listener, a route config or a cluster that a
//! new pod does not have and an old one keeps in its last version.

use super::listeners::config;
use super::routes;
use crate::db::{Db, Mesh, name, proxy_key};
use crate::envoy::{Action, Because, FilterChain, Listener, RouteConfig};
use crate::registry::{Resolution, endpoints};
use crate::routes::rule_place;
use crate::visibility::{VirtualService, cluster_name, services_of};
use crate::workloads::Proxy;
use meshscope_manifest::{Str, Value};
use rustc_hash::FxHashMap;

/// Something Envoy refuses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// What it is.
    pub what: Rejected,
    /// Its name.
    pub name: Str,
    /// Why, in words.
    pub why: Str,
    /// Everyone involved, the later one first.
    pub parties: Vec<Because>,
    /// The server name two chains of a listener take, when that is the reason.
    pub sni: Option<Str>,
}

/// The kinds of resources Envoy refuses one by one (G:NACK-1..4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejected {
    /// A listener: the whole port.
    Listener,
    /// A route config: every host in it.
    RouteConfig,
    /// A cluster.
    Cluster,
}

/// Ports the bootstrap of a gateway workload listens on itself (G:SEL-12).
const BOOTSTRAP_PORTS: [u32; 2] = [15021, 15090];

/// Everything Envoy refuses of a gateway workload's configuration.
pub fn rejections(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Rejection> {
    if !proxy.is_router() {
        return Vec::new();
    }
    let key = proxy_key(db, proxy);
    let config = config(db, mesh, key);
    let mut found = config.rejections.clone();
    for route_config in config.route_configs() {
        let built = routes::built(db, mesh, key, name(db, route_config));
        found.extend(built.rejections.iter().cloned());
    }
    found.extend(cluster_rejections(db, mesh, proxy));
    found
}

/// LOGICAL_DNS takes exactly one endpoint (G:CL-6).
fn cluster_rejections(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Rejection> {
    let mut found = Vec::new();
    for member in services_of(db, mesh, proxy).iter() {
        let service = &member.service;
        let logical = service.resolution == Resolution::DnsRoundRobin
            || (service.resolution == Resolution::Dns && service.race_first_connect);
        if !logical {
            continue;
        }
        let count = endpoints(db, mesh, service).len();
        if count < 2 {
            continue;
        }
        for port in service.ports.iter() {
            let why = format!("LOGICAL_DNS with {count} endpoints (G:CL-6)");
            found.push(Rejection {
                what: Rejected::Cluster,
                name: cluster_name(port.number, "", &service.host),
                parties: vec![Because::new(&service.object, "spec.endpoints", why.clone())],
                why: why.into(),
                sni: None,
            });
        }
    }
    found
}

/// Why Envoy refuses a listener (G:NACK-8).
pub fn listener_rejections(listener: &Listener) -> Vec<Rejection> {
    let reject = |why: String, parties: Vec<Because>| Rejection {
        what: Rejected::Listener,
        name: listener.name.clone(),
        why: why.into(),
        parties,
        sni: None,
    };
    let mut found = Vec::new();
    let everywhere = listener.address == "0.0.0.0" || listener.address == "::";
    if everywhere && BOOTSTRAP_PORTS.contains(&listener.port) {
        found.push(reject(
            format!(
                "port {} belongs to the proxy itself: duplicate address (G:SEL-12)",
                listener.port
            ),
            listener.because.clone(),
        ));
    }
    for chain in &listener.chains {
        for server_name in &chain.matching.server_names {
            if server_name.contains('*') && !is_wildcard(server_name) {
                found.push(reject(
                    format!(
                        "partial wildcard {server_name} is not supported in server names (G:TLS-10)"
                    ),
                    chain.because.clone(),
                ));
            }
        }
    }
    found.extend(overlaps(listener).map(|(why, parties, sni)| Rejection {
        sni,
        ..reject(why, parties)
    }));
    found
}

fn is_wildcard(server_name: &str) -> bool {
    server_name
        .strip_prefix("*.")
        .is_some_and(|rest| !rest.contains('*'))
}

/// Chains that take the same connections (G:TLS-9): once per pair.
fn overlaps(listener: &Listener) -> impl Iterator<Item = (String, Vec<Because>, Option<Str>)> {
    let mut taken: FxHashMap<MatchKey, usize> = FxHashMap::default();
    let mut pairs: Vec<(usize, usize, Str)> = Vec::new();
    for (index, chain) in listener.chains.iter().enumerate() {
        for key in match_keys(chain) {
            match taken.get(&key) {
                Some(&first) if pairs.iter().any(|(a, b, _)| (*a, *b) == (first, index)) => {}
                Some(&first) => pairs.push((first, index, key.1.clone())),
                None => {
                    taken.insert(key, index);
                }
            }
        }
    }
    pairs.into_iter().map(|(first, second, server_name)| {
        let parties = |i: usize| {
            let chain = listener.chains.get(i);
            chain.map(|c| c.because.clone()).unwrap_or_default()
        };
        let whom = if server_name.is_empty() {
            "every connection".to_owned()
        } else {
            format!("SNI {server_name}")
        };
        let mut involved = parties(second);
        if first == second {
            return (
                format!("one filter chain names {whom} twice (G:TLS-9)"),
                involved,
                None,
            );
        }
        involved.extend(parties(first));
        let sni = Some(server_name).filter(|s| !s.is_empty());
        let why = format!("two filter chains take {whom} (G:TLS-9)");
        (why, involved, sni)
    })
}

/// (other conditions, server name, ALPN): what must be unique in a listener.
type MatchKey = (String, Str, Str);

/// Envoy compares server names in lower case, and every combination of name and ALPN.
fn match_keys(chain: &FilterChain) -> Vec<MatchKey> {
    let m = &chain.matching;
    let other = format!(
        "{} {:?} {:?}",
        m.destination_port, m.prefix_ranges, m.transport
    );
    let or_any = |list: &[Str]| -> Vec<Str> {
        if list.is_empty() {
            vec![Str::default()]
        } else {
            list.iter().map(|s| s.to_lowercase().into()).collect()
        }
    };
    let alpn = or_any(&m.alpn);
    or_any(&m.server_names)
        .into_iter()
        .flat_map(|name| {
            let other = other.clone();
            alpn.iter()
                .map(move |a| (other.clone(), name.clone(), a.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Why Envoy refuses a route config (G:NACK-7), but for header values, which routes do not carry.
pub fn route_config_rejections(config: &RouteConfig) -> Vec<Rejection> {
    let mut found: Vec<Rejection> = Vec::new();
    let routes = config.virtual_hosts.iter().flat_map(|v| &v.routes);
    for route in routes {
        let why = match &route.action {
            Action::Missing => {
                "a route without action: its redirect code is not supported (G:RT-13)".into()
            }
            Action::DirectResponse(status) if !(200..600).contains(status) => {
                format!("status {status} is out of range (G:RT-13)")
            }
            Action::Clusters(clusters) if clusters.is_empty() => {
                "no destination has any weight (G:RT-15)".into()
            }
            _ => continue,
        };
        let rejection = Rejection {
            what: Rejected::RouteConfig,
            name: config.name.clone(),
            why: Str::new(why),
            parties: route.because.clone(),
            sni: None,
        };
        if !found.contains(&rejection) {
            found.push(rejection);
        }
    }
    found
}

/// Header values with a `%COMMAND%` Envoy does not know (G:RT-14). The name is filled in by the
/// caller.
pub(super) fn header_rejections(vs: &VirtualService) -> Vec<Rejection> {
    let mut found = Vec::new();
    for route in &vs.http {
        let of_rule = route.rule.headers.iter();
        let of_routes = route.rule.route.iter().filter_map(|r| r.headers.as_ref());
        for headers in of_rule.chain(of_routes) {
            for (value, command) in unknown_commands(headers) {
                let why = format!("header value {value:?}: unknown command %{command}% (G:RT-14)");
                found.push(Rejection {
                    what: Rejected::RouteConfig,
                    name: Str::default(),
                    parties: vec![Because::new(&route.object, rule_place(route), why.clone())],
                    why: why.into(),
                    sni: None,
                });
            }
        }
    }
    found
}

fn unknown_commands(headers: &Value) -> Vec<(Str, Str)> {
    let mut found = Vec::new();
    for direction in ["request", "response"] {
        for operation in ["set", "add"] {
            for (_, value) in headers.get(direction).entries(operation) {
                if let Some((text, command)) = value
                    .as_str()
                    .and_then(|text| Some((Str::new(text), unknown_command(text)?)))
                {
                    found.push((text, command));
                }
            }
        }
    }
    found
}

/// The first `%COMMAND%` of a header value that Envoy does not know; `%%` is a percent sign.
fn unknown_command(text: &str) -> Option<Str> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(after) = after.strip_prefix('%') {
            rest = after;
            continue;
        }
        let (command, after) = after.split_once('%')?;
        let word: &str = command.split(['(', ':']).next().unwrap_or_default();
        if !COMMANDS.contains(&word) {
            return Some(word.into());
        }
        rest = after;
    }
    None
}

/// The substitution commands of Envoy 1.38.
const COMMANDS: &[&str] = &[
    "REQ",
    "RESP",
    "TRAILER",
    "REQ_WITHOUT_QUERY",
    "PROTOCOL",
    "RESPONSE_CODE",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_FLAGS",
    "RESPONSE_FLAGS_LONG",
    "START_TIME",
    "START_TIME_LOCAL",
    "EMIT_TIME",
    "EMIT_TIME_LOCAL",
    "BYTES_RECEIVED",
    "BYTES_SENT",
    "DURATION",
    "REQUEST_DURATION",
    "REQUEST_TX_DURATION",
    "RESPONSE_DURATION",
    "RESPONSE_TX_DURATION",
    "COMMON_DURATION",
    "ROUNDTRIP_DURATION",
    "HOSTNAME",
    "ROUTE_NAME",
    "VIRTUAL_CLUSTER_NAME",
    "UPSTREAM_HOST",
    "UPSTREAM_HOST_NAME",
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_CLUSTER_RAW",
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_PORT",
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_REMOTE_PORT",
    "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    "UPSTREAM_METADATA",
    "UPSTREAM_PROTOCOL",
    "UPSTREAM_CONNECTION_ID",
    "UPSTREAM_TLS_VERSION",
    "UPSTREAM_TLS_CIPHER",
    "UPSTREAM_TLS_SESSION_ID",
    "UPSTREAM_PEER_SUBJECT",
    "UPSTREAM_PEER_ISSUER",
    "UPSTREAM_PEER_CERT",
    "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "UPSTREAM_FILTER_STATE",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_DNS_SAN",
    "DOWNSTREAM_LOCAL_DNS_SAN",
    "DOWNSTREAM_PEER_IP_SAN",
    "DOWNSTREAM_LOCAL_IP_SAN",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_VERSION",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "DOWNSTREAM_WIRE_BYTES_RECEIVED",
    "DOWNSTREAM_WIRE_BYTES_SENT",
    "DOWNSTREAM_HEADER_BYTES_RECEIVED",
    "DOWNSTREAM_HEADER_BYTES_SENT",
    "UPSTREAM_WIRE_BYTES_RECEIVED",
    "UPSTREAM_WIRE_BYTES_SENT",
    "UPSTREAM_HEADER_BYTES_RECEIVED",
    "UPSTREAM_HEADER_BYTES_SENT",
    "CONNECTION_ID",
    "CONNECTION_TERMINATION_DETAILS",
    "REQUESTED_SERVER_NAME",
    "DYNAMIC_METADATA",
    "CLUSTER_METADATA",
    "METADATA",
    "FILTER_STATE",
    "PER_REQUEST_STATE",
    "ENVIRONMENT",
    "TRACE_ID",
    "STREAM_ID",
    "UNIQUE_ID",
    "FILTER_CHAIN_NAME",
    "ACCESS_LOG_TYPE",
    "LOCAL_REPLY_BODY",
    "GRPC_STATUS",
    "GRPC_STATUS_NUMBER",
    "REQUEST_HEADERS_BYTES",
    "RESPONSE_HEADERS_BYTES",
    "RESPONSE_TRAILERS_BYTES",
    "PATH",
    "QUERY_PARAM",
    "QUERY_PARAMS",
    "CEL",
    "TYPED_CEL",
    "CUSTOM_FLAGS",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
    "UPSTREAM_CLUSTER_ID",
    "HOST",
    "SPAN_ID",
    "RESPONSE_DETAILS",
    "UPSTREAM_HOSTS_ATTEMPTED",
    "FILE_CONTENT",
];
