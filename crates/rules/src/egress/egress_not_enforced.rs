//! egress-not-enforced: workloads that use an egress gateway can leave without it (O:15B, O:16.1,
//! O:16.2, V:R3.26).

use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::egress::{Held, Layers, Outcome, layers, meant_to_pass};
use meshscope_mesh::index::namespace_object;
use meshscope_mesh::workloads::workloads_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-not-enforced",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Info,
    summary: "a namespace uses an egress gateway and can leave without it",
    equivalents: &[],
    page: include_str!("../../pages/egress-not-enforced.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let ns = namespace.text(db);
    if is_unknown(ns) {
        return Vec::new();
    }
    let mut gateways: Vec<Str> = Vec::new();
    let mut routes: Vec<ResourceKey> = Vec::new();
    for host in meant_to_pass(db, mesh, namespace).iter() {
        for path in &host.paths {
            if let Outcome::Gateway(through) = &path.outcome {
                gateways.extend(through.iter().cloned());
                routes.extend(host.intended.iter().map(|i| i.virtual_service.clone()));
            }
        }
    }
    gateways.sort();
    gateways.dedup();
    routes.sort();
    routes.dedup();
    if gateways.is_empty() {
        return Vec::new();
    }
    let layers = layers(db, mesh, ns);
    let missing = missing(&layers);
    if missing.is_empty() {
        return Vec::new();
    }
    let object = match namespace_object(db, mesh, namespace) {
        Some(object) => object.key.clone(),
        None => match workloads_in(db, mesh, namespace).first() {
            Some(workload) => workload.object.clone(),
            None => return Vec::new(),
        },
    };
    let names: Vec<Str> = missing.iter().map(|(words, _)| Str::new(*words)).collect();
    let help: Vec<&str> = missing.iter().map(|(_, help)| *help).collect();
    let message = format!(
        "{ns} can leave without {}: {}",
        listing(&gateways, 2),
        listing(&names, 3)
    );
    let mut finding =
        Finding::new(RULE.name, RULE.severity, &object, "", message).help(help.join("; "));
    for (_, layer) in layers.all() {
        let open = layer.parts.iter().find(|p| p.held == Held::No);
        if let Some(because) = open.and_then(|p| p.because.first())
            && because.object != object
        {
            finding = finding.related(&because.object, &because.path, because.why.as_str());
        }
    }
    for route in routes.iter().take(2) {
        finding = finding.related(route, "", "leads through the gateway");
    }
    vec![finding]
}

/// The layers that certainly do not hold: in words, and what closes them.
fn missing(layers: &Layers) -> Vec<(&'static str, &'static str)> {
    let words = |layer: &str| match layer {
        "registry_only" => (
            "ALLOW_ANY lets unknown destinations out",
            "set outboundTrafficPolicy REGISTRY_ONLY",
        ),
        "sidecar_scope" => (
            "no Sidecar hides the other external hosts",
            "add a Sidecar that lists what the namespace calls",
        ),
        _ => (
            "no NetworkPolicy stops a process that leaves without its sidecar",
            "add a NetworkPolicy with egress to the gateway, DNS and istiod only",
        ),
    };
    let all = layers.all();
    let open = all.iter().filter(|(_, l)| l.held == Held::No);
    open.map(|(layer, _)| words(layer)).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, egress_mesh, egress_passthrough};

    #[test]
    fn a_route_alone_enforces_nothing() {
        let mesh = egress_mesh("{number: 443, name: tls, protocol: TLS}");
        let routed = format!("{mesh}{}", egress_passthrough());
        let found = check_rule("egress-not-enforced", &routed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("info Namespace shop"), "{found:?}");
        // Nobody said that calls have to pass a gateway.
        assert!(check_rule("egress-not-enforced", &mesh).is_empty());
    }
}
