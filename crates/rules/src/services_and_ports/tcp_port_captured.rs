//! tcp-port-captured: a TCP port without addresses takes every connection to its number (O:14,
//! O:5.4, O:5.8, V:R3.25).

use super::wildcard::{has_capture, owns_the_wildcard, takes_all};
use crate::prelude::*;
use crate::viewers::{Meeting, meet_at};
use meshscope_mesh::registry::{Port, Protocol, Resolution, Service, services_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "tcp-port-captured",
    group: Group::ServicesAndPorts,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a TCP or undeclared ServiceEntry port without addresses takes all connections to it",
    equivalents: &["IST0134"],
    page: include_str!("../../pages/tcp-port-captured.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for service in services_in(db, mesh, namespace).iter() {
        if !owns_the_wildcard(service) || has_capture(db, mesh, service) {
            continue;
        }
        for (i, port) in service
            .ports
            .iter()
            .enumerate()
            .filter(|(_, p)| takes_all(p))
        {
            let finding = captured(db, mesh, service, i, port);
            // Several hosts of one entry share its ports.
            found.extend(finding.filter(|f| !found.iter().any(|k| k.anchor == f.anchor)));
        }
    }
    found
}

fn captured(
    db: &dyn Db,
    mesh: Mesh,
    service: &Arc<Service>,
    index: usize,
    port: &Port,
) -> Option<Finding> {
    let number = port.number;
    let same = |other: &Service| {
        other.object != service.object
            && owns_the_wildcard(other)
            && other.port(number).is_some_and(takes_all)
    };
    let Meeting {
        others,
        seeing: workloads,
        ..
    } = meet_at(db, mesh, service, number, same);
    if workloads == 0 {
        return None;
    }
    let declared = match port.protocol {
        Protocol::Unsupported | Protocol::Hbone => "no protocol is declared, so",
        _ => "TCP",
    };
    let web = matches!(number, 80 | 443);
    let none = service.resolution == Resolution::Passthrough;
    let severity = match (none, web || !others.is_empty()) {
        (true, true) | (false, false) => Severity::Warning,
        (true, false) => Severity::Info,
        (false, true) => RULE.severity,
    };
    let to = if none {
        format!(
            "are attributed to {} (resolution NONE still dials the original address)",
            service.host
        )
    } else {
        format!("go to {}", service.host)
    };
    let mut message = format!(
        "{declared} port {number} without addresses: on {workloads} sidecars all connections to :{number} that no SNI or HTTP host claims {to}, whatever address was dialled"
    );
    if let Some(other) = others.first() {
        message.push_str(&format!(
            "; {} wants the same: only the first of them gets a listener",
            other.host
        ));
    }
    let help = if web {
        "declare protocol TLS or HTTPS, or give the entry addresses"
    } else {
        "give the entry addresses, or declare the protocol"
    };
    let mut finding = Finding::new(
        RULE.name,
        severity,
        &service.object,
        &format!("spec.ports[{index}]"),
        message,
    )
    .help(help)
    .reach(workloads, 0);
    for other in &others {
        finding = finding.related(&other.object, "spec.ports", "takes the same port");
    }
    if others.is_empty() {
        Some(finding)
    } else {
        Some(finding.certainty(Certainty::Ambiguous))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(rest: &str, port: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: ext}}\nspec: {{hosts: [a.example.com], {rest}, ports: [{{name: p, {port}}}]}}\n"
        );
        check_rule("tcp-port-captured", &format!("{yaml}{}", client("shop")))
    }

    #[test]
    fn only_ports_without_any_condition_capture() {
        let at = "ServiceEntry ext/e spec.ports[0]";
        assert_eq!(
            with("resolution: DNS", "number: 443, protocol: TCP"),
            [format!("error {at}")]
        );
        assert_eq!(
            with("resolution: DNS", "number: 443"),
            [format!("error {at}")]
        );
        assert_eq!(
            with("resolution: DNS", "number: 5432, protocol: TCP"),
            [format!("warning {at}")]
        );
        assert_eq!(
            with("resolution: NONE", "number: 5432, protocol: TCP"),
            [format!("info {at}")]
        );
        assert!(with("resolution: DNS", "number: 443, protocol: TLS").is_empty());
        assert!(with("resolution: DNS", "number: 80, protocol: HTTP").is_empty());
        assert!(
            with(
                "resolution: DNS, addresses: [10.0.0.1]",
                "number: 443, protocol: TCP"
            )
            .is_empty()
        );
    }
}
