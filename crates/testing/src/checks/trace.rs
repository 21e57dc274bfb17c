//! `traces`: what happens to a call (O:21).
//!
//! A claim is about the whole way: the verdict of the call, and the other keys of the last proxy
//! that handles it. Two kinds of claims are about the first proxy alone, as Istio's simulation
//! answers: those that name its `listener`, and those from a proxy given by its properties.

use super::proxy::proxy;
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::envoy::ClientCertificate;
use meshscope::engine::trace::{Call, From, Hop, Mode, Scheme, Trace, Verdict, trace};
use meshscope::engine::workloads::find_workload;
use meshscope::manifest::{Str, Value};

const KIND: CheckKind = CheckKind::Trace;

/// Keys about one proxy.
const OF_HOP: [&str; 12] = [
    "listener_port",
    "listener",
    "filter_chain",
    "route_config",
    "virtual_host",
    "route",
    "cluster",
    "terminates_tls",
    "client_certificate",
    "server_certificate",
    "upstream_tls",
    "proxy",
];

/// Of these, the ones that `strict` wants empty when they are not given.
const STRICT: [&str; 6] = [
    "listener",
    "filter_chain",
    "route_config",
    "virtual_host",
    "route",
    "cluster",
];

/// One check per trace.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let traces = case.value.list("traces").iter().enumerate();
    traces
        .map(|(i, entry)| {
            let name = match entry.str("name") {
                Some(name) => format!("traces[{i}] {name}"),
                None => format!("traces[{i}]"),
            };
            one(mesh, entry, name)
        })
        .collect()
}

fn one(mesh: Mesh<'_>, entry: &Value, name: String) -> Check {
    let expected = entry.get("expect");
    let asked = from(mesh, entry.get("from")).and_then(|f| Ok((f, call(entry.get("call"))?)));
    let (from, call) = match asked {
        Ok(asked) => asked,
        Err(why) => {
            return Check::failed(KIND, name, why).with(json(expected), Default::default());
        }
    };
    let found = trace(mesh.db(), mesh.input(), &from, &call);
    let of_first = expected.has("listener") || matches!(from, From::Proxy(_));
    let differences = differences(&found, expected, of_first);
    if differences.is_empty() {
        return Check::passed(KIND, name);
    }
    Check::failed(KIND, name, differences.join("; ")).with(json(expected), summary(&found))
}

/// Where a call starts.
fn from(mesh: Mesh<'_>, value: &Value) -> Result<From, String> {
    for role in ["workload", "gateway"] {
        let Some(label) = value.str(role) else {
            continue;
        };
        let (namespace, workload) = label
            .split_once('/')
            .ok_or_else(|| format!("{role}: {label} is no namespace/name"))?;
        let found = find_workload(mesh.db(), mesh.input(), namespace, workload)
            .ok_or_else(|| format!("there is no workload {label}"))?;
        return Ok(if role == "workload" {
            From::Workload(found)
        } else {
            From::Gateway(found)
        });
    }
    proxy(mesh, value).map(From::Proxy)
}

/// A call as case files write it.
fn call(value: &Value) -> Result<Call, String> {
    let scheme = value.str_or_empty("scheme");
    let scheme = Scheme::parse(&scheme).ok_or_else(|| format!("unknown scheme {scheme:?}"))?;
    let port = value.port("port").map(u32::from);
    let port = port.or(match scheme {
        Scheme::Http | Scheme::Http2 => Some(80),
        Scheme::Https => Some(443),
        Scheme::Tls | Scheme::Tcp => None,
    });
    let port = port.ok_or("the call has no port")?;
    let mut call = Call::new(scheme, value.str_or_empty("host"), port);
    call.mtls = value.bool("mtls").unwrap_or(false);
    match value.str("sni") {
        Some(sni) => call.sni = sni,
        None if call.mtls => call.sni = Str::default(),
        None => {}
    }
    call.path = value.str_or_empty("path");
    call.method = value.str_or_empty("method");
    call.alpn = value.str_or_empty("alpn");
    call.address = value.str("address");
    call.mtls_secret = value.str_or_empty("mtls_secret");
    call.source_ip = value.str("source_ip");
    let headers = value.entries("headers");
    call.headers = headers
        .filter_map(|(key, value)| Some((key.clone(), Str::new(value.as_str()?))))
        .collect();
    call.mode = match value.str("mode") {
        Some(mode) => Some(Mode::parse(&mode).ok_or_else(|| format!("unknown mode {mode:?}"))?),
        None => None,
    };
    Ok(call)
}

