//! credential-wrong-namespace: a certificate that lies beside the Gateway instead of beside its pods
//! (G:TLS-12, G:TLS-13, G:SEL-4).

use crate::finding::listing;
use crate::gateways::{Credential, credentials};
use crate::prelude::*;
use meshscope_mesh::gateways::{MergedServer, gateway_listeners, serves};
use meshscope_mesh::index::namespaces;

/// The rule.
pub static RULE: Rule = Rule {
    name: "credential-wrong-namespace",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a Gateway's certificate is not in the namespace of the gateway's pods",
    equivalents: &["IST0101"],
    page: include_str!("../../pages/credential-wrong-namespace.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let pods = &class.proxy.namespace;
    if is_unknown(pods) {
        return Vec::new();
    }
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers = config.merged.keys.iter().flat_map(|k| &k.servers);
    let written = servers.filter(|s| s.gateway.object.kind == Kind::Gateway);
    written
        .filter(|s| serves(&s.server).ends_tls())
        .flat_map(|s| elsewhere(db, mesh, class, s))
        .collect()
}

fn elsewhere(db: &dyn Db, mesh: Mesh, class: &ProxyClass, server: &MergedServer) -> Vec<Finding> {
    let pods = &class.proxy.namespace;
    let mut found = Vec::new();
    for Credential {
        path,
        secret,
        namespace,
    } in credentials(server)
    {
        let named = namespace.filter(|ns| ns != pods);
        let is_in = |ns: &Str| {
            let all = objects(db, mesh, name(db, ns), Kind::Secret);
            all.iter().any(|s| s.key.name == secret)
        };
        if named.is_none() && is_in(pods) {
            continue;
        }
        let all = namespaces(db, mesh);
        let mut candidates = all.iter().filter(|ns| !is_unknown(ns) && *ns != pods);
        // Beside the Gateway it was surely meant; anywhere else the name may be a coincidence.
        let place = named.or_else(|| {
            candidates
                .find(|ns| **ns == server.gateway.namespace && is_in(ns))
                .cloned()
        });
        let Some(place) = place else {
            continue;
        };
        let gateway = &server.gateway;
        let message = format!(
            "Secret {secret} is in {place}, the gateway's pods look in {pods}: TLS handshakes for {} fail",
            listing(&server.server.hosts, 3)
        );
        let key = ResourceKey::new(Kind::Secret, place, secret);
        let finding = Finding::new(RULE.name, RULE.severity, &gateway.object, &path, message)
            .help(format!("put the Secret into {pods}"))
            .related(&key, "", "the Secret");
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(credential: &str, secret: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, tls: {{mode: SIMPLE, credentialName: '{credential}'}}, hosts: [a.org]}}]}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: cert, namespace: {secret}}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("credential-wrong-namespace", &yaml)
    }

    #[test]
    fn the_pods_namespace_counts() {
        assert!(with("cert", "infra").is_empty());
        assert_eq!(
            with("cert", "shop"),
            ["error Gateway shop/gw spec.servers[0].tls.credentialName"]
        );
        assert!(with("other", "shop").is_empty());
        assert!(with("sds://cert", "shop").is_empty());
        assert!(with("cert", "else").is_empty());
    }
}
