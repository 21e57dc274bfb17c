//! virtual-service-hidden-from-gateway: bound to a Gateway whose pods do not see it (V:R2.7, V:R6.12,
//! G:VSB-3).

use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::gateways::workloads_of_gateway;
use meshscope_mesh::visibility::{Audience, VirtualService, audience, virtual_services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "virtual-service-hidden-from-gateway",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a VirtualService is not exported to the namespace of its gateway's pods",
    equivalents: &[],
    page: include_str!("../../pages/virtual-service-hidden-from-gateway.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let all = virtual_services_in(db, mesh, namespace);
    let written = all.iter().filter(|v| v.object.kind == Kind::VirtualService);
    written.flat_map(|v| hidden(db, mesh, v)).collect()
}

fn hidden(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Vec<Finding> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let seen_by = match audience(vs, defaults) {
        Audience::Public => return Vec::new(),
        Audience::Namespaces(targets) => targets,
        Audience::Nobody => Default::default(),
    };
    if seen_by.iter().any(|ns| is_unknown(ns)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for gateway in vs.gateways.iter().filter(|g| *g != "mesh") {
        let workloads = workloads_of_gateway(db, mesh, name(db, gateway));
        let sees = |ns: &Str| is_unknown(ns) || seen_by.contains(ns);
        // Seen by the pods of one gateway it is meant for those.
        if workloads.is_empty() || workloads.iter().any(|(_, w)| sees(w.namespace())) {
            continue;
        }
        let mut pods: Vec<Str> = workloads
            .iter()
            .map(|(_, w)| w.namespace().clone())
            .collect();
        pods.sort();
        pods.dedup();
        let to: Vec<Str> = seen_by.to_vec();
        let only = match to.is_empty() {
            true => "nobody".to_owned(),
            false => format!("only {}", listing(&to, 3)),
        };
        let message = format!(
            "{} is bound to {gateway}, whose pods run in {}, but it is exported to {only}: that gateway never sees it",
            vs.object,
            listing(&pods, 2)
        );
        let path = match vs.export_to.is_empty() {
            true => "",
            false => "spec.exportTo",
        };
        let mut finding = Finding::new(RULE.name, RULE.severity, &vs.object, path, message)
            .help(format!("add {} to exportTo", listing(&pods, 2)));
        for (_, workload) in workloads.iter().take(2) {
            finding = finding.related(&workload.object, "", "the gateway workload");
        }
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(export: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.org], gateways: [gw], exportTo: [{export}], http: [{{route: [{{destination: {{host: web}}}}]}}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("virtual-service-hidden-from-gateway", &yaml)
    }

    #[test]
    fn the_namespace_of_the_pods_counts() {
        assert!(with("'*'").is_empty());
        assert!(with("., infra").is_empty());
        assert_eq!(with("."), ["error VirtualService shop/v spec.exportTo"]);
    }
}
