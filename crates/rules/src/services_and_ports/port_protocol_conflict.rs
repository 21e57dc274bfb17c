//! port-protocol-conflict: services that meet on one port with protocols that do not mix (O:5.8,
//! O:17.2, V:R3.25).

use super::wildcard::owns_the_wildcard;
use crate::gateways::who;
use crate::prelude::*;
use crate::viewers::meet_at;
use meshscope_mesh::gateways::service_targets;
use meshscope_mesh::registry::{Port, ProtocolClass, Service, service_order, services_in};
use meshscope_mesh::workloads::{ProxyClass, classes_in, workloads_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "port-protocol-conflict",
    group: Group::ServicesAndPorts,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "two services share a port with protocols that do not mix",
    equivalents: &["IST0116", "IST0137"],
    page: include_str!("../../pages/port-protocol-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let mut found = inbound(db, mesh, namespace);
    for service in services_in(db, mesh, namespace).iter() {
        let ports = service.ports.iter().enumerate();
        let bytes = |p: &Port| p.protocol.class() == ProtocolClass::Tcp && !p.protocol.is_tls();
        for (i, port) in ports.filter(|(_, p)| bytes(p)) {
            if owns_the_wildcard(service) {
                found.extend(behind_http(db, mesh, service, i, port));
            }
        }
    }
    found
}

/// Services that give one port of a pod different protocols: the oldest decides.
fn inbound<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let services = services_in(db, mesh, namespace);
    // Nearly every pod stands behind one service: that is seen without asking which ports meet.
    let several = |c: &&ProxyClass| {
        let behind = |s: &&Arc<Service>| {
            !s.is_kubernetes() || s.selector.selects(&c.proxy.labels) || !c.proxy.ips.is_empty()
        };
        services.iter().filter(behind).nth(1).is_some()
    };
    let classes = classes_in(db, mesh, namespace).iter();
    let sidecars = classes.filter(|c| c.proxy.kind == ProxyKind::Sidecar);
    for class in sidecars.filter(several) {
        let targets = service_targets(db, mesh, &class.proxy);
        for (i, later) in targets.iter().enumerate() {
            let rank = later.port.protocol.class();
            let mixes = |class: ProtocolClass| {
                class == rank
                    || !matches!(class, ProtocolClass::Http | ProtocolClass::Tcp)
                    || !matches!(rank, ProtocolClass::Http | ProtocolClass::Tcp)
            };
            let first = targets.iter().take(i).find(|t| {
                t.target_port == later.target_port && t.service.object != later.service.object
            });
            let Some(first) = first.filter(|f| !mixes(f.port.protocol.class())) else {
                continue;
            };
            let (a, b) = (&first.service, &later.service);
            let Some(index) = b.ports.iter().position(|p| p == &later.port) else {
                continue;
            };
            let aged = matches!((a.created, b.created), (Some(x), Some(y)) if x != y);
            let order = match aged {
                true => "which is older",
                false => "if they are equally old; otherwise the older one",
            };
            let message = format!(
                "{} and {} give port {} of {} different protocols ({} and {}): that of {} counts ({order})",
                a.object.name,
                b.object.name,
                later.target_port,
                who(class),
                first.port.name,
                later.port.name,
                a.object.name,
            );
            let path = format!("spec.ports[{index}]");
            let mut finding = Finding::new(RULE.name, RULE.severity, &b.object, &path, message)
                .help("declare one protocol for the port in all Services")
                .related(&a.object, "spec.ports", "leads to the same port")
                .reach(class.workloads.len(), 0);
            for workload in workloads_in(db, mesh, namespace).iter() {
                if class.workloads.iter().any(|w| **w == workload.label()) {
                    finding = finding.related(&workload.object, "", "has the port");
                }
            }
            if !aged {
                finding = finding.certainty(Certainty::Ambiguous);
            }
            if !found.iter().any(|f| f.same_as(&finding)) {
                found.push(finding);
            }
        }
    }
    found
}

/// A TCP port without addresses where an HTTP service makes the listener: plaintext HTTP takes the
/// HTTP chain, in which the entry has no host.
fn behind_http(
    db: &dyn Db,
    mesh: Mesh,
    service: &Arc<Service>,
    index: usize,
    port: &Port,
) -> Option<Finding> {
    let http = |other: &Service| {
        let same = other.port(port.number);
        other.object != service.object && same.is_some_and(|p| p.protocol.is_http())
    };
    let met = meet_at(db, mesh, service, port.number, http);
    let (mut others, workloads) = (met.others, met.meeting);
    others.sort_by(|a, b| service_order(a, b));
    let first = others.first()?;
    let message = format!(
        "port {} is TCP without addresses, and {} speaks HTTP on it: on {workloads} sidecars plaintext HTTP to {} takes the HTTP chain, where it has no virtual host; only other bytes reach it, whatever their address",
        port.number, first.host, service.host
    );
    Some(
        Finding::new(
            RULE.name,
            RULE.severity,
            &service.object,
            &format!("spec.ports[{index}]"),
            message,
        )
        .help("give the entry addresses, or declare HTTP if it speaks HTTP")
        .related(&first.object, "spec.ports", "speaks HTTP on the port")
        .reach(workloads, 0),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service, workload};

    #[test]
    fn services_of_one_pod_must_agree() {
        let with = |second: &str| {
            let two = service("shop", "two", second).replace("app: two", "app: web");
            let one = service("shop", "web", "{name: http, port: 80, targetPort: 8080}");
            check_rule(
                "port-protocol-conflict",
                &(one + &two + &workload("shop", "web")),
            )
        };
        assert_eq!(
            with("{name: tcp, port: 81, targetPort: 8080}"),
            ["warning Service shop/web spec.ports[0]"]
        );
        assert!(with("{name: grpc, port: 81, targetPort: 8080}").is_empty());
        assert!(with("{name: tcp, port: 81, targetPort: 9090}").is_empty());
    }

    #[test]
    fn bytes_without_an_address_behind_http() {
        let with = |rest: &str| {
            let entry = format!(
                "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: shop}}\nspec: {{hosts: [a.org], resolution: DNS, {rest}}}\n"
            );
            let web = service("shop", "web", "{name: http, port: 80}");
            check_rule("port-protocol-conflict", &(entry + &web + &client("shop")))
        };
        assert_eq!(
            with("ports: [{number: 80, name: tcp, protocol: TCP}]"),
            ["warning ServiceEntry shop/e spec.ports[0]"]
        );
        assert!(with("ports: [{number: 81, name: tcp, protocol: TCP}]").is_empty());
        assert!(
            with("addresses: [10.0.0.1], ports: [{number: 80, name: tcp, protocol: TCP}]")
                .is_empty()
        );
        assert!(with("ports: [{number: 80, name: http, protocol: HTTP}]").is_empty());
    }
}
