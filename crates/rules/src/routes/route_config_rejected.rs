//! route-config-rejected: one route makes Envoy refuse the routes of all hosts (G:RT-13, G:RT-14,
//! G:NACK-4, G:NACK-7).

use crate::finding::listing;
use crate::gateways::who;
use crate::prelude::*;
use meshscope_mesh::gateways::{Rejected, gateway_route_config, rejections};

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-config-rejected",
    group: Group::Routes,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a route that makes Envoy refuse the whole route table of a gateway",
    equivalents: &[],
    page: include_str!("../../pages/route-config-rejected.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let all = rejections(db, mesh, &class.proxy);
    let mut found: Vec<Finding> = Vec::new();
    for refused in all.iter().filter(|r| r.what == Rejected::RouteConfig) {
        // Everything of the routes; what surrounds them does not make them wrong.
        let own = refused
            .parties
            .iter()
            .find(|p| p.object.kind == Kind::VirtualService);
        let Some(at) = own.or(refused.parties.first()) else {
            continue;
        };
        let config = gateway_route_config(db, mesh, &class.proxy, &refused.name);
        let hosts: Vec<Str> = config
            .virtual_hosts
            .iter()
            .flat_map(|v| v.domains.clone())
            .collect();
        let message = format!(
            "Envoy refuses route table {} of {} because of this: {}; {} hosts stop being updated ({})",
            refused.name,
            who(class),
            refused.why,
            hosts.len(),
            listing(&hosts, 3)
        );
        let mut finding = Finding::new(RULE.name, RULE.severity, &at.object, &at.path, message)
            .help("correct the value: a running gateway keeps its last routes, a new one has none");
        for because in config.virtual_hosts.iter().flat_map(|v| &v.because) {
            let known = |r: &crate::finding::Related| r.resource == because.object;
            if because.object != at.object && !finding.related.iter().any(known) {
                finding = finding.related(&because.object, "", "is frozen with it");
            }
        }
        if !found.iter().any(|f| f.same_as(&finding)) {
            found.push(finding);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(action: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.org], gateways: [infra/gw], http: [{{{action}}}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("route-config-rejected", &yaml)
    }

    #[test]
    fn codes_and_commands_envoy_does_not_know() {
        assert!(with("redirect: {uri: /x, redirectCode: 308}").is_empty());
        assert_eq!(with("redirect: {uri: /x, redirectCode: 304}").len(), 1);
        assert_eq!(with("directResponse: {status: 600}").len(), 1);
    }
}
