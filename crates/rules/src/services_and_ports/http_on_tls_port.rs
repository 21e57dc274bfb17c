//! http-on-tls-port: port 443 is declared HTTP, so TLS to it is none of the mesh's (O:14.1, O:5.7).

use crate::prelude::*;
use crate::viewers::sidecars_seeing;
use meshscope_mesh::registry::{Service, Source, services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "http-on-tls-port",
    group: Group::ServicesAndPorts,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "port 443 is declared HTTP, and TLS to it passes unseen",
    equivalents: &[],
    page: include_str!("../../pages/http-on-tls-port.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for service in services_in(db, mesh, namespace).iter() {
        if service.is_alias() {
            continue;
        }
        let ports = service.ports.iter().enumerate();
        for (i, port) in ports.filter(|(_, p)| p.number == 443 && p.protocol.is_http()) {
            // Several hosts of one entry share its ports.
            let finding = declared(db, mesh, service, i, &port.name);
            found.extend(finding.filter(|f| !found.iter().any(|k| k.anchor == f.anchor)));
        }
    }
    found
}

fn declared(
    db: &dyn Db,
    mesh: Mesh,
    service: &Service,
    index: usize,
    port: &Str,
) -> Option<Finding> {
    let seen = sidecars_seeing(db, mesh, service);
    if seen.sidecars == 0 {
        return None;
    }
    let (severity, effect) = if seen.strict > 0 {
        let count = seen.strict;
        let effect = format!(
            "is reset on {count} of {} sidecars (REGISTRY_ONLY)",
            seen.sidecars
        );
        (Severity::Warning, effect)
    } else {
        let effect = format!(
            "passes {} sidecars unseen: no routes, policies or telemetry",
            seen.sidecars
        );
        (RULE.severity, effect)
    };
    let (how, help) = match service.source {
        Source::Kubernetes => (
            format!("port {port} of {} declares HTTP on 443", service.host),
            "name it https if clients speak TLS to it",
        ),
        Source::External => (
            format!("port 443 of {} is declared HTTP", service.host),
            "declare protocol HTTPS, or port 80 with targetPort 443 where the proxy adds the TLS",
        ),
    };
    let message = format!("{how}: TLS to it {effect}");
    let path = format!("spec.ports[{index}]");
    Some(
        Finding::new(RULE.name, severity, &service.object, &path, message)
            .help(help)
            .certainty(Certainty::Assumed)
            .reach(seen.sidecars, 0),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(port: &str, mode: &str) -> Vec<String> {
        let sidecar = format!(
            "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: shop}}\nspec: {{outboundTrafficPolicy: {{mode: {mode}}}, egress: [{{hosts: ['*/*']}}]}}\n"
        );
        let yaml = sidecar + &service("back", "hook", port) + &client("shop");
        check_rule("http-on-tls-port", &yaml)
    }

    #[test]
    fn http_is_for_other_ports() {
        let at = "Service back/hook spec.ports[0]";
        assert_eq!(
            with("{name: http, port: 443}", "ALLOW_ANY"),
            [format!("info {at}")]
        );
        assert_eq!(
            with("{name: http, port: 443}", "REGISTRY_ONLY"),
            [format!("warning {at}")]
        );
        assert!(with("{name: https, port: 443}", "ALLOW_ANY").is_empty());
        assert!(with("{name: http, port: 80, targetPort: 443}", "ALLOW_ANY").is_empty());
    }
}
