//! route-rule-without-backend: a rule that leads nowhere; istiod answers itself (G:GWA-10).

use crate::prelude::*;
use meshscope_manifest::spec::gateway_api::RouteRule;
use meshscope_mesh::gateway_api::{Parent, attachments_in};
use meshscope_mesh::visibility::clients;
use std::collections::BTreeSet;

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-rule-without-backend",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a rule of a route that has neither backend nor redirect",
    equivalents: &[],
    page: include_str!("../../pages/route-rule-without-backend.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    // Routes of other controllers are theirs to answer.
    let attached = attachments_in(db, mesh, namespace);
    // Those of a Service are another mesh's where nobody has a sidecar.
    let meshed = !clients(db, mesh).is_empty();
    let is_ours = |parent: &Parent| meshed || matches!(parent, Parent::Listener { .. });
    let ours = attached
        .iter()
        .filter(|a| a.outcome.as_ref().is_ok_and(is_ours));
    let ours: BTreeSet<&ResourceKey> = ours.map(|a| &a.route).collect();
    let mut found = Vec::new();
    for kind in [Kind::HttpRoute, Kind::GrpcRoute] {
        for route in objects(db, mesh, namespace, kind).iter() {
            if !ours.contains(&route.key) {
                continue;
            }
            let rules = route.route().map_or(&[][..], |r| &r.rules);
            for (i, rule) in rules.iter().enumerate() {
                found.extend(answer(kind, rule).map(|answer| finding(route, i, rule, answer)));
            }
        }
    }
    found
}

/// What istiod answers to a rule that leads nowhere.
fn answer(kind: Kind, rule: &RouteRule) -> Option<&'static str> {
    let answers = |f: &meshscope_manifest::Value| {
        let kind = f.str("type");
        matches!(kind.as_deref(), Some("RequestRedirect" | "ExtensionRef"))
    };
    if rule.filters.iter().any(answers) {
        return None;
    }
    match (rule.backends.is_empty(), kind) {
        (true, Kind::HttpRoute) => Some("404"),
        (true, _) => Some("500"),
        (false, _) => rule.backends.iter().all(|b| b.weight == 0).then_some("500"),
    }
}

fn finding(route: &Resource, index: usize, rule: &RouteRule, answer: &str) -> Finding {
    let what = match rule.backends.is_empty() {
        true => "has neither backend nor redirect",
        false => "gives every backend the weight 0",
    };
    let path = rule.matches.first().map(|m| m.get("path").str("value"));
    let which = match path.flatten() {
        Some(path) => format!("the rule for {path}"),
        None => format!("rule {index}"),
    };
    let message = format!("{which} {what}: istiod answers {answer}");
    Finding::new(
        RULE.name,
        RULE.severity,
        &route.key,
        &format!("spec.rules[{index}]"),
        message,
    )
    .help("add a backendRef or a RequestRedirect, or remove the rule")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(rule: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: gw}}], rules: [{{{rule}}}]}}\n{}",
            service("shop", "web", "{name: http, port: 80}")
        );
        check_rule("route-rule-without-backend", &yaml)
    }

    #[test]
    fn a_rule_needs_somewhere_to_go() {
        let at = "warning HTTPRoute shop/r spec.rules[0]";
        assert_eq!(with("matches: [{path: {value: /a}}]"), [at]);
        assert_eq!(
            with("backendRefs: [{name: web, port: 80, weight: 0}]"),
            [at]
        );
        assert!(with("backendRefs: [{name: web, port: 80}]").is_empty());
        let redirect = "filters: [{type: RequestRedirect, requestRedirect: {hostname: a.org}}]";
        assert!(with(redirect).is_empty());
    }
}
