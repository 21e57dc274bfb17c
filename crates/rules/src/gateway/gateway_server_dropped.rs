//! gateway-server-dropped: merging drops a whole server (G:MRG-4, G:MRG-5, G:MRG-8, G:MRG-9,
//! G:ORD-1, V:R6.7).

use crate::gateways::{comparable, server_of, who};
use crate::prelude::*;
use meshscope_mesh::gateways::{
    DropReason, Dropped, Serves, gateway_listeners, referencing, serves,
};

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-server-dropped",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a server loses its port to another server",
    equivalents: &["IST0145"],
    page: include_str!("../../pages/gateway-server-dropped.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let dropped = config
        .dropped
        .iter()
        .filter(|d| comparable(db, mesh, &d.parties));
    dropped.filter_map(|d| lost(db, mesh, class, d)).collect()
}

fn lost(db: &dyn Db, mesh: Mesh, class: &ProxyClass, dropped: &Dropped) -> Option<Finding> {
    let [lost, won, ..] = &dropped.parties[..] else {
        return None;
    };
    let (gateway, index) = server_of(db, mesh, lost)?;
    let server = gateway.servers.get(index)?;
    let reason = match &dropped.reason {
        DropReason::ProtocolConflict => "a plaintext server of another protocol is there",
        DropReason::DuplicateRouteConfig(_) => "a server of the same port name is there",
        // Two servers with TLS are a matter of server names (ambiguous-sni).
        DropReason::DuplicateHosts(_) if serves(server) == Serves::Http => {
            "both redirect to HTTPS for one host"
        }
        _ => return None,
    };
    let lost_routes = referencing(db, mesh, name(db, &gateway.label()));
    let undecided = match dropped.ambiguous {
        true => "; the older one wins, and the files do not say which",
        false => "",
    };
    let message = format!(
        "server {} loses port {} of {} to {} ({reason}{undecided}): {} hosts are never programmed",
        match server.port_name.is_empty() {
            true => server.port.to_string(),
            false => server.port_name.to_string(),
        },
        dropped.port,
        who(class),
        won.object,
        server.hosts.len(),
    );
    let path = |at: &Str| match gateway.listener {
        Some(_) => at.to_string(),
        None => format!("{at}.port"),
    };
    let mut finding = Finding::new(
        RULE.name,
        RULE.severity,
        &lost.object,
        &path(&lost.path),
        message,
    )
    .help("give one of the servers another port")
    .related(&won.object, &path(&won.path), "keeps the port");
    for vs in lost_routes.iter().take(3) {
        finding = finding.related(
            &vs.object,
            "spec.gateways",
            "is bound to the server's Gateway",
        );
    }
    Some(match dropped.ambiguous {
        true => finding.certainty(Certainty::Ambiguous),
        false => finding,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(first: &str, second: &str) -> Vec<String> {
        let gateway = |name: &str, protocol: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: p, protocol: {protocol}}}, hosts: ['*']}}]}}\n---\n"
            )
        };
        let yaml = [
            gateway("a", first),
            gateway("b", second),
            gateway_workload("infra", "edge"),
        ];
        check_rule("gateway-server-dropped", &yaml.concat())
    }

    #[test]
    fn http_servers_share_a_port_and_others_do_not() {
        assert!(with("HTTP", "HTTP").is_empty());
        assert!(with("HTTP", "HTTP2").is_empty());
        assert_eq!(
            with("HTTP", "TCP"),
            ["error Gateway infra/b spec.servers[0].port"]
        );
        assert_eq!(
            with("TCP", "TCP"),
            ["error Gateway infra/b spec.servers[0].port"]
        );
    }
}
