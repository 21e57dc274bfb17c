//! sidecar-scope-leak: a VirtualService imported for one host opens another (V:R3.15-R3.17, O:8.6).

use crate::prelude::*;
use meshscope_mesh::names::is_wildcard;
use meshscope_mesh::registry::host_namespaces;
use meshscope_mesh::visibility::{Client, clients_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "sidecar-scope-leak",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a VirtualService brings hosts into a Sidecar's scope that its list leaves out",
    equivalents: &[],
    page: include_str!("../../pages/sidecar-scope-leak.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let clients = clients_in(db, mesh, namespace);
    let restricted = clients.iter().filter(|c| !c.open);
    restricted.flat_map(|c| leaks(db, mesh, c)).collect()
}

fn leaks(db: &dyn Db, mesh: Mesh, client: &Client) -> Vec<Finding> {
    let scope = client.scope(db, mesh);
    let Some(sidecar) = client.sidecar.as_ref().filter(|_| !scope.allows_any()) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = Vec::new();
    for listener in scope.listeners.iter().filter(|l| !l.hosts.is_everything()) {
        for vs in listener.virtual_services.iter(db, mesh) {
            if vs.gateway_semantics || vs.hosts.len() < 2 {
                continue;
            }
            let listed = |host: &Str| {
                let owners = host_namespaces(db, mesh, name(db, host));
                let own = std::iter::once(&vs.namespace);
                own.chain(owners.iter())
                    .any(|ns| listener.hosts.lists(ns, host))
                    || scope
                        .listeners
                        .iter()
                        .any(|l| l.services.get(host).is_some())
            };
            let Some(wanted) = vs.hosts.iter().find(|h| listed(h)) else {
                continue;
            };
            for (i, host) in vs.hosts.iter().enumerate() {
                if listed(host) || is_wildcard(host) || is_unknown(host) {
                    continue;
                }
                let message = format!(
                    "Sidecar {}/{} imports this VirtualService for {wanted}; with it come {host}, which its list leaves out, and the clusters of its destinations",
                    sidecar.namespace, sidecar.name
                );
                let path = format!("spec.hosts[{i}]");
                let finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
                    .help("split the VirtualService: one for what the Sidecar lists, one for the rest")
                    .related(sidecar, "spec.egress", "lists only some of the hosts")
                    .reach(client.workloads, 0);
                if !found.iter().any(|f| f.same_as(&finding)) {
                    found.push(finding);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(hosts: &str, mode: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: shop}}\nspec: {{outboundTrafficPolicy: {{mode: {mode}}}, egress: [{{hosts: [{hosts}]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: ext}}\nspec: {{hosts: [a.example.com, b.example.com], http: [{{route: []}}]}}\n"
        );
        check_rule("sidecar-scope-leak", &format!("{yaml}{}", client("shop")))
    }

    #[test]
    fn hosts_beside_the_listed_one_come_along() {
        let at = "warning VirtualService ext/v spec.hosts[1]";
        assert_eq!(with("ext/a.example.com", "REGISTRY_ONLY"), [at]);
        assert!(with("ext/*", "REGISTRY_ONLY").is_empty());
        assert!(with("ext/a.example.com", "ALLOW_ANY").is_empty());
    }
}
