//! authz-http-rule-on-tcp: a policy asks for what only a request has, on connections that are no
//! requests (O:17.6).

use crate::gateways::{server_words, who};
use crate::prelude::*;
use meshscope_manifest::Value;
use meshscope_mesh::gateways::{MergedServer, Serves, gateway_listeners, serves};
use meshscope_mesh::inbound::authorization_policies;

/// The rule.
pub static RULE: Rule = Rule {
    name: "authz-http-rule-on-tcp",
    group: Group::MtlsAndAuthz,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "an AuthorizationPolicy with HTTP conditions on a gateway that also passes bytes",
    equivalents: &["IST0133"],
    page: include_str!("../../pages/authz-http-rule-on-tcp.md"),
    check: Check::Gateway(check),
};

/// What of an operation only a request has.
const OF_REQUEST: [&str; 6] = [
    "hosts",
    "notHosts",
    "methods",
    "notMethods",
    "paths",
    "notPaths",
];

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    if is_unknown(&class.proxy.namespace) {
        return Vec::new();
    }
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers = config.merged.keys.iter().flat_map(|k| &k.servers);
    let passes = |s: &&MergedServer| {
        matches!(
            serves(&s.server),
            Serves::Passthrough | Serves::Tcp | Serves::TerminatedTls
        )
    };
    // A server without a chain lets nothing in that could be denied.
    let listens = |s: &&MergedServer| config.listeners.iter().any(|l| l.port == s.listener_port);
    let bytes: Vec<&MergedServer> = servers.filter(passes).filter(listens).collect();
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for policy in authorization_policies(db, mesh, &class.proxy).iter() {
        let Some(spec) = policy.authorization_policy() else {
            continue;
        };
        // A rule that allows requests only is what it looks like; one that denies turns wider.
        if spec.action != "DENY" {
            continue;
        }
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            for (j, to) in rule.list("to").iter().enumerate() {
                let operation = to.get("operation");
                let Some(field) = OF_REQUEST.into_iter().find(|k| operation.has(k)) else {
                    continue;
                };
                let hit = bytes.iter().find(|s| is_for(operation, s.listener_port));
                let Some(server) = hit else { continue };
                let path = format!("spec.rules[{i}].to[{j}].operation.{field}");
                found.push(finding(class, &policy.key, &path, field, server));
            }
        }
    }
    found
}

/// Whether the ports of an operation leave a port of the pod in.
fn is_for(operation: &Value, port: u32) -> bool {
    let names = |key: &str| {
        operation
            .strings(key)
            .iter()
            .any(|p| *p == port.to_string())
    };
    let ports = !operation.has("ports") || names("ports");
    ports && !names("notPorts")
}

fn finding(
    class: &ProxyClass,
    policy: &ResourceKey,
    path: &str,
    field: &str,
    server: &MergedServer,
) -> Finding {
    let message = format!(
        "{} also has {}, where {field} does not exist: there this DENY leaves the condition out and denies every connection the rest of the rule matches",
        who(class),
        server_words(server)
    );
    let at = server.gateway.server_path(server.index);
    Finding::new(RULE.name, RULE.severity, policy, path, message)
        .help(format!(
            "add ports, without {}, to the operation",
            server.listener_port
        ))
        .related(&server.gateway.object, &at, "passes bytes")
        .reach(0, class.workloads.len())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(mode: &str, action: &str, operation: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: tls, protocol: TLS}}, tls: {{mode: {mode}, credentialName: c}}, hosts: [a.org]}}, {{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [b.org]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: infra}}\nspec: {{hosts: [a.org], gateways: [gw], tls: [{{match: [{{sniHosts: [a.org]}}], route: [{{destination: {{host: edge, port: {{number: 443}}}}}}]}}]}}\n---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: infra}}\nspec: {{action: {action}, rules: [{{to: [{{operation: {{{operation}}}}}]}}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("authz-http-rule-on-tcp", &yaml)
    }

    #[test]
    fn denying_requests_denies_connections() {
        let at = "warning AuthorizationPolicy infra/p spec.rules[0].to[0].operation.hosts";
        assert_eq!(with("PASSTHROUGH", "DENY", "hosts: [b.org]"), [at]);
        assert!(with("PASSTHROUGH", "ALLOW", "hosts: [b.org]").is_empty());
        assert!(with("PASSTHROUGH", "DENY", "hosts: [b.org], ports: ['80']").is_empty());
        assert!(with("PASSTHROUGH", "DENY", "ports: ['443']").is_empty());
    }
}
