//! gateway-listener-rejected: Envoy refuses a listener that istiod builds (G:TLS-9, G:TLS-10,
//! G:MRG-10..12, G:SEL-12, G:APT-4, G:NACK-1, G:NACK-8).

use crate::gateways::{comparable, who};
use crate::prelude::*;
use meshscope_mesh::gateways::{Rejected, gateway_listeners};

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-listener-rejected",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "Envoy refuses a listener of a gateway",
    equivalents: &[],
    page: include_str!("../../pages/gateway-listener-rejected.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let mut found: Vec<Finding> = Vec::new();
    // Two claims on one name are the matter of ambiguous-sni.
    for refused in config.rejections.iter().filter(|r| r.sni.is_none()) {
        let Some(at) = refused.parties.first() else {
            continue;
        };
        if refused.what != Rejected::Listener || !comparable(db, mesh, &refused.parties) {
            continue;
        }
        let listener = config.listeners.iter().find(|l| l.name == refused.name);
        let on_port = listener.map_or(&[][..], |l| &l.because);
        let message = format!(
            "Envoy refuses listener {} of {}: {}; everything on this port stops being updated",
            refused.name,
            who(class),
            refused.why
        );
        let mut finding = Finding::new(RULE.name, RULE.severity, &at.object, &at.path, message);
        let others = refused
            .parties
            .iter()
            .skip(1)
            .map(|p| (p, "takes the same connections"));
        let frozen = on_port.iter().map(|p| (p, "is frozen with it"));
        for (party, why) in others.chain(frozen) {
            let known = |r: &crate::finding::Related| r.resource == party.object;
            if party.object != at.object && !finding.related.iter().any(known) {
                finding = finding.related(&party.object, &party.path, why);
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

    fn with(first: &str, second: &str) -> Vec<String> {
        let gateway = |name: &str, server: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{{server}}}]}}\n---\n"
            )
        };
        let yaml = [
            gateway("a", first),
            gateway("b", second),
            gateway_workload("infra", "edge"),
        ];
        check_rule("gateway-listener-rejected", &yaml.concat())
    }

    #[test]
    fn two_match_alls_are_refused() {
        let https = |host: &str| {
            format!(
                "port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{mode: SIMPLE, credentialName: c}}, hosts: ['{host}']"
            )
        };
        let plain = "port: {number: 443, name: http, protocol: HTTP}, hosts: ['*']";
        assert_eq!(with(&https("*"), plain).len(), 1);
        assert!(with(&https("a.org"), plain).is_empty());
        assert!(with(&https("a.org"), &https("*")).is_empty());
    }
}
