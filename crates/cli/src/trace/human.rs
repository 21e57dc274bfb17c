//! A trace for people: the answer first, then one paragraph per proxy.

use super::view::{BranchView, HopView, PathView, TraceView};
use crate::reason::{Reason, plain};
use std::fmt::Write;

/// How many near misses are shown per hop.
const MISSES: usize = 5;

/// An explanation.
pub fn render(trace: &TraceView) -> String {
    let mut text = format!("{}\n", answer(trace));
    let _ = writeln!(
        text,
        "  {} from {}, verdict {}",
        trace.call,
        who(&trace.from),
        trace.path.verdict
    );
    for bypass in &trace.bypasses {
        let _ = writeln!(
            text,
            "  meant for {}: {}",
            bypass.gateways.join(", "),
            bypass.because.line()
        );
    }
    for (i, hop) in trace.path.hops.iter().enumerate() {
        let next = trace.path.hops.get(i + 1);
        let _ = write!(text, "\n{}. {}\n", i + 1, paragraph(hop, next));
        ways(hop, &mut text);
        reasons("decided by", &hop.because, &mut text);
        reasons("nearly, but", shown(&hop.near_misses), &mut text);
    }
    if !trace.path.because.is_empty() {
        let _ = write!(text, "\n{}\n", ending(&trace.path));
        reasons("decided by", &trace.path.because, &mut text);
    }
    if !trace.path.assumptions.is_empty() {
        text.push_str("\nAssumed, for no file says it:\n");
        for assumption in &trace.path.assumptions {
            let _ = writeln!(text, "   {}", plain(assumption));
        }
    }
    text
}

/// The line that answers "200, but did it pass the gateway?".
fn answer(trace: &TraceView) -> String {
    let path = &trace.path;
    if !path.arrives {
        return failure(path);
    }
    let to = match path.destinations.as_slice() {
        [] => "the destination".to_owned(),
        all => all.iter().map(|d| who(d)).collect::<Vec<_>>().join(", "),
    };
    let sees = match path.client_sees.as_str() {
        "upstream" => format!("Arrives: the client gets the answer of {to}"),
        other => format!("Arrives at {to}, but the client gets {}", sees(other)),
    };
    let way = way(path);
    let meant: Vec<&str> = trace
        .bypasses
        .iter()
        .flat_map(|b| b.gateways.iter().map(String::as_str))
        .collect();
    if !meant.is_empty() {
        format!(
            "{sees}, but BYPASSES the gateway {} ({way})",
            meant.join(", ")
        )
    } else if trace.leaks && path.through_gateways.is_empty() {
        format!("{sees}, {way}; ONLY PART OF IT PASSES A GATEWAY, see the other ways below")
    } else if trace.leaks {
        format!("{sees}, {way}; but PART OF IT PASSES NO GATEWAY, see the other ways below")
    } else if path.hops.iter().any(fails_in_part) {
        format!("{sees}, {way}; but PART OF THE CALLS FAIL, see the other ways below")
    } else {
        format!("{sees}, {way}")
    }
}

/// Whether a share of the calls goes where it fails; a copy that does is nobody's loss.
fn fails_in_part(hop: &HopView) -> bool {
    let mut others = hop.branches.iter().filter(|b| !b.mirror && b.weight > 0);
    others.any(|b| b.path.as_ref().is_some_and(|p| !p.arrives))
}

fn way(path: &PathView) -> String {
    match (path.through_gateways.as_slice(), path.verdict) {
        ([], "passthrough") => {
            "past every gateway: nothing routes it, it goes out as dialled".into()
        }
        ([], "not_in_mesh") => "past every gateway: no proxy takes it".into(),
        ([], _) => "without passing a gateway".into(),
        ([one], _) => format!("through the gateway {one}"),
        (all, _) => format!("through the gateways {}", all.join(", then ")),
    }
}

