//! jwt-claim-route-without-authentication: a route matches claims that nothing on the gateway reads
//! from a token (G:RT-12).

use crate::prelude::*;
use meshscope_mesh::gateways::routers;
use meshscope_mesh::visibility::virtual_services_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "jwt-claim-route-without-authentication",
    group: Group::MtlsAndAuthz,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a match on JWT claims where no RequestAuthentication applies",
    equivalents: &["IST0149"],
    page: include_str!("../../pages/jwt-claim-route-without-authentication.md"),
    check: Check::Namespace(check),
};

const CLAIMS: &str = "@request.auth.claims";

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if vs.gateway_semantics || vs.object.kind != Kind::VirtualService {
            continue;
        }
        for route in &vs.http {
            for (m, place) in route.rule.matches.iter().zip(&route.match_places) {
                let headers = m.headers.iter().chain(&m.without_headers);
                let claim = headers.map(|(k, _)| k).find(|k| k.starts_with(CLAIMS));
                let Some(claim) = claim.filter(|_| !place.in_root) else {
                    continue;
                };
                let path = format!("spec.http[{}].match[{}].headers", route.index, place.index);
                for (_, proxy, workload) in routers(db, mesh, vs) {
                    if authenticates(db, mesh, &proxy) {
                        continue;
                    }
                    let message = format!(
                        "{claim} is never set on gateway {}: no RequestAuthentication applies there, so the match is never true",
                        workload.label()
                    );
                    let mut finding =
                        Finding::new(RULE.name, RULE.severity, &route.object, &path, message)
                            .help(
                                "add a RequestAuthentication with jwtRules for the gateway's pods",
                            )
                            .related(&workload.object, "", "the gateway workload")
                            .reach(0, 1);
                    if !has_security(db, mesh, workload.namespace()) {
                        finding = finding.certainty(Certainty::Assumed);
                    }
                    if !found.iter().any(|f| f.anchor == finding.anchor) {
                        found.push(finding);
                    }
                }
            }
        }
    }
    found
}

/// Whether a policy with rules for tokens selects the pods, or the Gateway they were made for.
fn authenticates(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> bool {
    let root = facts(db, mesh).root();
    let gateway = proxy.labels.get("gateway.networking.k8s.io/gateway-name");
    [root, &proxy.config_namespace].into_iter().any(|ns| {
        let policies = objects(db, mesh, name(db, ns), Kind::RequestAuthentication);
        policies.iter().any(|p| {
            let Some(policy) = p.attached() else {
                return false;
            };
            let targeted = policy
                .target_refs
                .iter()
                .any(|(_, _, n)| Some(n) == gateway);
            let selected =
                policy.target_refs.is_empty() && policy.selector.subset_of(&proxy.labels);
            !policy.spec.list("jwtRules").is_empty() && (targeted || selected)
        })
    })
}

/// Whether the files hold policies of a namespace at all.
fn has_security(db: &dyn Db, mesh: Mesh, namespace: &str) -> bool {
    let kinds = [
        Kind::RequestAuthentication,
        Kind::AuthorizationPolicy,
        Kind::PeerAuthentication,
    ];
    let ns = name(db, namespace);
    kinds.iter().any(|k| !objects(db, mesh, ns, *k).is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(header: &str, policy: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: infra}}\nspec: {{hosts: [a.org], gateways: [gw], http: [{{match: [{{headers: {{'{header}': {{exact: x}}}}}}], route: [{{destination: {{host: edge}}}}]}}]}}\n---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: jwt, namespace: infra}}\nspec: {{{policy}}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("jwt-claim-route-without-authentication", &yaml)
    }

    #[test]
    fn a_policy_with_rules_for_tokens_must_apply() {
        let at = "error VirtualService infra/v spec.http[0].match[0].headers";
        let claim = "@request.auth.claims.group";
        let rules = "jwtRules: [{issuer: i}]";
        assert_eq!(with(claim, ""), [at]);
        assert_eq!(
            with(
                claim,
                &format!("selector: {{matchLabels: {{app: x}}}}, {rules}")
            ),
            [at]
        );
        assert!(with(claim, rules).is_empty());
        assert!(with("x-group", "").is_empty());
    }
}
