//! port-protocol-unclear: a port whose protocol istiod has to guess, or whose name says another one
//! than it declares (V:R1.5, V:R1.12, O:0.5, O:0.6).

mod named;
mod undeclared;

use crate::prelude::*;
use crate::viewers::viewers;
use meshscope_mesh::registry::services_in;
use named::contradicted;
use undeclared::undeclared;

/// The rule.
pub static RULE: Rule = Rule {
    name: "port-protocol-unclear",
    group: Group::ServicesAndPorts,
    tier: Tier::Second,
    severity: Severity::Info,
    summary: "a port that declares no protocol, or one its name contradicts",
    equivalents: &["IST0118", "KIA0601", "KIA0602"],
    page: include_str!("../../pages/port-protocol-unclear.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let ns = namespace.text(db);
    let system = ns.starts_with("kube-") || ns == facts(db, mesh).root();
    let mut found = Vec::new();
    for service in objects(db, mesh, namespace, Kind::Service)
        .iter()
        .filter(|_| !system)
    {
        let Some(spec) = service.service().filter(|s| s.external_name.is_empty()) else {
            continue;
        };
        let mut of_service = Vec::new();
        for (i, port) in spec.ports.iter().enumerate() {
            of_service.extend(undeclared(&service.key, i, port, spec.ports.len() == 1));
        }
        if !of_service.is_empty() && !is_seen(db, mesh, namespace, service) {
            // No proxy of the files has to guess.
            of_service
                .iter_mut()
                .for_each(|f| f.severity = Severity::Hint);
        }
        found.extend(of_service);
    }
    for entry in objects(db, mesh, namespace, Kind::ServiceEntry).iter() {
        let ports = entry.service_entry().map_or(&[][..], |s| &s.ports);
        for (i, port) in ports.iter().enumerate() {
            let path = format!("spec.ports[{i}]");
            found.extend(contradicted(&entry.key, &path, &port.name, &port.protocol));
        }
    }
    for gateway in objects(db, mesh, namespace, Kind::Gateway).iter() {
        let servers = gateway.gateway().map_or(&[][..], |g| &g.servers);
        for (i, server) in servers.iter().enumerate() {
            let path = format!("spec.servers[{i}].port");
            found.extend(contradicted(
                &gateway.key,
                &path,
                &server.port_name,
                &server.protocol,
            ));
        }
    }
    found
}

fn is_seen<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>, object: &Resource) -> bool {
    let services = services_in(db, mesh, namespace);
    let mut own = services.iter().filter(|s| s.object == object.key);
    own.any(|s| {
        let seen = viewers(db, mesh, s);
        seen.sidecars + seen.gateways.len() > 0
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn of_service(port: &str) -> Vec<String> {
        let yaml = service("shop", "web", port) + &client("shop");
        check_rule("port-protocol-unclear", &yaml)
    }
    const AT: &str = "Service shop/web spec.ports[0]";

    #[test]
    fn names_declare_protocols() {
        assert_eq!(
            of_service("{name: tco-80, port: 80}"),
            [format!("info {AT}")]
        );
        assert_eq!(of_service("{port: 80}"), [format!("hint {AT}")]);
        assert_eq!(
            of_service("{name: smtp, port: 587}"),
            [format!("warning {AT}")]
        );
        for fine in [
            "{name: http-web, port: 80}",
            "{name: db, port: 3306}",
            "{name: web, port: 80, appProtocol: http}",
            "{name: dns, port: 5353, protocol: UDP}",
        ] {
            assert!(of_service(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn nobody_who_sees_it_is_nobody_who_guesses() {
        let yaml = service("shop", "web", "{name: tco-80, port: 80}");
        assert_eq!(
            check_rule("port-protocol-unclear", &yaml),
            [format!("hint {AT}")]
        );
    }

    #[test]
    fn a_name_is_no_declaration_in_istio_objects() {
        let with = |name: &str, protocol: &str| {
            check_rule(
                "port-protocol-unclear",
                &format!(
                    "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: shop}}\nspec: {{hosts: [a.org], resolution: DNS, ports: [{{number: 80, name: {name}, protocol: {protocol}}}]}}\n"
                ),
            )
        };
        assert_eq!(with("http", "TCP").len(), 1);
        assert_eq!(with("https", "HTTP").len(), 1);
        assert!(with("https", "TLS").is_empty());
        assert!(with("tcp", "TLS").is_empty());
        assert!(with("http", "GRPC").is_empty());
        assert!(with("web", "TCP").is_empty());
    }
}
