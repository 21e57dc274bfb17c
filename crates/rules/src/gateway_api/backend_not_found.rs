//! backend-not-found: a route leads to a Service that does not exist, or to a port it lacks
//! (G:GWA-10, G:RT-17).

use super::backends::{At, backends};
use crate::known::{may_be_unplaced, meant_host};
use crate::prelude::*;
use meshscope_mesh::visibility::declared;

/// The rule.
pub static RULE: Rule = Rule {
    name: "backend-not-found",
    group: Group::GatewayApi,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a backendRef whose Service or port does not exist",
    equivalents: &["KIA1402"],
    page: include_str!("../../pages/backend-not-found.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let all = backends(db, mesh, namespace);
    all.iter().filter_map(|at| missing(db, mesh, at)).collect()
}

fn missing(db: &dyn Db, mesh: Mesh, at: &At) -> Option<Finding> {
    let facts = facts(db, mesh);
    let (host, field) = match (at.backend.group.as_str(), at.backend.kind.as_str()) {
        ("", "Service") if !at.backend.name.contains('.') => {
            let host = format!("{}.{}.svc.{}", at.backend.name, at.namespace, facts.domain);
            (Str::new(host), "name")
        }
        ("networking.istio.io", "Hostname") => (at.backend.name.clone(), "name"),
        _ => return None,
    };
    if is_unknown(&host) || may_be_unplaced(db, mesh, &host) {
        return None;
    }
    let services = declared(db, mesh, &host);
    let Some(service) = services.first() else {
        let message = format!("{host} does not exist: {} get 500", at.share);
        let path = format!("{}.{field}", at.path);
        let mut finding = Finding::new(RULE.name, RULE.severity, &at.route, &path, message);
        let meant = meant_host(db, mesh, &host);
        if let Some(meant) = &meant {
            finding = finding.help(format!("did you mean {meant}?"));
        }
        if meant.is_some() || described(db, mesh, &at.namespace) == Described::Fully {
            return Some(finding);
        }
        finding.severity = Severity::Info;
        finding.message = format!("{host} is not in these files: it has to exist elsewhere");
        return Some(finding.certainty(Certainty::Assumed));
    };
    let port = at.backend.port;
    if port == 0 || services.iter().any(|s| s.port(port).is_some()) || service.is_alias() {
        return None;
    }
    let ports = service.ports.iter().map(|p| Str::new(p.number.to_string()));
    let ports = crate::finding::listing(&ports.collect::<Vec<_>>(), 6);
    let message = format!(
        "{host} has no port {port} (it has {ports}): {} get 500",
        at.share
    );
    let path = format!("{}.port", at.path);
    Some(
        Finding::new(RULE.name, RULE.severity, &at.route, &path, message)
            .help("name a port of the Service, not of its pods")
            .related(&service.object, "spec.ports", format!("has {ports}")),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(backend: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: public, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{parentRefs: [{{name: public}}], rules: [{{backendRefs: [{{{backend}}}]}}]}}\n{}{}",
            service("shop", "web", "{name: http, port: 80}"),
            client("shop")
        );
        check_rule("backend-not-found", &yaml)
    }

    #[test]
    fn services_and_their_ports_must_exist() {
        let at = "HTTPRoute shop/r spec.rules[0].backendRefs[0]";
        assert_eq!(with("name: gone, port: 80"), [format!("error {at}.name")]);
        assert_eq!(with("name: web, port: 8080"), [format!("error {at}.port")]);
        assert_eq!(
            with("name: api, namespace: away, port: 80"),
            [format!("info {at}.name")]
        );
        assert!(with("name: web, port: 80").is_empty());
        assert!(
            with("group: inference.networking.k8s.io, kind: InferencePool, name: p").is_empty()
        );
    }
}
