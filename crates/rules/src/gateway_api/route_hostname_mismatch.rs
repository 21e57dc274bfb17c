//! route-hostname-mismatch: hostnames of a route that no listener of its parent has (G:GWA-8,
//! G:GWA-9).

use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::gateway_api::{Attachment, Denial, Parent, attachments_in};
use meshscope_mesh::names::matches;

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-hostname-mismatch",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a hostname of a route that no listener of its parent covers",
    equivalents: &[],
    page: include_str!("../../pages/route-hostname-mismatch.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let attachments = attachments_in(db, mesh, namespace);
    let mut found = Vec::new();
    for kind in [Kind::HttpRoute, Kind::GrpcRoute, Kind::TlsRoute] {
        for route in objects(db, mesh, namespace, kind).iter() {
            let Some(spec) = route.route().filter(|r| !r.hostnames.is_empty()) else {
                continue;
            };
            let of_route = attachments.iter().filter(|a| a.route == route.key);
            let of_route: Vec<&Attachment> = of_route.collect();
            found.extend(mismatches(route, &spec.hostnames, &of_route));
        }
    }
    found
}

fn mismatches(route: &Resource, hostnames: &[Str], attachments: &[&Attachment]) -> Vec<Finding> {
    let listeners: Vec<&Str> = attachments
        .iter()
        .filter_map(|a| match &a.outcome {
            Ok(Parent::Listener { hostname, .. }) => Some(hostname),
            _ => None,
        })
        .collect();
    if listeners.is_empty() {
        // Denied for this reason alone, or something else says more.
        let refused = |a: &&&Attachment| a.outcome == Err(Denial::NoHostname);
        let Some(first) = attachments.iter().find(refused) else {
            return Vec::new();
        };
        let elsewhere = attachments.iter().any(|a| a.outcome.is_ok());
        if elsewhere || hostnames.iter().any(|h| is_unknown(h)) {
            return Vec::new();
        }
        let message = format!(
            "no listener of the parent covers {}: the route is not attached",
            listing(hostnames, 3)
        );
        let parent = format!("spec.parentRefs[{}]", first.reference);
        return vec![
            Finding::new(
                RULE.name,
                RULE.severity,
                &route.key,
                "spec.hostnames",
                message,
            )
            .help("add the hostname to a listener, or correct it")
            .related(&route.key, &parent, "the parent"),
        ];
    }
    let covered = |host: &Str| listeners.iter().any(|l| l.is_empty() || matches(l, host));
    let mut found = Vec::new();
    for (i, host) in hostnames.iter().enumerate() {
        if is_unknown(host) || covered(host) {
            continue;
        }
        let shown: Vec<Str> = listeners.iter().map(|l| (*l).clone()).collect();
        let message = format!(
            "{host} is covered by no listener of the parent ({}): it is ignored",
            listing(&shown, 3)
        );
        let path = format!("spec.hostnames[{i}]");
        found.push(
            Finding::new(RULE.name, Severity::Warning, &route.key, &path, message)
                .help("add the hostname to a listener, or remove it here"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(listener: &str, hostnames: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP{listener}}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: gw}}], hostnames: [{hostnames}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n{}",
            service("shop", "web", "{name: http, port: 80}")
        );
        check_rule("route-hostname-mismatch", &yaml)
    }

    #[test]
    fn hostnames_must_meet_a_listener() {
        let wild = ", hostname: '*.foo.com'";
        assert_eq!(
            with(wild, "foo.com, bar.com"),
            ["error HTTPRoute shop/r spec.hostnames"]
        );
        assert_eq!(
            with(wild, "a.foo.com, bar.com"),
            ["warning HTTPRoute shop/r spec.hostnames[1]"]
        );
        assert!(with(wild, "a.foo.com").is_empty());
        assert!(with("", "bar.com").is_empty());
        assert!(with(wild, "").is_empty());
    }
}
