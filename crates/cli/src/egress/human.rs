//! Egress for people: what leaves how, what would stop it, and the gateways side by side.

use super::view::{
    EgressView, HostView, IsolationView, LayerView, NamespaceView, OutView, PathView,
};
use crate::reason::plain;
use crate::words::{count, some};
use std::fmt::Write;

/// How many reasons or names are listed for one thing.
const SHOWN: usize = 3;

/// The whole answer.
pub fn render(view: &EgressView) -> String {
    let mut text = format!("{}\n", summary(view));
    for namespace in &view.namespaces {
        text.push('\n');
        of_namespace(namespace, &mut text);
    }
    if !view.isolation.is_empty() {
        text.push_str("\nEgress gateways, pair by pair\n");
        matrix(&view.isolation, &mut text);
    }
    text
}

fn summary(view: &EgressView) -> String {
    let paths = || {
        let hosts = view.namespaces.iter().flat_map(|n| &n.hosts);
        hosts.flat_map(|h| &h.paths)
    };
    let bypasses = paths().filter(|p| p.bypasses).count();
    let gateway = paths().filter(|p| p.out.path == "gateway").count();
    let direct = paths().filter(|p| p.out.leaves).count();
    let enforced = view.namespaces.iter().filter(|n| n.enforced).count();
    let head = match bypasses {
        0 => "No call bypasses a gateway it is meant to pass".to_owned(),
        n => format!(
            "{} BYPASS the gateway they are meant to pass",
            count(n, "kind") + " of call"
        ),
    };
    format!(
        "{head}: {gateway} out through a gateway, {direct} without one; {} of {} held by all three layers",
        enforced,
        count(view.namespaces.len(), "namespace")
    )
}

fn of_namespace(namespace: &NamespaceView, text: &mut String) {
    let name = match namespace.namespace.as_str() {
        "" => "(no file says which)",
        name => name,
    };
    let enforced = match namespace.enforced {
        true => "held by all three layers",
        false => "not enforced",
    };
    let _ = writeln!(text, "Namespace {name}: {enforced}");
    let layers = &namespace.layers;
    for (name, layer) in [
        ("REGISTRY_ONLY", &layers.registry_only),
        ("Sidecar scope", &layers.sidecar_scope),
        ("network policy", &layers.network_policy),
    ] {
        of_layer(name, layer, text);
    }
    for host in &namespace.hosts {
        of_host(host, text);
    }
    if !namespace.ways_round.is_empty() {
        text.push_str("  Ways round the gateway\n");
    }
    for way in &namespace.ways_round {
        let closed = match way.closed_by_policy {
            "yes" => " (a network policy closes it)",
            "unknown" => " (whether a network policy closes it, no file says)",
            _ => "",
        };
        let _ = writeln!(
            text,
            "    {}{closed}: {}",
            way.message,
            some(&way.workloads, SHOWN)
        );
        for reason in way.because.iter().take(SHOWN) {
            let _ = writeln!(text, "      {}", reason.line());
        }
    }
}

fn of_layer(name: &str, layer: &LayerView, text: &mut String) {
    let held = match layer.held {
        "yes" => "holds",
        "no" => "does not hold",
        _ => "no file says whether it holds",
    };
    let _ = writeln!(text, "  {name} {held}");
    let deciding = layer.workloads.iter().filter(|p| p.held == layer.held);
    for part in deciding.clone().take(SHOWN) {
        let who = part.workload.as_deref().unwrap_or("a pod without labels");
        for reason in part.because.iter().take(SHOWN) {
            let _ = writeln!(text, "    {who}: {}", reason.line());
        }
    }
    match deciding.count().saturating_sub(SHOWN) {
        0 => {}
        more => {
            let _ = writeln!(text, "    and {} more", count(more, "workload"));
        }
    }
    for assumption in &layer.assumptions {
        let _ = writeln!(text, "    assumed: {}", plain(assumption));
    }
}

fn of_host(host: &HostView, text: &mut String) {
    let defined = match &host.resource {
        Some(resource) => resource.to_string(),
        None => "no ServiceEntry defines it".to_owned(),
    };
    let _ = writeln!(text, "  {} ({defined})", host.host);
    for meant in &host.intended {
        let _ = writeln!(
            text,
            "    meant to pass {} ({})",
            meant.gateways.join(", "),
            meant.virtual_service
        );
    }
    for path in &host.paths {
        of_path(path, text);
    }
}

fn of_path(path: &PathView, text: &mut String) {
    let bypass = if path.bypasses { "BYPASSES: " } else { "" };
    let _ = writeln!(
        text,
        "    {bypass}{} {} from {}",
        path.call,
        out(&path.out),
        some(&path.clients, SHOWN)
    );
    // Where all is well nobody asks for the proof; JSON and `trace` have it.
    if path.bypasses || path.out.path == "broken" {
        for reason in path.because.iter().take(SHOWN) {
            let _ = writeln!(text, "      {}", reason.line());
        }
    }
}

fn out(out: &OutView) -> String {
    match out.path {
        "gateway" => format!("through {}", out.gateways.join(", ")),
        "direct" => "directly".into(),
        "passthrough" => "passed through as dialled".into(),
        "not-captured" => "past the proxy".into(),
        "blocked" => "is blocked".into(),
        "broken" => format!("fails ({})", out.verdict.unwrap_or_default()),
        _ => {
            let parts: Vec<String> = out.parts.iter().map(self::out).collect();
            format!("in parts: {}", parts.join("; "))
        }
    }
}

fn matrix(pairs: &[IsolationView], text: &mut String) {
    for pair in pairs {
        let [a, b] = &pair.gateways;
        let isolated = if pair.isolated { "apart" } else { "NOT apart" };
        let physical = &pair.physical;
        let _ = writeln!(text, "  {a} and {b}: {isolated}");
        let _ = writeln!(
            text,
            "    physical: pods {}, namespaces {}, selectors {}, service accounts {}, nodes {}",
            physical.pods,
            physical.namespaces,
            physical.selectors,
            physical.service_accounts,
            physical.nodes
        );
        let logical = &pair.logical;
        let _ = writeln!(
            text,
            "    logical: {} of both, {} mesh-wide, {} of both, clients of both: {}",
            count(logical.shared_exported_resources.len(), "object"),
            logical.mesh_wide.len(),
            count(logical.shared_gateways.len(), "Gateway"),
            match logical.common_clients.is_empty() {
                true => "none".to_owned(),
                false => logical.common_clients.join(", "),
            }
        );
        for reason in &pair.because {
            let _ = writeln!(text, "      {}", reason.line());
        }
    }
}