/// What becomes of a call that does not arrive.
fn failure(path: &PathView) -> String {
    let at = path.stops_at.as_deref().unwrap_or("the first proxy");
    let gateways = match path.through_gateways.as_slice() {
        [] => "before any gateway".to_owned(),
        all if all.iter().any(|g| g == at) => "at the gateway".to_owned(),
        all => format!("behind the gateway {}", all.join(", ")),
    };
    let why = verdict(path.verdict);
    let ends = match path.verdict {
        "redirect" | "direct_response" | "aborted" => "Answered",
        "blackhole" | "denied" => "Refused",
        _ => "Fails",
    };
    format!(
        "{ends} at {at}, {gateways}: the client gets {}; {why}",
        sees(&path.client_sees)
    )
}

/// What the caller gets, in words.
pub fn sees(client: &str) -> String {
    match client {
        "upstream" => "the answer of the destination".into(),
        "reset" => "a connection that is closed at once".into(),
        "refused" => "a refused connection".into(),
        status => format!("HTTP {status}"),
    }
}

/// What a verdict means.
fn verdict(name: &str) -> &'static str {
    match name {
        "blackhole" => "the mesh refuses destinations nobody registered",
        "no_listener" => "nobody listens on that port",
        "no_filter_chain" => "no filter chain takes the connection",
        "multiple_filter_chain" => "several filter chains take it, which Envoy refuses",
        "no_route" => "the virtual host has no route for the request",
        "no_virtual_host" => "no virtual host takes the Host header",
        "redirect" => "it is answered with a redirect",
        "direct_response" => "the route answers by itself",
        "aborted" => "fault injection answers",
        "cluster_missing" => "the route leads to a cluster the proxy does not have",
        "no_endpoints" => "nobody stands behind the cluster",
        "protocol_error" => "the bytes are not the protocol the proxy expects",
        "tls_error" => "one side speaks TLS and the other does not",
        "mtls_error" => "the mutual TLS of the two sides does not fit",
        "denied" => "an AuthorizationPolicy refuses it",
        "loop" => "it comes back to where it has been",
        _ => "it does not arrive",
    }
}

/// `workload:shop/cart` as `workload shop/cart`.
fn who(name: &str) -> String {
    for role in ["workload", "gateway"] {
        if let Some(rest) = name.strip_prefix(role).and_then(|r| r.strip_prefix(':')) {
            return format!("{role} {rest}");
        }
    }
    name.to_owned()
}

