//! namespace-not-injected: a namespace with Istio config for its own workloads, none of which has a
//! proxy (V:R7.8-R7.10, O:1.1).

use crate::prelude::*;
use meshscope_mesh::index::namespace_object;
use meshscope_mesh::visibility::{Audience, audience, virtual_services_in};
use meshscope_mesh::workloads::{Workload, workloads_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "namespace-not-injected",
    group: Group::ServicesAndPorts,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "a namespace with Istio config has workloads, but no sidecar",
    equivalents: &["IST0102"],
    page: include_str!("../../pages/namespace-not-injected.md"),
    check: Check::Namespace(check),
};

/// Kinds that address the sidecars of their own namespace.
const ADDRESSING: [Kind; 7] = [
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::ServiceEntry,
    Kind::Sidecar,
    Kind::AuthorizationPolicy,
    Kind::PeerAuthentication,
    Kind::RequestAuthentication,
];

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let ns = namespace.text(db);
    let system =
        ns.starts_with("kube-") || ns.starts_with("istio-") || ns == facts(db, mesh).root();
    let Some(object) = namespace_object(db, mesh, namespace)
        .clone()
        .filter(|_| !system)
    else {
        return Vec::new();
    };
    let decided = ["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"];
    let workloads = workloads_in(db, mesh, namespace);
    if decided
        .iter()
        .any(|label| object.meta.labels.get(label).is_some())
        || workloads.is_empty()
        || workloads
            .iter()
            .any(|w| w.proxy.is_some() || is_control_plane(w))
    {
        return Vec::new();
    }
    let first = ADDRESSING
        .iter()
        .find_map(|kind| objects(db, mesh, namespace, *kind).first().cloned());
    let Some(config) = first else {
        return Vec::new();
    };
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let alone = |list: &[Str]| list.len() == 1 && list.first() == Some(ns);
    let own_route = virtual_services_in(db, mesh, namespace).iter().any(|vs| {
        vs.is_bound_to("mesh")
            && matches!(audience(vs, defaults), Audience::Namespaces(list) if alone(&list))
    });
    let own_sidecar = !objects(db, mesh, namespace, Kind::Sidecar).is_empty();
    let (severity, so) = if own_route || own_sidecar {
        (
            Severity::Warning,
            "; its routes and Sidecars have no other client",
        )
    } else {
        (RULE.severity, "")
    };
    let message = format!(
        "{ns} is not injected: {} of its workloads {} a sidecar, so {} does nothing for them{so}",
        workloads.len(),
        if workloads.len() == 1 {
            "lacks"
        } else {
            "lack"
        },
        config.key,
    );
    let mut finding = Finding::new(RULE.name, severity, &object.key, "metadata.labels", message)
        .help("label the namespace istio-injection: enabled, or disabled if that is meant")
        .related(&config.key, "", "addresses sidecars of this namespace");
    for workload in workloads.iter().take(3) {
        finding = finding.related(&workload.object, "", "has no sidecar");
    }
    vec![finding]
}

fn is_control_plane(workload: &Workload) -> bool {
    let label = |key: &str, value: &str| workload.labels.get(key).is_some_and(|v| v == value);
    label("app", "istiod") || label("istio", "pilot")
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(labels: &str, config: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop{labels}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: app}}]}}}}}}\n---\n{config}"
        );
        check_rule("namespace-not-injected", &yaml)
    }
    const ENTRY: &str = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: shop}\nspec: {hosts: [a.example.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}\n";

    #[test]
    fn only_a_namespace_with_config_and_without_a_decision() {
        assert_eq!(with("", ENTRY), ["info Namespace shop metadata.labels"]);
        assert!(with("", "").is_empty());
        assert!(with(", labels: {istio-injection: disabled}", ENTRY).is_empty());
        assert!(with(", labels: {istio-injection: enabled}", ENTRY).is_empty());
    }
}
