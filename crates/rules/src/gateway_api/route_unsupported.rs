//! route-unsupported: a value for which istiod drops the whole route (G:GWA-10).

use super::words;
use crate::prelude::*;
use meshscope_mesh::gateway_api::{
    Parent, Refused, RefusedReason, RouteFault, attachments_in, refused_routes,
};
use meshscope_mesh::visibility::clients;

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-unsupported",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a value for which istiod drops the whole route",
    equivalents: &[],
    page: include_str!("../../pages/route-unsupported.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let refused = refused_routes(db, mesh, namespace);
    if refused.is_empty() {
        return Vec::new();
    }
    let attachments = attachments_in(db, mesh, namespace);
    // Where nobody has a sidecar, routes of a Service are another mesh's.
    let meshed = !clients(db, mesh).is_empty();
    let is_ours = |parent: &Parent| meshed || matches!(parent, Parent::Listener { .. });
    let ours = |route: &ResourceKey| {
        let mut own = attachments.iter().filter(|a| a.route == *route);
        own.any(|a| a.outcome.as_ref().is_ok_and(is_ours))
    };
    let of_ours = refused.iter().filter(|r| ours(&r.because.object));
    of_ours.filter_map(finding).collect()
}

fn finding(refused: &Refused) -> Option<Finding> {
    let RefusedReason::Route(fault) = refused.reason else {
        return None;
    };
    let because = &refused.because;
    let (field, help) = match fault {
        RouteFault::BackendName => (".name", "write the name, and the namespace beside it"),
        RouteFault::Filter => ("", "remove the filter, or say it with an Istio resource"),
        // The schema refuses these; what a mirror leads to may be elsewhere.
        RouteFault::BackendPort
        | RouteFault::UnknownFilter
        | RouteFault::Match
        | RouteFault::Mirror => return None,
    };
    if is_unknown(&because.why) {
        return None;
    }
    let route = &because.object;
    let message = format!(
        "{}: istiod drops all of {route} (404, or another route takes it)",
        words(because)
    );
    let path = format!("{}{field}", because.path);
    Some(Finding::new(RULE.name, RULE.severity, route, &path, message).help(help))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(kind: &str, rule: &str, class: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{gatewayClassName: {class}, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: gw}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}, {{{rule}}}]}}\n{}",
            service("shop", "web", "{name: http, port: 80}")
        );
        check_rule("route-unsupported", &yaml)
    }

    #[test]
    fn one_value_costs_the_whole_route() {
        let at = "error HTTPRoute shop/r spec.rules[1]";
        let table = [
            (
                "backendRefs: [{name: web.shop, port: 80}]",
                format!("{at}.backendRefs[0].name"),
            ),
            (
                "filters: [{type: ExtensionRef, extensionRef: {group: g, kind: K, name: n}}], backendRefs: [{name: web, port: 80}]",
                format!("{at}.filters[0]"),
            ),
            (
                "backendRefs: [{name: web, port: 80, filters: [{type: ResponseHeaderModifier}, {type: URLRewrite}]}]",
                format!("{at}.backendRefs[0].filters[1]"),
            ),
        ];
        for (rule, expected) in table {
            assert_eq!(with("HTTPRoute", rule, "istio"), [expected], "{rule}");
            assert!(with("HTTPRoute", rule, "other").is_empty(), "{rule}");
        }
    }

    #[test]
    fn what_istiod_knows_and_what_other_rules_say() {
        for rule in [
            "filters: [{type: RequestHeaderModifier}, {type: CORS}], backendRefs: [{name: web, port: 80}]",
            "backendRefs: [{name: web, port: 80, filters: [{type: RequestHeaderModifier}]}]",
            "backendRefs: [{name: gone, port: 80}]",
            "backendRefs: [{name: web, namespace: other, port: 80}]",
            "backendRefs: [{name: web}]",
            "backendRefs: [{name: 'web.${NS}', port: 80}]",
            "filters: [{type: Bogus}], backendRefs: [{name: web, port: 80}]",
            "backendRefs: [{name: web, port: 80, filters: [{type: Bogus}]}]",
        ] {
            assert!(with("HTTPRoute", rule, "istio").is_empty(), "{rule}");
        }
    }
}
