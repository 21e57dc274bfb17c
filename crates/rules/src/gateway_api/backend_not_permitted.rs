//! backend-not-permitted: a route leads to another namespace that does not let it (G:GWA-10,
//! G:GWA-16).

use super::backends::{At, backends};
use crate::prelude::*;
use meshscope_mesh::gateway_api::granted;

/// The rule.
pub static RULE: Rule = Rule {
    name: "backend-not-permitted",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a backendRef to another namespace without a ReferenceGrant",
    equivalents: &[],
    page: include_str!("../../pages/backend-not-permitted.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let all = backends(db, mesh, namespace);
    all.iter().filter_map(|at| refused(db, mesh, at)).collect()
}

fn refused(db: &dyn Db, mesh: Mesh, at: &At) -> Option<Finding> {
    let (own, kind) = (&at.route.namespace, at.route.kind);
    let backend = &at.backend;
    // Parents of the mesh ask for no grant.
    if !at.by_listener || at.namespace == *own || is_unknown(&at.namespace) || is_unknown(own) {
        return None;
    }
    let reader = (kind.group(), kind.name(), own.as_str());
    let target = (backend.group.as_str(), backend.kind.as_str());
    if granted(db, mesh, reader, target, &at.namespace, &backend.name) {
        return None;
    }
    let message = format!(
        "no ReferenceGrant in {} lets {}s of {own} use {} {}: {} get 500",
        at.namespace,
        kind.name(),
        backend.kind,
        backend.name,
        at.share
    );
    let path = format!("{}.namespace", at.path);
    let mut finding = Finding::new(RULE.name, RULE.severity, &at.route, &path, message)
        .help(format!("a ReferenceGrant in {} with from: [{{group: {}, kind: {}, namespace: {own}}}] and to: [{{group: '{}', kind: {}}}]", at.namespace, kind.group(), kind.name(), backend.group, backend.kind));
    for grant in objects(db, mesh, name(db, &at.namespace), Kind::ReferenceGrant)
        .iter()
        .take(3)
    {
        finding = finding.related(&grant.key, "spec", "grants something else");
    }
    // A namespace nobody describes may hold the grant.
    Some(match described(db, mesh, &at.namespace) {
        Described::No => finding.certainty(Certainty::Assumed),
        Described::Partly | Described::Fully => finding,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(grant: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: public, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: public}}], rules: [{{backendRefs: [{{name: api, namespace: back, port: 80}}]}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {{name: g, namespace: back}}\nspec: {{from: [{{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: {grant}}}], to: [{{group: '', kind: Service}}]}}\n{}",
            service("back", "api", "{name: http, port: 80}")
        );
        check_rule("backend-not-permitted", &yaml)
    }

    #[test]
    fn other_namespaces_must_grant_it() {
        assert!(with("shop").is_empty());
        assert_eq!(
            with("other"),
            ["error HTTPRoute shop/r spec.rules[0].backendRefs[0].namespace"]
        );
    }
}
