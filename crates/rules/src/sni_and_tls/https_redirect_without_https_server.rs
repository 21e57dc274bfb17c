//! https-redirect-without-https-server: a host is sent to https, where nothing of the gateway serves
//! it (G:RT-8).

use crate::gateways::who;
use crate::prelude::*;
use meshscope_mesh::gateways::{MergedServer, Serves, gateway_listeners, referencing, serves};
use meshscope_mesh::names::matches;

/// The rule.
pub static RULE: Rule = Rule {
    name: "https-redirect-without-https-server",
    group: Group::SniAndTls,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "httpsRedirect for a host that no server with TLS serves",
    equivalents: &[],
    page: include_str!("../../pages/https-redirect-without-https-server.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers: Vec<&MergedServer> = config.merged.keys.iter().flat_map(|k| &k.servers).collect();
    let bare = |host: &Str| -> Str { host.rsplit('/').next().unwrap_or(host).into() };
    let by_tls = |host: &Str| {
        let mut with_tls = servers.iter().filter(|s| s.server.tls.is_some());
        with_tls.any(|s| {
            let hosts = &s.server.hosts;
            serves(&s.server) != Serves::Http && hosts.iter().any(|h| matches(&bare(h), host))
        })
    };
    let mut found = Vec::new();
    for server in &servers {
        let tls = server.server.tls.as_ref();
        let redirects = tls.is_some_and(|t| t.https_redirect);
        if !redirects || serves(&server.server) != Serves::Http {
            continue;
        }
        let hosts = server.server.hosts.iter().map(bare);
        let lost: Vec<Str> = hosts.filter(|h| !is_unknown(h) && !by_tls(h)).collect();
        if !lost.is_empty() {
            found.push(finding(db, mesh, class, server, &lost));
        }
    }
    found
}

fn finding(
    db: &dyn Db,
    mesh: Mesh,
    class: &ProxyClass,
    server: &MergedServer,
    lost: &[Str],
) -> Finding {
    let gateway = &server.gateway;
    let path = format!("{}.tls.httpsRedirect", gateway.server_path(server.index));
    let all = referencing(db, mesh, name(db, &gateway.label()));
    let meets = |hosts: &[Str]| hosts.iter().any(|h| lost.iter().any(|l| matches(h, l)));
    let routes: Vec<_> = all.iter().filter(|v| meets(&v.hosts)).collect();
    let unreachable = match routes.first() {
        Some(vs) => format!("{} is unreachable", vs.object),
        None => "nothing answers there".to_owned(),
    };
    let message = format!(
        "{} is redirected to https, but no server with TLS of {} serves it: {unreachable}, or behind a load balancer that ends TLS the redirect loops",
        crate::finding::listing(lost, 3),
        who(class)
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &gateway.object, &path, message)
        .help("add an HTTPS server for the host, or drop httpsRedirect where TLS ends before the gateway")
        .reach(0, class.workloads.len());
    for vs in routes.iter().take(3) {
        finding = finding.related(&vs.object, "spec.hosts", "is never reached through it");
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(second: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, tls: {{httpsRedirect: true}}, hosts: [a.org]}}{second}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("https-redirect-without-https-server", &yaml)
    }

    #[test]
    fn a_server_with_tls_for_the_host_is_enough() {
        let at = "warning Gateway infra/gw spec.servers[0].tls.httpsRedirect";
        let https = |host: &str, tls: &str| {
            format!(
                ", {{port: {{number: 443, name: s, protocol: HTTPS}}, tls: {{{tls}}}, hosts: ['{host}']}}"
            )
        };
        assert_eq!(with(""), [at]);
        assert_eq!(
            with(&https("b.org", "mode: SIMPLE, credentialName: c")),
            [at]
        );
        assert!(with(&https("*.org", "mode: SIMPLE, credentialName: c")).is_empty());
        assert!(with(&https("a.org", "mode: PASSTHROUGH")).is_empty());
    }
}
