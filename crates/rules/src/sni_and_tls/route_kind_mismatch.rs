//! route-kind-mismatch: a block of rules that applies on none of the ports it is written for
//! (G:TLS-1, G:TLS-2, O:6.7, O:6.10, O:14.3).

use crate::prelude::*;
use meshscope_mesh::gateways::{find_gateway, open_hosts, serves};
use meshscope_mesh::names::{is_wildcard, matches};
use meshscope_mesh::registry::{Protocol, ProtocolClass};
use meshscope_mesh::visibility::{VirtualService, declared, virtual_services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "route-kind-mismatch",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "http, tls or tcp rules for ports of another kind",
    equivalents: &[],
    page: include_str!("../../pages/route-kind-mismatch.md"),
    check: Check::Namespace(check),
};

/// One block of rules: its kind, the gateways its matches name (none means all), and whether the
/// default would do the same.
struct Block {
    kind: &'static str,
    matches: Vec<Vec<Str>>,
    default_does_it: bool,
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let all = virtual_services_in(db, mesh, namespace);
    let written = all
        .iter()
        .filter(|v| v.object.kind == Kind::VirtualService && !v.gateway_semantics);
    written
        .flat_map(|vs| {
            let blocks = blocks(vs).into_iter();
            blocks
                .filter_map(|b| unused(db, mesh, vs, &b))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The gateways of each match of a rule; a rule without matches applies everywhere.
fn or_anywhere(matches: Vec<Vec<Str>>) -> Vec<Vec<Str>> {
    match matches.is_empty() {
        true => vec![Vec::new()],
        false => matches,
    }
}

fn blocks(vs: &VirtualService) -> Vec<Block> {
    let own = |mut hosts: Box<dyn Iterator<Item = &Str> + '_>| hosts.all(|h| vs.hosts.contains(h));
    let mut found = Vec::new();
    if !vs.http.is_empty() {
        let rules = vs.http.iter().map(|r| &r.rule.matches);
        let rules = rules.map(|all| all.iter().map(|m| m.gateways.clone()).collect());
        found.push(Block {
            kind: "http",
            matches: rules.flat_map(or_anywhere).collect(),
            default_does_it: false,
        });
    }
    for (kind, rules) in [("tls", &vs.tls), ("tcp", &vs.tcp)] {
        if rules.is_empty() {
            continue;
        }
        let matches = rules.iter().map(|r| &r.matches);
        let matches = matches.map(|all| all.iter().map(|m| m.gateways.clone()).collect());
        let to = rules
            .iter()
            .flat_map(|r| &r.route)
            .map(|r| &r.destination.host);
        found.push(Block {
            kind,
            matches: matches.flat_map(or_anywhere).collect(),
            default_does_it: own(Box::new(to)),
        });
    }
    found
}

fn unused(db: &dyn Db, mesh: Mesh, vs: &VirtualService, block: &Block) -> Option<Finding> {
    let mut seen: Vec<(ResourceKey, String, String)> = Vec::new();
    let for_gateway = |g: &str| {
        block
            .matches
            .iter()
            .any(|m| m.is_empty() || m.iter().any(|x| x == g))
    };
    for label in vs.gateways.iter().filter(|g| for_gateway(g)) {
        if label == "mesh" {
            for host in &vs.hosts {
                let services = declared(db, mesh, host);
                // Whatever no service defines, or a wildcard gathers, may be of any kind.
                if services.is_empty() || is_wildcard(host) || is_unknown(host) {
                    return None;
                }
                for service in services {
                    if service.is_alias()
                        || service.ports.iter().any(|p| fits(block.kind, p.protocol))
                    {
                        return None;
                    }
                    let ports: Vec<Str> = service
                        .ports
                        .iter()
                        .map(|p| format!("{} is {:?}", p.number, p.protocol).into())
                        .collect();
                    let words = format!("of {host} port {}", crate::finding::listing(&ports, 3));
                    seen.push((service.object.clone(), "spec.ports".into(), words));
                }
            }
            continue;
        }
        let gateway = find_gateway(db, mesh, label)?;
        for (index, server) in gateway.servers.iter().enumerate() {
            let open = open_hosts(&gateway, index, &vs.namespace);
            if !open.iter().any(|o| vs.hosts.iter().any(|h| matches(o, h))) {
                continue;
            }
            let kind = serves(server);
            let rules = kind.rules()?;
            // Its own rule: tls-route-on-terminating-server.
            if rules == block.kind || (block.kind == "tls" && kind.ends_tls()) {
                return None;
            }
            let words = format!("port {} of Gateway {label} uses {rules} rules", server.port);
            seen.push((
                gateway.object.clone(),
                gateway.server_path(index).to_string(),
                words,
            ));
        }
    }
    let (_, _, first) = seen.first()?;
    let message = format!("{} rules never apply: {first}", block.kind);
    let only = [vs.http.is_empty(), vs.tls.is_empty(), vs.tcp.is_empty()];
    let alone = only.iter().filter(|empty| !**empty).count() == 1;
    let of_gateways = vs.gateways.iter().all(|g| g != "mesh");
    let severity = match (block.default_does_it, alone && of_gateways) {
        (_, true) => Severity::Error,
        (true, _) => Severity::Info,
        _ => RULE.severity,
    };
    let path = format!("spec.{}", block.kind);
    let mut finding = Finding::new(RULE.name, severity, &vs.object, &path, message)
        .help("use the block that fits, or correct the protocol of the port");
    for (object, path, words) in seen.iter().take(3) {
        finding = finding.related(object, path, words.as_str());
    }
    Some(finding)
}

/// Whether a sidecar uses rules of a kind on a port of a protocol.
fn fits(kind: &str, protocol: Protocol) -> bool {
    match (kind, protocol.class()) {
        ("http", ProtocolClass::Http) | ("http" | "tcp", ProtocolClass::Auto) => true,
        ("tls", _) => protocol.is_tls(),
        ("tcp", ProtocolClass::Tcp) => !protocol.is_tls(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, service};

    fn with(port: &str, kind: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [web], {kind}: [{{route: [{{destination: {{host: api}}}}]}}]}}\n{}",
            service("shop", "web", port)
        );
        check_rule("route-kind-mismatch", &yaml)
    }

    #[test]
    fn ports_of_sidecars() {
        assert!(with("{name: http, port: 80}", "http").is_empty());
        assert!(with("{port: 80}", "http").is_empty());
        let at = ["warning VirtualService shop/v spec.http"];
        assert_eq!(with("{name: tcp-db, port: 5432}", "http"), at);
        assert!(with("{name: tcp-db, port: 5432}, {name: http, port: 80}", "http").is_empty());
        assert!(with("{name: tcp-db, port: 5432}", "tcp").is_empty());
    }
}
