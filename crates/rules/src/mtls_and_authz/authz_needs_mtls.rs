//! authz-needs-mtls: a policy asks who the caller is where no caller shows a mesh certificate (O:11.7,
//! O:17.6, G:TLS-1).

use crate::gateways::who;
use crate::prelude::*;
use meshscope_manifest::Value;
use meshscope_manifest::spec::gateway::TlsMode;
use meshscope_mesh::gateways::{MergedServer, gateway_listeners};
use meshscope_mesh::inbound::authorization_policies;

/// The rule.
pub static RULE: Rule = Rule {
    name: "authz-needs-mtls",
    group: Group::MtlsAndAuthz,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "an AuthorizationPolicy for identities on a gateway that no caller proves one to",
    equivalents: &["KIA0105"],
    page: include_str!("../../pages/authz-needs-mtls.md"),
    check: Check::Gateway(check),
};

/// What of a source is read from the certificate of the caller.
const IDENTITY: [&str; 3] = ["principals", "namespaces", "serviceAccounts"];

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    if is_unknown(&class.proxy.namespace) {
        return Vec::new();
    }
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers: Vec<&MergedServer> = config.merged.keys.iter().flat_map(|k| &k.servers).collect();
    if servers.is_empty() || servers.iter().any(|s| shows_identity(s)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for policy in authorization_policies(db, mesh, &class.proxy).iter() {
        let Some(spec) = policy.authorization_policy() else {
            continue;
        };
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            let sources = rule.list("from");
            let named = |f: &Value| IDENTITY.into_iter().find(|k| f.get("source").has(k));
            let others = sources.iter().any(|f| named(f).is_none());
            for (j, from) in sources.iter().enumerate() {
                let Some(field) = named(from) else { continue };
                let path = format!("spec.rules[{i}].from[{j}].source.{field}");
                let effect = match (spec.action.as_str(), others) {
                    (_, true) => "the other sources of the rule decide alone",
                    ("DENY", _) => "the rule denies nobody",
                    _ => "the rule admits nobody",
                };
                let server = &servers[0];
                let message = format!(
                    "{field} never matches on {}: none of its servers takes the mesh's mutual TLS, so callers have no identity; {effect}",
                    who(class)
                );
                let severity = if others {
                    Severity::Warning
                } else {
                    RULE.severity
                };
                let at = server.gateway.server_path(server.index);
                found.push(
                    Finding::new(RULE.name, severity, &policy.key, &path, message)
                        .help("give the server tls {mode: ISTIO_MUTUAL}, and clients a DestinationRule with it; or match on addresses or tokens")
                        .related(&server.gateway.object, &at, "is one of the servers")
                        .reach(0, class.workloads.len()),
                );
            }
        }
    }
    found
}

/// Whether a server asks callers for a certificate: of the mesh, or one that may name a principal.
fn shows_identity(server: &MergedServer) -> bool {
    let mode = server.server.tls.as_ref().map(|t| t.mode);
    let hbone = server.server.protocol == "HBONE";
    hbone
        || matches!(
            mode,
            Some(TlsMode::IstioMutual | TlsMode::Mutual | TlsMode::OptionalMutual)
        )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(tls: &str, source: &str, action: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{{tls}}}, hosts: ['*']}}]}}\n---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: infra}}\nspec: {{action: {action}, rules: [{{from: [{source}]}}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("authz-needs-mtls", &yaml)
    }

    #[test]
    fn identities_need_mutual_tls() {
        let at = "AuthorizationPolicy infra/p spec.rules[0].from[0].source";
        let simple = "mode: SIMPLE, credentialName: c";
        let shop = "{source: {namespaces: [shop]}}";
        assert_eq!(
            with(simple, shop, "ALLOW"),
            [format!("error {at}.namespaces")]
        );
        assert_eq!(
            with("mode: PASSTHROUGH", shop, "DENY"),
            [format!("error {at}.namespaces")]
        );
        let more = format!("{shop}, {{source: {{ipBlocks: [10.0.0.0/8]}}}}");
        assert_eq!(
            with(simple, &more, "ALLOW"),
            [format!("warning {at}.namespaces")]
        );
        assert!(with("mode: ISTIO_MUTUAL", shop, "ALLOW").is_empty());
        assert!(with(simple, "{source: {requestPrincipals: ['*']}}", "ALLOW").is_empty());
    }
}
