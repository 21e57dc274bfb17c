//! tcp-port-captured: a TCP port without addresses takes every connection to its number (O:14,
//! O:5.4, O:5.8, V:R3.25).

mod wildcard;

use crate::prelude::*;
use meshscope_mesh::registry::{Port, Protocol, Resolution, Service, services_in};
use meshscope_mesh::visibility::{ServiceSet, open_views, restricted_clients};
use std::sync::Arc;
use wildcard::{has_capture, owns_the_wildcard, takes_all};

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
    let mut workloads = 0;
    let mut others: Vec<Arc<Service>> = Vec::new();
    let mut look = |services: &ServiceSet, count: usize| {
        if !services
            .of_host(&service.host)
            .any(|m| m.service.object == service.object)
        {
            return;
        }
        workloads += count;
        for member in services.with_port(number) {
            let other = &member.service;
            let same = other.port(number).is_some_and(takes_all);
            if same
                && owns_the_wildcard(other)
                && other.object != service.object
                && !others.iter().any(|o| o.object == other.object)
            {
                others.push(other.clone());
            }
        }
    };
    for view in open_views(db, mesh, name(db, &service.host)).iter() {
        let scope = view.client.scope(db, mesh);
        scope
            .listeners
            .iter()
            .take(1)
            .for_each(|l| look(&l.services, view.workloads));
    }
    for client in restricted_clients(db, mesh) {
        let scope = client.scope(db, mesh);
        let mut listeners = scope.listeners.iter();
        if let Some(l) = listeners.find(|l| l.services.get(&service.host).is_some()) {
            look(&l.services, client.workloads);
        }
    }
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
