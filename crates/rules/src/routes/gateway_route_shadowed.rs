//! gateway-route-shadowed: routes of several VirtualServices meet on one virtual host of a gateway,
//! and one is never reached (G:RT-4, G:RT-9, G:VSB-4, V:R6.10).

use crate::finding::listing;
use crate::gateways::{comparable, who};
use crate::prelude::*;
use meshscope_mesh::envoy::{Because, PathMatch, Route, RouteMatch, TextMatch};
use meshscope_mesh::gateways::{gateway_listeners, gateway_route_config};
use meshscope_mesh::visibility::virtual_services_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-route-shadowed",
    group: Group::Routes,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a route of one VirtualService takes the requests of another's",
    equivalents: &[],
    page: include_str!("../../pages/gateway-route-shadowed.md"),
    check: Check::Gateway(check),
};

/// Virtual hosts with more routes are not compared pair by pair.
const MOST: usize = 2000;

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let mut found: Vec<Finding> = Vec::new();
    for config_name in config.route_configs() {
        let table = gateway_route_config(db, mesh, &class.proxy, config_name);
        for host in table
            .virtual_hosts
            .iter()
            .filter(|h| h.routes.len() <= MOST)
        {
            for (i, lost) in host.routes.iter().enumerate() {
                let Some(at) = place(lost) else { continue };
                let winner = host.routes.iter().take(i).find(|r| {
                    let other = place(r).is_some_and(|w| w.object != at.object);
                    other && covers(&r.matching, &lost.matching)
                });
                let Some(by) = winner.and_then(place) else {
                    continue;
                };
                if !comparable(db, mesh, &[at.clone(), by.clone()]) {
                    continue;
                }
                let finding = finding(db, mesh, class, at, by, &host.domains);
                if !found.iter().any(|f| f.anchor == finding.anchor) {
                    found.push(finding);
                }
            }
        }
    }
    found
}

/// The rule of a VirtualService a route is made of.
fn place(route: &Route) -> Option<&Because> {
    let of =
        |b: &&Because| b.object.kind == Kind::VirtualService && b.path.starts_with("spec.http[");
    route.because.iter().find(of)
}

fn finding(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    at: &Because,
    by: &Because,
    domains: &[Str],
) -> Finding {
    let of = |b: &Because| {
        let all = virtual_services_in(db, mesh, name(db, &b.object.namespace));
        all.iter().find(|v| v.object == b.object).cloned()
    };
    let public = |v: &meshscope_mesh::visibility::VirtualService| {
        v.export_to.is_empty() || v.export_to.iter().any(|e| e == "*")
    };
    // Private comes before public whatever the age (G:VSB-4).
    let undecided = of(at).zip(of(by)).is_some_and(|(a, b)| {
        public(&a) == public(&b) && (a.created.is_none() || a.created == b.created)
    });
    let said = match undecided {
        true => " (the older one wins; the files do not say which)",
        false => "",
    };
    let message = format!(
        "{} on {} is answered by {} {}{said}: this rule never applies there",
        listing(domains, 2),
        who(class),
        by.object,
        by.path
    );
    let rule = at.path.split(".match").next().unwrap_or_default();
    let finding = Finding::new(RULE.name, RULE.severity, &at.object, rule, message)
        .help("put the routes of one host into one VirtualService, the narrower ones first")
        .related(&by.object, &by.path, "takes the requests");
    match undecided {
        true => finding.certainty(Certainty::Ambiguous),
        false => finding,
    }
}

/// Whether every request of `b` is one of `a`.
fn covers(a: &RouteMatch, b: &RouteMatch) -> bool {
    let path = match (&a.path, &b.path) {
        _ if a.is_catch_all() => true,
        (x, y) if x == y => a.case_sensitive == b.case_sensitive || !a.case_sensitive,
        _ if !a.case_sensitive || !b.case_sensitive => false,
        (PathMatch::Prefix(p), PathMatch::Exact(q) | PathMatch::Prefix(q)) => {
            q.starts_with(p.as_str())
        }
        (PathMatch::Prefix(p), PathMatch::SegmentPrefix(q)) => q.starts_with(p.as_str()),
        _ => false,
    };
    let text = |x: &TextMatch, y: &TextMatch| match (x, y) {
        (TextMatch::Present, _) => true,
        (TextMatch::Prefix(p), TextMatch::Exact(q) | TextMatch::Prefix(q)) => {
            q.starts_with(p.as_str())
        }
        (x, y) => x == y,
    };
    let headers = a.headers.iter().all(|(name, x, inverted)| {
        b.headers.iter().any(|(other, y, also)| {
            name == other && inverted == also && if *inverted { x == y } else { text(x, y) }
        })
    });
    let query = a
        .query
        .iter()
        .all(|(name, x)| b.query.iter().any(|(other, y)| name == other && text(x, y)));
    path && headers && query && a.metadata.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(first: &str, second: &str) -> Vec<String> {
        let vs = |name: &str, uri: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{hosts: [a.org], gateways: [infra/gw], http: [{{match: [{{uri: {uri}}}], route: [{{destination: {{host: {name}}}}}]}}]}}\n"
            )
        };
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}\n{}{}{}",
            vs("one", first),
            vs("two", second),
            gateway_workload("infra", "edge")
        );
        check_rule("gateway-route-shadowed", &yaml)
    }

    #[test]
    fn only_what_is_covered_is_lost() {
        let at = ["warning VirtualService shop/two spec.http[0]"];
        assert_eq!(with("{prefix: /a}", "{prefix: /a/b}"), at);
        assert_eq!(with("{exact: /a}", "{exact: /a}"), at);
        assert!(with("{prefix: /a/b}", "{prefix: /a}").is_empty());
        assert!(with("{prefix: /}", "{prefix: /a}").is_empty());
    }
}
