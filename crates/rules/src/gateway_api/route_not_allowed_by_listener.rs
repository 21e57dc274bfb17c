//! route-not-allowed-by-listener: every listener of the parent keeps the route out (G:GWA-4, G:GWA-8).

use super::routes;
use crate::prelude::*;
use meshscope_manifest::spec::gateway_api::{AllowedNamespaces, ParentRef};
use meshscope_mesh::gateway_api::{Attachment, Denial, attachments_in};
use meshscope_mesh::index::{namespace_object, resource};

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-not-allowed-by-listener",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a route that no listener of its parent admits",
    equivalents: &[],
    page: include_str!("../../pages/route-not-allowed-by-listener.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let attachments = attachments_in(db, mesh, namespace);
    let mut found = Vec::new();
    for route in routes(db, mesh, namespace) {
        let parents = route.route().map_or(&[][..], |r| &r.parent_refs);
        for (i, parent) in parents.iter().enumerate() {
            let own = |a: &&Attachment| a.route == route.key && a.reference == i;
            let outcomes = attachments.iter().filter(own);
            let denials: Vec<_> = outcomes.map(|a| a.outcome.as_ref().err()).collect();
            if denials.iter().any(Option::is_none) {
                continue;
            }
            let has = |d: Denial| denials.contains(&Some(&d));
            if has(Denial::NamespaceNotAllowed) {
                found.extend(of_namespace(db, mesh, route, i, parent));
            } else if has(Denial::KindNotAllowed) {
                let message = format!(
                    "no listener of {} {} takes {}s: the route is not attached",
                    parent.kind,
                    parent.name,
                    route.key.kind.name()
                );
                found.push(finding(route, i, message).help(
                    "add a listener of a protocol for it, or the kind to allowedRoutes.kinds",
                ));
            }
        }
    }
    found
}

/// The namespaces of a listener's allowedRoutes leave the route out.
fn of_namespace(
    db: &dyn Db,
    mesh: Mesh,
    route: &Resource,
    index: usize,
    parent: &ParentRef,
) -> Option<Finding> {
    let own = &route.key.namespace;
    let ns = match parent.namespace.is_empty() {
        true => own,
        false => &parent.namespace,
    };
    let kind = match parent.kind.as_str() {
        "ListenerSet" => Kind::ListenerSet,
        _ => Kind::KubernetesGateway,
    };
    let key = ResourceKey::new(kind, ns.clone(), parent.name.clone());
    let object = resource(db, mesh, &key)?;
    let listeners = match (object.kubernetes_gateway(), object.listener_set()) {
        (Some(gateway), _) => &gateway.listeners,
        (_, Some(set)) => &set.listeners,
        _ => return None,
    };
    let by_label = listeners
        .iter()
        .any(|l| matches!(l.allowed_namespaces, AllowedNamespaces::Selector(_)));
    let admitted = match by_label {
        true => "of namespaces with other labels".to_owned(),
        false => format!("of {ns}"),
    };
    let message = format!(
        "the listeners of {} {ns}/{} admit only routes {admitted}: the route is not attached",
        parent.kind, parent.name
    );
    let finding = finding(route, index, message)
        .help(format!("allowedRoutes: {{namespaces: {{from: Selector, selector: {{matchLabels: {{kubernetes.io/metadata.name: {own}}}}}}}}} on the listener admits it"))
        .related(&key, "spec.listeners", "says whom it admits");
    let labels_unknown = by_label && namespace_object(db, mesh, name(db, own)).is_none();
    Some(match labels_unknown {
        true => finding.certainty(Certainty::Assumed),
        false => finding,
    })
}

fn finding(route: &Resource, index: usize, message: String) -> Finding {
    let path = format!("spec.parentRefs[{index}]");
    Finding::new(RULE.name, RULE.severity, &route.key, &path, message)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(allowed: &str, kind: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: public, namespace: infra}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP{allowed}}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: public, namespace: infra}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}\n{}",
            client("shop")
        );
        check_rule("route-not-allowed-by-listener", &yaml)
    }

    #[test]
    fn listeners_say_whom_they_admit() {
        let at = "error HTTPRoute shop/r spec.parentRefs[0]";
        let from = |what: &str| format!(", allowedRoutes: {{namespaces: {{{what}}}}}");
        assert_eq!(with("", "HTTPRoute"), [at]);
        assert!(with(&from("from: All"), "HTTPRoute").is_empty());
        let select = |v: &str| {
            from(&format!(
                "from: Selector, selector: {{matchLabels: {{istio-injection: {v}}}}}"
            ))
        };
        assert!(with(&select("enabled"), "HTTPRoute").is_empty());
        assert_eq!(with(&select("other"), "HTTPRoute"), [at]);
        assert_eq!(
            with(&from("from: All"), "TLSRoute"),
            ["error TLSRoute shop/r spec.parentRefs[0]"]
        );
    }
}
