//! gateway-wildcard-host-mixed: `*/*` in a server makes istiod forget its other hosts (G:MRG-1,
//! G:MRG-3, V:R6.5).

use crate::prelude::*;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-wildcard-host-mixed",
    group: Group::Gateway,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a server that lists `*/*` beside other hosts",
    equivalents: &[],
    page: include_str!("../../pages/gateway-wildcard-host-mixed.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for gateway in objects(db, mesh, namespace, Kind::Gateway).iter() {
        let servers = gateway.gateway().map_or(&[][..], |g| &g.servers);
        for (i, server) in servers.iter().enumerate() {
            let all = server.hosts.iter().position(|h| h == "*/*");
            let others: Vec<Str> = server
                .hosts
                .iter()
                .filter(|h| *h != "*/*")
                .cloned()
                .collect();
            let Some(all) = all.filter(|_| !others.is_empty()) else {
                continue;
            };
            let later = server.hosts.iter().skip(all + 1);
            let crash = later
                .clone()
                .any(|h| h.starts_with("./") || h.starts_with("*/"));
            let (severity, so) = match crash {
                true => (
                    Severity::Error,
                    "; istiod 1.30 panics on the entries after it",
                ),
                false => (RULE.severity, ""),
            };
            let message = format!(
                "`*/*` makes istiod forget {}{so}",
                crate::finding::listing(&others, 3)
            );
            let path = format!("spec.servers[{i}].hosts");
            found.push(
                Finding::new(RULE.name, severity, &gateway.key, &path, message)
                    .help("write `*` alone, or leave `*/*` out"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(hosts: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [{hosts}]}}]}}\n"
        );
        check_rule("gateway-wildcard-host-mixed", &yaml)
    }

    #[test]
    fn all_of_all_is_alone() {
        let at = "Gateway infra/gw spec.servers[0].hosts";
        assert_eq!(with("a.org, '*/*'"), [format!("warning {at}")]);
        assert_eq!(with("'*/*', ./a.org"), [format!("error {at}")]);
        assert!(with("'*/*'").is_empty());
        assert!(with("'*', a.org").is_empty());
    }
}
