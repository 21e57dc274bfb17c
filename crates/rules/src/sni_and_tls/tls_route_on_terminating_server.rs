//! tls-route-on-terminating-server: `tls` rules bound to a server that ends TLS (G:TLS-1, G:TLS-2,
//! G:TLS-5, G:LST-5).

use crate::prelude::*;
use meshscope_mesh::gateways::{
    Binding, Gateway, Serves, UnboundReason, bindings, find_gateway, open_hosts, serves,
};
use meshscope_mesh::names::matches;
use meshscope_mesh::visibility::VirtualService;

/// The rule.
pub static RULE: Rule = Rule {
    name: "tls-route-on-terminating-server",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "tls rules for a server that ends TLS, and no rules it uses",
    equivalents: &[],
    page: include_str!("../../pages/tls-route-on-terminating-server.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let all = bindings(db, mesh, &class.proxy);
    let written = all
        .iter()
        .filter(|b| b.virtual_service.object.kind == Kind::VirtualService);
    written.flat_map(|b| ignored(db, mesh, b)).collect()
}

fn ignored(db: &dyn Db, mesh: Mesh, binding: &Binding) -> Vec<Finding> {
    let vs = &binding.virtual_service;
    let Some(gateway) = find_gateway(db, mesh, &binding.gateway) else {
        return Vec::new();
    };
    let bound = |gateways: &[Str]| gateways.is_empty() || gateways.contains(&binding.gateway);
    let rule = vs
        .tls
        .iter()
        .find(|r| r.matches.iter().any(|m| bound(&m.gateways)));
    let Some(rule) = rule else {
        return Vec::new();
    };
    if serves_passthrough(db, mesh, vs) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for unbound in &binding.unbound {
        let UnboundReason::WrongKind { wants, has } = &unbound.reason else {
            continue;
        };
        let server = unbound
            .server
            .and_then(|i| gateway.servers.get(i).map(|s| (i, s)));
        let Some((index, server)) = server else {
            continue;
        };
        if !has.contains(&"tls") || !serves(server).ends_tls() {
            continue;
        }
        let mode = server.tls.as_ref().map(|t| t.mode.name());
        let outcome = match serves(server) {
            Serves::Https => "every request is answered 404",
            _ => "no filter chain is made for it",
        };
        let message = format!(
            "Gateway {} ends TLS on port {} ({}): tls rules are ignored there, it needs {wants} rules; {outcome}",
            binding.gateway,
            server.port,
            mode.unwrap_or_default()
        );
        let help = match *wants {
            "http" => "write the rule under http, or make the server PASSTHROUGH".to_owned(),
            _ => format!("write the rule under tcp with match.port {}", server.port),
        };
        let path = format!("spec.tls[{}]", rule.index);
        let finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
            .help(help)
            .related(&gateway.object, &gateway.server_path(index), "ends TLS");
        found.push(finding);
    }
    found
}

/// Whether the same rules also serve a passthrough server that accepts the VirtualService.
fn serves_passthrough(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> bool {
    let passes = |gateway: &Gateway| {
        gateway.servers.iter().enumerate().any(|(i, server)| {
            let open = || open_hosts(gateway, i, &vs.namespace);
            serves(server) == Serves::Passthrough
                && open()
                    .iter()
                    .any(|o| vs.hosts.iter().any(|h| matches(o, h)))
        })
    };
    let gateways = vs.gateways.iter().filter(|g| *g != "mesh");
    gateways
        .filter_map(|g| find_gateway(db, mesh, g))
        .any(|g| passes(&g))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(servers: &str, rules: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{servers}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [a.example.com], gateways: [infra/gw], {rules}}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("tls-route-on-terminating-server", &yaml)
    }
    fn server(port: u32, protocol: &str, mode: &str) -> String {
        format!(
            "{{port: {{number: {port}, name: p{port}, protocol: {protocol}}}, tls: {{mode: {mode}, credentialName: c}}, hosts: [a.example.com]}}"
        )
    }
    const TLS: &str =
        "tls: [{match: [{sniHosts: [a.example.com]}], route: [{destination: {host: web}}]}]";
    const AT: &str = "error VirtualService shop/v spec.tls[0]";

    #[test]
    fn servers_that_end_tls_use_other_rules() {
        assert_eq!(with(&server(443, "HTTPS", "SIMPLE"), TLS), [AT]);
        assert_eq!(with(&server(443, "TLS", "ISTIO_MUTUAL"), TLS), [AT]);
        assert!(with(&server(443, "TLS", "PASSTHROUGH"), TLS).is_empty());
        let both = format!(
            "{}, {}",
            server(443, "HTTPS", "SIMPLE"),
            server(8443, "TLS", "PASSTHROUGH")
        );
        assert!(with(&both, TLS).is_empty());
    }

    #[test]
    fn rules_of_the_kind_it_uses_are_enough() {
        let tcp = TLS
            .replace("tls:", "tcp:")
            .replace("sniHosts: [a.example.com]", "port: 443");
        let both = format!("{TLS}, {tcp}");
        assert!(with(&server(443, "TLS", "SIMPLE"), &both).is_empty());
    }
}
