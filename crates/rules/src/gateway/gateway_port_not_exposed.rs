//! gateway-port-not-exposed: a server's port that no Service of the workload leads to (G:SEL-5,
//! G:SEL-7, G:SEL-8, G:SEL-10, G:SEL-11).

use crate::finding::listing;
use crate::gateways::who;
use crate::prelude::*;
use meshscope_mesh::gateways::{
    DropReason, MergedServer, ServiceTarget, gateway_listeners, service_targets,
};
use meshscope_mesh::workloads::find_workload;

/// The rule.
pub static RULE: Rule = Rule {
    name: "gateway-port-not-exposed",
    group: Group::Gateway,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a server listens where no Service of the gateway leads",
    equivalents: &["IST0162"],
    page: include_str!("../../pages/gateway-port-not-exposed.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let targets = service_targets(db, mesh, &class.proxy);
    // A Service that is elsewhere, or pods in the host's network, need none of these ports.
    let in_host = class.workloads.iter().any(|w| {
        let split = w.split_once('/');
        split
            .and_then(|(ns, n)| find_workload(db, mesh, ns, n))
            .is_some_and(|w| w.host_network)
    });
    if in_host || targets.is_empty() || is_unknown(&class.proxy.namespace) {
        return Vec::new();
    }
    let config = gateway_listeners(db, mesh, &class.proxy);
    let servers = config.merged.keys.iter().flat_map(|k| &k.servers);
    let mut found: Vec<Finding> = servers
        .filter_map(|s| unreachable(class, &targets, s))
        .collect();
    for dropped in &config.dropped {
        let problem = match dropped.reason {
            DropReason::NoServicePort => "is a port of none of its Services",
            DropReason::Privileged => "is below 1024, and the pod declares itself unprivileged,",
            _ => continue,
        };
        for party in dropped
            .parties
            .iter()
            .take(1)
            .filter(|p| !is_unknown(&p.object.namespace))
        {
            let message = format!(
                "the server's port {problem} on {}: nothing listens",
                who(class)
            );
            let severity = match dropped.reason {
                DropReason::NoServicePort => Severity::Error,
                _ => RULE.severity,
            };
            found.push(Finding::new(
                RULE.name,
                severity,
                &party.object,
                &party.path,
                message,
            ));
        }
    }
    found
}

fn unreachable(
    class: &ProxyClass,
    targets: &[ServiceTarget],
    server: &MergedServer,
) -> Option<Finding> {
    let gateway = &server.gateway;
    let reached = targets
        .iter()
        .any(|t| t.target_port == server.listener_port);
    if reached || !gateway.is_legacy() || server.server.port == 0 {
        return None;
    }
    let port = server.server.port;
    let collapsed = targets
        .iter()
        .map(|t| &t.service)
        .find(|s| s.ports.iter().any(|p| p.number == port));
    let (problem, effect) = match collapsed {
        Some(service) => (
            format!(
                "shares its target with another port of Service {}",
                service.object.name
            ),
            format!("it listens on {port} itself while calls arrive at the shared one"),
        ),
        None => (
            "not exposed by any Service".to_owned(),
            "it listens, and nobody reaches it through a Service".to_owned(),
        ),
    };
    let ports: Vec<Str> = targets
        .iter()
        .map(|t| format!("{} (to {})", t.port.number, t.target_port).into())
        .collect();
    let message = format!(
        "port {port} of Gateway {} is {problem} on {}: {effect}",
        gateway.label(),
        who(class)
    );
    let path = format!("{}.port.number", gateway.server_path(server.index));
    let mut finding = Finding::new(RULE.name, RULE.severity, &gateway.object, &path, message).help(
        format!("add the port to the Service; it has {}", listing(&ports, 5)),
    );
    for target in targets.iter().take(1) {
        finding = finding.related(
            &target.service.object,
            "spec.ports",
            "the Service of the pods",
        );
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(port: u32, service: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: {port}, name: p, protocol: HTTP}}, hosts: ['*']}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: edge, namespace: infra}}\nspec: {{template: {{metadata: {{labels: {{istio: edge}}}}, spec: {{containers: [{{name: istio-proxy, args: [proxy, router]}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: edge, namespace: infra}}\nspec: {{selector: {service}, ports: [{{name: http, port: 80, targetPort: 8080}}, {{name: http-alt, port: 81, targetPort: 8080}}]}}\n"
        );
        check_rule("gateway-port-not-exposed", &yaml)
    }

    #[test]
    fn service_ports_and_their_targets_are_reachable() {
        let at = "warning Gateway infra/gw spec.servers[0].port.number";
        assert!(with(80, "{istio: edge}").is_empty());
        assert!(with(8080, "{istio: edge}").is_empty());
        assert_eq!(with(9000, "{istio: edge}"), [at]);
        assert_eq!(with(81, "{istio: edge}"), [at]);
        assert!(with(9000, "{istio: other}").is_empty());
    }
}