/// What a proxy does, in a few sentences.
fn paragraph(hop: &HopView, next: Option<&HopView>) -> String {
    let proxy = match hop.proxy.strip_prefix("gateway:") {
        Some(name) => format!("Gateway {name}"),
        None => format!("Sidecar of {}", hop.proxy.trim_start_matches("workload:")),
    };
    let mut sentences = vec![match &hop.listener {
        Some(l) if l.name.ends_with(&format!("_{}", l.port)) => {
            format!("listener {} takes the connection", l.name)
        }
        Some(l) => format!(
            "listener {} takes the connection to port {}",
            l.name, l.port
        ),
        None => "nothing listens there".to_owned(),
    }];
    if let Some(chain) = &hop.filter_chain {
        let name = match (&chain.name, chain.sni.as_slice()) {
            (_, [_, ..]) => format!("the filter chain for SNI {}", chain.sni.join(", ")),
            (Some(name), []) => format!("filter chain {name}"),
            (None, []) => "the filter chain without SNI".to_owned(),
        };
        let does = match (chain.terminates_tls, &hop.route) {
            (true, _) => {
                let certificate = chain.server_certificate.as_deref();
                let shows = certificate.map_or(String::new(), |c| format!(" with certificate {c}"));
                let asks = match chain.client_certificate {
                    "required" => " and requires a client certificate",
                    "optional" => " and asks for a client certificate",
                    _ => "",
                };
                format!("ends TLS{shows}{asks}")
            }
            (false, Some(_)) => "reads it as HTTP".to_owned(),
            (false, None) => "passes the bytes on unopened".to_owned(),
        };
        sentences.push(format!("{name} {does}"));
    } else if hop.listener.is_some() {
        sentences.push("no filter chain fits".to_owned());
    }
    if let Some(route) = &hop.route {
        let config = match &route.config {
            Some(config) => format!(" of route config {config}"),
            None => String::new(),
        };
        match (&route.virtual_host, &route.name) {
            (None, _) => sentences.push(format!("no virtual host{config} takes the Host header")),
            (Some(host), None) => sentences.push(format!(
                "virtual host {host}{config} has no route for the request"
            )),
            (Some(host), Some(name)) => {
                let name = match name.as_str() {
                    "" => "its route".to_owned(),
                    name => format!("route {name:?}"),
                };
                sentences.push(format!(
                    "virtual host {host}{config}: {name} takes the request"
                ));
            }
        }
        if let Some(rewrite) = &route.rewrite {
            let new = [("path", &rewrite.uri), ("Host", &rewrite.authority)];
            let new = new
                .iter()
                .filter_map(|(what, to)| Some((what, to.as_ref()?)));
            let new: Vec<String> = new
                .map(|(what, to)| format!("the {what} to {to}"))
                .collect();
            if !new.is_empty() {
                sentences.push(format!("it rewrites {}", new.join(" and ")));
            }
        }
    }
    match &hop.cluster {
        Some(cluster) if hop.verdict == "cluster_missing" => sentences.push(format!(
            "it is led to cluster {cluster}, which this proxy does not have"
        )),
        Some(cluster) if hop.verdict == "blackhole" => {
            sentences.push(format!("it ends in {cluster}"));
        }
        Some(cluster) => {
            let tls = tls(hop.upstream_tls.unwrap_or("none"));
            let to = next.map_or(String::new(), |n| format!(", to {}", who(&n.proxy)));
            sentences.push(format!("it goes on to cluster {cluster}, {tls}{to}"));
        }
        None => sentences.push(format!("here it ends: {}", verdict(hop.verdict))),
    }
    format!("{proxy}\n   {}.", sentences.join("; "))
}

fn tls(mode: &str) -> String {
    match mode {
        "none" | "DISABLE" => "no TLS added".into(),
        "ISTIO_MUTUAL" => "inside Istio mutual TLS".into(),
        "SIMPLE" => "inside TLS (SIMPLE)".into(),
        other => format!("inside mutual TLS ({other})"),
    }
}

/// The ways of a split or copy.
fn ways(hop: &HopView, text: &mut String) {
    let weights: i64 = hop
        .branches
        .iter()
        .filter(|b| !b.mirror)
        .map(|b| b.weight)
        .sum();
    for (i, branch) in hop.branches.iter().enumerate() {
        let lead = if i == 0 {
            "followed here"
        } else {
            "another way"
        };
        let _ = writeln!(text, "   {lead}: {}", other(branch, weights));
    }
}

fn other(branch: &BranchView, weights: i64) -> String {
    let share = match branch.mirror {
        true => "a copy".to_owned(),
        false => format!("weight {} of {weights}", branch.weight),
    };
    let becomes = match &branch.path {
        None => String::new(),
        Some(path) if path.arrives => {
            let to: Vec<String> = path.destinations.iter().map(|d| who(d)).collect();
            format!(": arrives at {}, {}", to.join(", "), way(path))
        }
        Some(path) => format!(": {}", failure(path)),
    };
    format!(
        "{share} to {}, {}{becomes}",
        branch.cluster,
        tls(branch.upstream_tls)
    )
}

fn ending(path: &PathView) -> String {
    match (path.arrives, &path.stops_at) {
        (false, Some(at)) => format!("It ends at {at}: {}.", verdict(path.verdict)),
        _ => "Beyond the proxies:".to_owned(),
    }
}

fn shown(misses: &[Reason]) -> &[Reason] {
    misses.get(..MISSES).unwrap_or(misses)
}

fn reasons(title: &str, reasons: &[Reason], text: &mut String) {
    if reasons.is_empty() {
        return;
    }
    let _ = writeln!(text, "   {title}");
    for reason in reasons {
        let _ = writeln!(text, "     {}", reason.line());
    }
}
