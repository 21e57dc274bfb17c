//! Gateway workloads for people: the count of what is wrong first, then workload by workload.

use super::view::{ChainView, GatewaysView, ListenerView, WorkloadView};
use crate::reason::plain;
use crate::words::count;
use std::fmt::Write;

/// All workloads.
pub fn render(view: &GatewaysView) -> String {
    let mut text = format!("{}\n", summary(view));
    for resource in &view.unselected {
        let _ = writeln!(
            text,
            "  {} selects no gateway workload: nothing of it is programmed",
            resource
        );
    }
    for gateway in &view.gateways {
        text.push('\n');
        workload(gateway, &mut text);
    }
    text
}

fn summary(view: &GatewaysView) -> String {
    let sum = |of: fn(&WorkloadView) -> usize| view.gateways.iter().map(of).sum::<usize>();
    let bound = sum(|g| g.bound.len());
    let mut parts = vec![format!(
        "{}, {}",
        count(view.gateways.len(), "gateway workload"),
        count(bound, "binding")
    )];
    let without = sum(|g| g.unbound.iter().filter(|u| !u.bound_elsewhere).count());
    for (n, words) in [
        (without, "not bound"),
        (sum(|g| g.dropped.len()), "dropped"),
        (sum(|g| g.rejected.len()), "refused by Envoy"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    if !view.unselected.is_empty() {
        let gateways = count(view.unselected.len(), "Gateway");
        parts.push(format!("{gateways} without a workload"));
    }
    parts.join(", ")
}

fn workload(gateway: &WorkloadView, text: &mut String) {
    let _ = writeln!(text, "{}", gateway.workload.replacen(':', " ", 1));
    let slimming = &gateway.clusters;
    let _ = writeln!(
        text,
        "  {} sent; config slimming (PILOT_FILTER_GATEWAY_CLUSTER_CONFIG) is {}: {} with, {} without",
        count(
            if slimming.slimming_on {
                slimming.with_slimming
            } else {
                slimming.without_slimming
            },
            "cluster"
        ),
        if slimming.slimming_on { "on" } else { "off" },
        slimming.with_slimming,
        slimming.without_slimming
    );
    if gateway.attached.is_empty() {
        text.push_str("  no Gateway applies: it listens nowhere\n");
    }
    for attached in &gateway.attached {
        let _ = writeln!(text, "  {}", attached.because.line());
    }
    for listener in &gateway.listeners {
        of_listener(gateway, listener, text);
    }
    let unbound: Vec<_> = gateway
        .unbound
        .iter()
        .filter(|u| !u.bound_elsewhere)
        .collect();
    if !unbound.is_empty() {
        text.push_str("  Not bound\n");
        for unbound in unbound {
            let server = unbound
                .server
                .map_or(String::new(), |s| format!(" server {s}"));
            let _ = writeln!(
                text,
                "    {} on {}{server}: {}",
                unbound.virtual_service, unbound.gateway, unbound.message
            );
            // Under "Dropped" they are named anyway.
            let named = unbound.reason == "server-dropped";
            for reason in unbound.because.iter().filter(|_| !named) {
                let _ = writeln!(text, "      {}", reason.line());
            }
        }
    }
    if !gateway.dropped.is_empty() {
        text.push_str("  Dropped\n");
        for dropped in &gateway.dropped {
            let port = dropped
                .port
                .map_or(String::new(), |p| format!("port {p}: "));
            let age = match dropped.ambiguous {
                true => " (the older of the two wins, and no file says which that is)",
                false => "",
            };
            let _ = writeln!(text, "    {port}{}{age}", dropped.message);
            for reason in &dropped.parties {
                let _ = writeln!(text, "      {}", reason.line());
            }
        }
    }
    if !gateway.rejected.is_empty() {
        text.push_str("  Envoy would refuse\n");
        for rejected in &gateway.rejected {
            let _ = writeln!(
                text,
                "    {} {}: {}",
                rejected.what,
                rejected.name,
                plain(&rejected.why)
            );
            for reason in &rejected.parties {
                let _ = writeln!(text, "      {}", reason.place());
            }
        }
    }
}

fn of_listener(gateway: &WorkloadView, listener: &ListenerView, text: &mut String) {
    let services: Vec<String> = listener
        .service_ports
        .iter()
        .map(|s| format!("{}:{}", s.service, s.port))
        .collect();
    let from = match services.is_empty() {
        true => "no Service port leads here".to_owned(),
        false => format!("from {}", services.join(", ")),
    };
    let _ = writeln!(text, "  Listener {}, {from}", listener.name);
    for chain in &listener.filter_chains {
        let _ = writeln!(text, "    {}", of_chain(chain));
        for reason in &chain.because {
            let _ = writeln!(text, "      {}", reason.place());
        }
    }
    let bound = gateway.bound.iter();
    for bound in bound.filter(|b| b.listener_port == listener.port) {
        let _ = writeln!(
            text,
            "    serves {} for {} on {}",
            bound.virtual_service,
            bound.hosts.join(", "),
            bound.server.place()
        );
    }
}

fn of_chain(chain: &ChainView) -> String {
    let sni = match chain.sni.is_empty() {
        true => "every connection".to_owned(),
        false => format!("SNI {}", chain.sni.join(", ")),
    };
    let tls = match (chain.tls_mode, chain.terminates_tls) {
        (Some(mode), true) => {
            let shown = chain.certificate.as_deref().unwrap_or_default();
            format!("TLS {mode} ends here, certificate {shown}")
        }
        (None, true) => "TLS ends here".to_owned(),
        (Some(mode), false) => format!("TLS {mode}, not opened"),
        (None, false) if chain.redirects_to_https => "plaintext, redirects to HTTPS".to_owned(),
        (None, false) => "plaintext".to_owned(),
    };
    let to = match &chain.route_config {
        Some(config) => format!("route config {config}"),
        None => chain.clusters.join(", "),
    };
    format!("{sni}: {tls}, to {to}")
}
