//! credential-not-in-repo: the Secret of a server is not in the files (G:TLS-12). Secrets mostly live
//! elsewhere, so this is a list of what has to be there, not a fault.

use crate::gateways::credentials;
use crate::prelude::*;
use meshscope_mesh::gateways::{MergedServer, gateway_listeners, serves};
use meshscope_mesh::index::namespaces;

/// The rule.
pub static RULE: Rule = Rule {
    name: "credential-not-in-repo",
    group: Group::SniAndTls,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "a credential for which no Secret is in the files",
    equivalents: &["IST0101"],
    page: include_str!("../../pages/credential-not-in-repo.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    if is_unknown(&class.proxy.namespace) {
        return Vec::new();
    }
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers = config.merged.keys.iter().flat_map(|k| &k.servers);
    let written = servers.filter(|s| s.gateway.object.kind == Kind::Gateway);
    written
        .filter(|s| serves(&s.server).ends_tls())
        .flat_map(|s| missing(db, mesh, class, s))
        .collect()
}

fn missing(db: &dyn Db, mesh: Mesh, class: &ProxyClass, server: &MergedServer) -> Vec<Finding> {
    let pods = &class.proxy.namespace;
    let mut found = Vec::new();
    for credential in credentials(server) {
        // A Secret of the name in another namespace is a matter of credential-wrong-namespace.
        let other = credential.namespace.as_ref().is_some_and(|ns| ns != pods);
        let all = namespaces(db, mesh);
        let anywhere = all.iter().any(|ns| {
            let secrets = objects(db, mesh, name(db, ns), Kind::Secret);
            secrets.iter().any(|s| s.key.name == credential.secret)
        });
        if other || anywhere {
            continue;
        }
        let message = format!(
            "no Secret {pods}/{} is in the files: it has to come from elsewhere",
            credential.secret
        );
        let object = &server.gateway.object;
        let finding = Finding::new(RULE.name, RULE.severity, object, &credential.path, message)
            .help("nothing to do if something else makes it; without it TLS handshakes fail")
            .certainty(Certainty::Assumed)
            .reach(0, class.workloads.len());
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(tls: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{{tls}}}, hosts: [a.org]}}]}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: cert, namespace: infra}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("credential-not-in-repo", &yaml)
    }

    #[test]
    fn only_secrets_that_no_file_has() {
        assert_eq!(
            with("mode: SIMPLE, credentialName: other"),
            ["info Gateway shop/gw spec.servers[0].tls.credentialName"]
        );
        assert!(with("mode: SIMPLE, credentialName: cert").is_empty());
        assert!(with("mode: SIMPLE, credentialName: '${CERT}'").is_empty());
        assert!(with("mode: SIMPLE, serverCertificate: /c, privateKey: /k").is_empty());
        assert!(with("mode: PASSTHROUGH").is_empty());
    }
}
