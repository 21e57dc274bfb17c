//! waypoint-unused: a waypoint that nothing sends its traffic through (V:R6.14).

use crate::prelude::*;
use meshscope_mesh::index::{namespace_object, namespaces};
use meshscope_mesh::workloads::workloads_in;

/// The rule.
pub static RULE: Rule = Rule {
    name: "waypoint-unused",
    group: Group::Ambient,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a waypoint that no namespace, service or pod uses",
    equivalents: &[],
    page: include_str!("../../pages/waypoint-unused.md"),
    check: Check::Namespace(check),
};

const USE: &str = "istio.io/use-waypoint";
const USE_NAMESPACE: &str = "istio.io/use-waypoint-namespace";

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) {
        return Vec::new();
    }
    let gateways = objects(db, mesh, namespace, Kind::KubernetesGateway);
    let waypoints = gateways.iter().filter(|g| {
        let class = g.kubernetes_gateway().map(|s| s.class.as_str());
        class == Some("istio-waypoint")
    });
    waypoints
        .filter(|w| !is_used(db, mesh, w))
        .map(|w| finding(db, mesh, w))
        .collect()
}

/// Whether anything that the waypoint is for names it.
fn is_used(db: &dyn Db, mesh: Mesh, waypoint: &Resource) -> bool {
    let role = waypoint.meta.labels.get("istio.io/waypoint-for");
    let role = role.map_or("service", Str::as_str);
    let (services, pods) = match role {
        "service" => (true, false),
        "workload" => (false, true),
        "all" => (true, true),
        _ => (false, false),
    };
    let names = |labels: &meshscope_manifest::spec::Labels, ns: &Str| {
        let of = labels.get(USE_NAMESPACE).unwrap_or(ns);
        let named = labels.get(USE);
        *of == waypoint.key.namespace
            && named.is_some_and(|n| *n == waypoint.key.name || is_unknown(n))
    };
    let all = namespaces(db, mesh);
    all.iter().any(|ns| {
        let key = name(db, ns);
        let object = namespace_object(db, mesh, key).clone();
        let of_kind = |kind: Kind| {
            let all = objects(db, mesh, key, kind);
            all.iter().any(|o| names(&o.meta.labels, ns))
        };
        let of_services = || of_kind(Kind::Service) || of_kind(Kind::ServiceEntry);
        let of_pods = || {
            let workloads = workloads_in(db, mesh, key);
            workloads.iter().any(|w| names(&w.labels, ns)) || of_kind(Kind::WorkloadEntry)
        };
        object.is_some_and(|o| names(&o.meta.labels, ns))
            || (services && of_services())
            || (pods && of_pods())
    })
}

fn finding(db: &dyn Db, mesh: Mesh, waypoint: &Resource) -> Finding {
    let key = &waypoint.key;
    let ns = name(db, &key.namespace);
    let targets = |refs: &[(Str, Str, Str)]| {
        let mut refs = refs.iter();
        refs.any(|(_, kind, of)| kind == "Gateway" && *of == key.name)
    };
    let policies = objects(db, mesh, ns, Kind::AuthorizationPolicy);
    let lost: Vec<&ResourceKey> = policies
        .iter()
        .filter(|p| {
            p.authorization_policy()
                .is_some_and(|a| targets(&a.target_refs))
        })
        .map(|p| &p.key)
        .collect();
    let so = match lost.first() {
        Some(policy) => format!("; {policy} has no effect"),
        None => String::new(),
    };
    let message = format!(
        "no namespace, Service, ServiceEntry or pod that it is for has {USE}: {}{so}",
        key.name
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, key, "metadata.name", message)
        .help(format!("label what it is for with {USE}: {}", key.name));
    for policy in lost.iter().take(3) {
        finding = finding.related(policy, "spec.targetRefs", "is meant for it");
    }
    match described(db, mesh, &key.namespace) {
        Described::Fully => finding,
        Described::Partly | Described::No => finding.certainty(Certainty::Assumed),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(namespace: &str, of_service: &str, role: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: way, namespace: shop, labels: {{{role}}}}}\nspec: {{gatewayClassName: istio-waypoint, listeners: [{{name: mesh, port: 15008, protocol: HBONE}}]}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: back, labels: {{{namespace}}}}}\n{}",
            service("shop", "web", "{name: http, port: 80}").replace(
                "namespace: shop",
                &format!("namespace: shop, labels: {{{of_service}}}")
            ) + &client("shop")
        );
        check_rule("waypoint-unused", &yaml)
    }

    #[test]
    fn what_it_is_for_must_name_it() {
        let at = "warning Gateway.gateway.networking.k8s.io shop/way metadata.name";
        let own = "istio.io/use-waypoint: way";
        assert_eq!(with("", "", ""), [at]);
        assert!(with("", own, "").is_empty());
        assert_eq!(with("", own, "istio.io/waypoint-for: workload"), [at]);
        assert_eq!(with(own, "", ""), [at]);
        let across = format!("{own}, istio.io/use-waypoint-namespace: shop");
        assert!(with(&across, "", "").is_empty());
    }
}