fn differences(found: &Trace, expected: &Value, of_first: bool) -> Vec<String> {
    let hop = if of_first {
        found.hops.first()
    } else {
        found.hops.last()
    };
    let mut differences = Vec::new();
    let mut compare = |key: &str, want: &Value, got: Option<String>| {
        let want = text(want);
        if want != got.clone().filter(|g| !g.is_empty() || want.is_some()) {
            let word = |v: Option<String>| v.unwrap_or_else(|| "none".into());
            differences.push(format!("{key}: expected {}, got {}", word(want), word(got)));
        }
    };
    for (key, want) in expected.as_map().into_iter().flatten() {
        match key.as_str() {
            "verdict" => {
                let first = hop.filter(|_| of_first);
                let verdict = first.map_or(found.verdict, |h| h.verdict);
                if !is_other(want, hop, verdict) {
                    compare("verdict", want, Some(verdict.name().into()));
                }
            }
            "client_sees" => {
                let first = hop.filter(|_| of_first);
                let sees = first.map_or(found.client_sees, |h| h.client_sees);
                compare("client_sees", want, Some(sees.to_string()));
            }
            "through_gateway" => {
                let gateways = &found.through_gateways;
                let known = gateways.iter().any(|g| Some(g.as_str()) == want.as_str());
                if !known {
                    let got = gateways.iter().map(Str::as_str).collect::<Vec<_>>();
                    let got = (!got.is_empty()).then(|| got.join(", "));
                    compare("through_gateway", want, got);
                }
            }
            "stops_at" => {
                compare(
                    "stops_at",
                    want,
                    found.stops_at.as_ref().map(Str::to_string),
                );
            }
            "hops" => {
                for (i, wanted) in want.as_list().iter().enumerate() {
                    for (key, want) in wanted.as_map().into_iter().flatten() {
                        let got = of_hop(found.hops.get(i), key, false);
                        compare(&format!("hops[{i}].{key}"), want, got);
                    }
                }
            }
            "strict" => {}
            key => compare(key, want, of_hop(hop, key, of_first)),
        }
    }
    if expected.bool("strict") == Some(true) {
        for key in STRICT.iter().filter(|key| !expected.has(key)) {
            compare(key, &Value::Null, of_hop(hop, key, of_first));
        }
    }
    differences
}

/// `other` stands for a redirect, a direct response or a weighted split.
fn is_other(want: &Value, hop: Option<&Hop>, verdict: Verdict) -> bool {
    let splits = hop.is_some_and(|h| h.branches.iter().filter(|b| !b.mirror).count() > 1);
    want.as_str() == Some("other")
        && (splits || matches!(verdict, Verdict::Redirect | Verdict::DirectResponse))
}

/// One key of a proxy. A split has no single cluster in Istio's simulation.
fn of_hop(hop: Option<&Hop>, key: &str, simulated: bool) -> Option<String> {
    let hop = hop?;
    let chain = hop.chain.as_ref();
    let route = hop.route.as_ref();
    let listener = hop.listener.as_ref();
    let splits = hop.branches.iter().filter(|b| !b.mirror).count() > 1;
    match key {
        "proxy" => Some(hop.proxy.to_string()),
        "listener_port" => listener.map(|l| l.port.to_string()),
        "listener" => listener.map(|l| l.name.to_string()),
        "filter_chain" => chain.map(|c| c.name.to_string()),
        "terminates_tls" => chain.map(|c| c.terminates_tls.to_string()),
        "server_certificate" => chain.map(|c| c.server_certificate.to_string()),
        "client_certificate" => chain.map(|c| {
            match c.client_certificate {
                ClientCertificate::None => "none",
                ClientCertificate::Optional => "optional",
                ClientCertificate::Required => "required",
            }
            .into()
        }),
        "route_config" => route.map(|r| r.config.to_string()),
        "virtual_host" => route.map(|r| r.virtual_host.to_string()),
        "route" => route.and_then(|r| r.name.as_ref()).map(Str::to_string),
        "cluster" if splits && simulated => None,
        "cluster" => hop.cluster().map(Str::to_string),
        "upstream_tls" => hop.branches.first().map(|branch| {
            let mode = branch.upstream_tls.map(|mode| mode.name());
            mode.unwrap_or("none").into()
        }),
        _ => Some(format!("unknown key {key}")),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(s) => Some(s.to_string()),
        other => Some(json(other).to_string()),
    }
}

/// What came out, in the words of a claim.
fn summary(found: &Trace) -> serde_json::Value {
    let hops = found.hops.iter().map(|hop| {
        let keys = OF_HOP.iter();
        let entries = keys.filter_map(|key| {
            let value = of_hop(Some(hop), key, false).filter(|v| !v.is_empty())?;
            Some(((*key).to_owned(), serde_json::Value::String(value)))
        });
        serde_json::Value::Object(entries.collect())
    });
    let list = |values: &[Str]| values.iter().map(Str::to_string).collect::<Vec<_>>();
    serde_json::json!({
        "verdict": found.verdict.name(),
        "client_sees": found.client_sees.to_string(),
        "through_gateways": list(&found.through_gateways),
        "stops_at": found.stops_at.as_ref().map(Str::as_str),
        "hops": hops.collect::<Vec<_>>(),
        "assumptions": list(&found.assumptions),
    })
}
