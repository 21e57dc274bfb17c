//! http2-connection-reuse: servers that share a certificate but not the filter chain (G:TLS-17,
//! G:TLS-18).

use crate::gateways::who;
use crate::prelude::*;
use meshscope_mesh::gateways::{MergedServer, Serves, gateway_listeners, serves};
use meshscope_mesh::names::{is_wildcard, subset_of};

/// The rule.
pub static RULE: Rule = Rule {
    name: "http2-connection-reuse",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "HTTP/2 clients reuse a connection for a host of another server",
    equivalents: &["IST0138"],
    page: include_str!("../../pages/http2-connection-reuse.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers: Vec<&MergedServer> = config
        .merged
        .keys
        .iter()
        .flat_map(|k| &k.servers)
        .filter(|s| serves(&s.server) == Serves::Https && !is_unknown(&s.gateway.namespace))
        .collect();
    let mut found = Vec::new();
    for (i, later) in servers.iter().enumerate() {
        let beside = |s: &&&MergedServer| {
            s.listener_port == later.listener_port && s.server.bind == later.server.bind
        };
        let mut earlier = servers.iter().take(i).filter(beside);
        let shared = earlier.find_map(|s| Some((*s, certificate(db, mesh, class, s, later)?)));
        if let Some((first, certificate)) = shared {
            found.push(finding(class, first, later, &certificate));
        }
    }
    found
}

/// What the two have in common, in words.
fn certificate(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    a: &MergedServer,
    b: &MergedServer,
) -> Option<String> {
    let (x, y) = (a.server.tls.as_ref()?, b.server.tls.as_ref()?);
    if !x.credential_name.is_empty() && x.credential_name == y.credential_name {
        return Some(format!("certificate {}", x.credential_name));
    }
    if !x.server_certificate.is_empty() && x.server_certificate == y.server_certificate {
        return Some(format!("certificate {}", x.server_certificate));
    }
    let digest = |credential: &Str| {
        let ns = name(db, &class.proxy.namespace);
        let secrets = objects(db, mesh, ns, Kind::Secret);
        let secret = secrets.iter().find(|s| s.key.name == *credential)?;
        secret.secret()?.certificate
    };
    let same = digest(&x.credential_name);
    if same.is_some() && same == digest(&y.credential_name) {
        return Some(format!(
            "one certificate (in {} and {})",
            x.credential_name, y.credential_name
        ));
    }
    None
}

fn bare(host: &Str) -> Str {
    host.split_once('/').map_or(host.clone(), |(_, h)| h.into())
}

fn finding(
    class: &ProxyClass,
    first: &MergedServer,
    later: &MergedServer,
    certificate: &str,
) -> Finding {
    let hosts = |s: &MergedServer| s.server.hosts.iter().map(bare).collect::<Vec<Str>>();
    let (ours, theirs) = (hosts(later), hosts(first));
    // The pair that a browser meets: a wildcard and a name under it, where there is one.
    let covered = ours.iter().find_map(|o| {
        let wide = theirs.iter().find(|t| is_wildcard(t) && subset_of(o, t))?;
        Some((wide, o))
    });
    let (a, b) = covered
        .or(theirs.first().zip(ours.first()))
        .map_or(("its hosts".into(), "the others".into()), |(a, b)| {
            (a.to_string(), b.to_string())
        });
    let message = format!(
        "{a} and {b} share {certificate} on port {} of {} but not the filter chain: an HTTP/2 client that visited {a} gets 404 for {b}",
        later.server.port,
        who(class)
    );
    let path = |s: &MergedServer| {
        let server = s.gateway.server_path(s.index);
        match s.gateway.listener {
            Some(_) => server.to_string(),
            None => format!("{server}.tls.credentialName"),
        }
    };
    Finding::new(
        RULE.name,
        RULE.severity,
        &later.gateway.object,
        &path(later),
        message,
    )
    .help("serve both hosts from one server, or with certificates of their own")
    .related(
        &first.gateway.object,
        &path(first),
        "has the same certificate",
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(port: u32, credential: &str) -> Vec<String> {
        let gateway = |name: &str, port: u32, credential: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: {port}, name: https, protocol: HTTPS}}, tls: {{mode: SIMPLE, credentialName: {credential}}}, hosts: [{name}.org]}}]}}\n---\n"
            )
        };
        let yaml = [
            gateway("a", 443, "wild"),
            gateway("b", port, credential),
            gateway_workload("infra", "edge"),
        ];
        check_rule("http2-connection-reuse", &yaml.concat())
    }

    #[test]
    fn one_certificate_on_one_port() {
        assert_eq!(
            with(443, "wild"),
            ["warning Gateway infra/b spec.servers[0].tls.credentialName"]
        );
        assert!(with(443, "own").is_empty());
        assert!(with(8443, "wild").is_empty());
    }
}
