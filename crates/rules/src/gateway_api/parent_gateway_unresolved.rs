//! parent-gateway-unresolved: a route names a parent, or a listener of it, that does not exist
//! (G:GWA-8).

use super::routes;
use crate::prelude::*;
use meshscope_manifest::spec::gateway_api::ParentRef;
use meshscope_mesh::gateway_api::{Attachment, Denial, attachments_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "parent-gateway-unresolved",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a parentRef that leads to nothing",
    equivalents: &["KIA1401"],
    page: include_str!("../../pages/parent-gateway-unresolved.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let attachments = attachments_in(db, mesh, namespace);
    let mut found = Vec::new();
    for route in routes(db, mesh, namespace) {
        let parents = route.route().map_or(&[][..], |r| &r.parent_refs);
        for (i, parent) in parents.iter().enumerate() {
            let own = |a: &&Attachment| a.route == route.key && a.reference == i;
            let outcomes: Vec<&Attachment> = attachments.iter().filter(own).collect();
            let all = |d: &Denial| {
                !outcomes.is_empty() && outcomes.iter().all(|a| a.outcome.as_ref().err() == Some(d))
            };
            if all(&Denial::NotFound) {
                found.extend(missing(db, mesh, route, i, parent));
            } else if all(&Denial::OtherListener) {
                found.push(no_listener(route, i, parent));
            }
        }
    }
    found
}

fn missing(
    db: &dyn Db,
    mesh: Mesh,
    route: &Resource,
    index: usize,
    parent: &ParentRef,
) -> Option<Finding> {
    let ns = match parent.namespace.is_empty() {
        true => &route.key.namespace,
        false => &parent.namespace,
    };
    if is_unknown(ns) || is_unknown(&parent.name) {
        return None;
    }
    let kind = match (parent.group.as_str(), parent.kind.as_str()) {
        ("", "Service") => Kind::Service,
        ("networking.istio.io", "ServiceEntry") => Kind::ServiceEntry,
        (_, "ListenerSet") => Kind::ListenerSet,
        _ => Kind::KubernetesGateway,
    };
    let there = objects(db, mesh, name(db, ns), kind);
    // One of another controller is its own to program.
    if there.iter().any(|g| g.key.name == parent.name)
        || crate::known::is_unplaced(db, mesh, kind, &parent.name)
    {
        return None;
    }
    let path = format!("spec.parentRefs[{index}].name");
    let message = format!(
        "{} {ns}/{} does not exist: the route is not attached",
        parent.kind, parent.name
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &route.key, &path, message);
    let near = nearest(&parent.name, there.iter().map(|g| g.key.name.as_str()));
    if let Some(near) = near {
        let key = ResourceKey::new(kind, ns.clone(), near);
        finding = finding.help(format!("did you mean {near}?")).related(
            &key,
            "",
            "is spelt almost the same",
        );
        if let Ok(path) = path.parse() {
            finding = finding.fix(Fix {
                title: format!("replace by {near}"),
                safe: false,
                edits: vec![Edit::Replace {
                    path,
                    value: near.into(),
                }],
            });
        }
        return Some(finding);
    }
    if there.is_empty() && described(db, mesh, ns) != Described::Fully {
        finding.severity = Severity::Info;
        finding.message = format!(
            "{} {ns}/{} is not in these files: it has to exist elsewhere",
            parent.kind, parent.name
        );
        return Some(finding.certainty(Certainty::Assumed));
    }
    Some(finding.help("correct the name, or add the parent"))
}

fn no_listener(route: &Resource, index: usize, parent: &ParentRef) -> Finding {
    let (field, what) = match parent.section.is_empty() {
        true => ("port", format!("on port {}", parent.port)),
        false => ("sectionName", format!("called {}", parent.section)),
    };
    let message = format!(
        "{} {} has no listener {what}: the route is not attached",
        parent.kind, parent.name
    );
    let path = format!("spec.parentRefs[{index}].{field}");
    Finding::new(RULE.name, RULE.severity, &route.key, &path, message)
        .help("name a listener the parent has")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(parent: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: public, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: other, namespace: shop}}\nspec: {{gatewayClassName: envoy, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{{parent}}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n{}",
            service("shop", "web", "{name: http, port: 80}")
        );
        check_rule("parent-gateway-unresolved", &yaml)
    }

    #[test]
    fn parents_and_their_listeners_must_exist() {
        let at = "HTTPRoute shop/r spec.parentRefs[0]";
        assert_eq!(with("name: pubilc"), [format!("error {at}.name")]);
        assert_eq!(with("name: gone"), [format!("error {at}.name")]);
        assert_eq!(
            with("name: gone, namespace: away"),
            [format!("info {at}.name")]
        );
        assert_eq!(
            with("name: public, sectionName: https"),
            [format!("error {at}.sectionName")]
        );
        assert_eq!(with("name: public, port: 81"), [format!("error {at}.port")]);
        assert!(with("name: public").is_empty());
        assert!(with("name: other").is_empty());
    }
}
