//! gateway-selects-foreign-workload: a Gateway programs gateway workloads outside its own namespace,
//! or in several (G:SEL-3, G:SEL-4, V:R6.2).

use crate::finding::listing;
use crate::gateways::words;
use crate::prelude::*;
use meshscope_mesh::gateways::{Gateway, Selection, gateways_in, workloads_of_gateway};

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-selects-foreign-workload",
    group: Group::Gateway,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "a Gateway programs gateway workloads of other namespaces",
    equivalents: &[],
    page: include_str!("../../pages/gateway-selects-foreign-workload.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let all = gateways_in(db, mesh, namespace);
    let written = all.iter().filter(|g| g.object.kind == Kind::Gateway);
    written.filter_map(|g| foreign(db, mesh, g)).collect()
}

fn foreign(db: &dyn Db, mesh: Mesh, gateway: &Gateway) -> Option<Finding> {
    let Selection::Labels(selector) = &gateway.selection else {
        return None;
    };
    let workloads = workloads_of_gateway(db, mesh, name(db, &gateway.label()));
    let known = workloads.iter().map(|(_, w)| w);
    let known: Vec<_> = known.filter(|w| !is_unknown(w.namespace())).collect();
    let mut namespaces: Vec<&Str> = known.iter().map(|w| w.namespace()).collect();
    namespaces.sort();
    namespaces.dedup();
    let own = &gateway.namespace;
    if namespaces.iter().all(|ns| *ns == own) {
        return None;
    }
    let labels: Vec<Str> = known.iter().map(|w| w.label().into()).collect();
    let mut hosts: Vec<Str> = gateway
        .servers
        .iter()
        .flat_map(|s| s.hosts.clone())
        .collect();
    hosts.sort();
    hosts.dedup();
    let hosts = listing(&hosts, 3);
    let (severity, message) = if selector.is_empty() {
        let message = format!(
            "no selector: {hosts} is served by every gateway workload of the mesh ({})",
            listing(&labels, 3)
        );
        (Severity::Warning, message)
    } else if namespaces.len() > 1 {
        let message = format!(
            "{} selects gateway workloads in {} namespaces ({}): {hosts} is served by all of them",
            words(selector),
            namespaces.len(),
            listing(&labels, 3)
        );
        (Severity::Warning, message)
    } else {
        let message = format!(
            "{} selects {} outside {own}: it serves {hosts} there",
            words(selector),
            listing(&labels, 3)
        );
        (RULE.severity, message)
    };
    let mut finding = Finding::new(
        RULE.name,
        severity,
        &gateway.object,
        "spec.selector",
        message,
    )
    .help("a label that only one gateway has keeps it there; PILOT_SCOPE_GATEWAY_TO_NAMESPACE keeps every Gateway in its namespace")
    .reach(0, known.len());
    for workload in known.iter().filter(|w| w.namespace() != own).take(3) {
        finding = finding.related(&workload.object, "", "is programmed by it");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(namespace: &str, selector: &str, workloads: &[&str]) -> Vec<String> {
        let workloads = workloads.iter().map(|ns| gateway_workload(ns, "edge"));
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: {namespace}}}\nspec: {{{selector}servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [a.org]}}]}}\n{}",
            workloads.collect::<String>()
        );
        check_rule("gateway-selects-foreign-workload", &yaml)
    }

    #[test]
    fn one_shared_namespace_is_advice_and_several_are_a_warning() {
        let edge = "selector: {istio: edge}, ";
        let at = "Gateway shop/gw spec.selector";
        assert_eq!(with("shop", edge, &["infra"]), [format!("info {at}")]);
        assert_eq!(
            with("shop", edge, &["infra", "other"]),
            [format!("warning {at}")]
        );
        assert_eq!(with("shop", "", &["infra"]), [format!("warning {at}")]);
        assert!(with("infra", edge, &["infra"]).is_empty());
    }
}
