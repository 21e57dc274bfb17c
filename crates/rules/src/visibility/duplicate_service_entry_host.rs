//! duplicate-service-entry-host: one host declared twice; per client one declaration counts
//! (V:R1.19, V:R1.21, V:R3.14, V:R3.20, O:3.8, O:3.11).

mod apart;

use crate::prelude::*;
use apart::apart;
use meshscope_mesh::index::resource;
use meshscope_mesh::registry::{Service, Source, host_namespaces, service_order, services_in};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "duplicate-service-entry-host",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "one host is declared by several ServiceEntries that a client could see",
    equivalents: &["KIA1211", "KIA1212"],
    page: include_str!("../../pages/duplicate-service-entry-host.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    if is_unknown(namespace.text(db)) {
        return found;
    }
    for service in services_in(db, mesh, namespace).iter() {
        if service.source != Source::External || is_unknown(&service.host) {
            continue;
        }
        let owners = host_namespaces(db, mesh, name(db, &service.host));
        for owner in owners.iter() {
            let all = services_in(db, mesh, name(db, owner));
            let twins = all.iter().filter(|s| {
                // Each pair once: on the later object, or on the entry beside a Service.
                s.host == service.host && (s.is_kubernetes() || s.object < service.object)
            });
            for twin in twins {
                let finding = if twin.namespace == service.namespace {
                    together(db, mesh, service, twin)
                } else {
                    apart(db, mesh, service, twin)
                };
                // An entry with several addresses is several services but one object.
                found.extend(finding.filter(|f| !found.iter().any(|k| k.same_as(f))));
            }
        }
    }
    found
}

/// Ports of `loser` that `winner` lacks.
fn lost(winner: &Service, loser: &Service) -> Vec<Str> {
    let ports = loser
        .ports
        .iter()
        .filter(|p| winner.port(p.number).is_none());
    ports.map(|p| Str::new(p.number.to_string())).collect()
}

/// Two declarations in one namespace: merged when alike, else the later one has no clusters (O:3.11).
fn together(db: &dyn Db, mesh: Mesh, a: &Arc<Service>, b: &Arc<Service>) -> Option<Finding> {
    if b.is_kubernetes() {
        return Some(say(
            a,
            b,
            Severity::Info,
            "the Service counts for everyone".into(),
        ));
    }
    let (winner, loser) = if service_order(b, a).is_gt() {
        (a, b)
    } else {
        (b, a)
    };
    let alike = a.resolution == b.resolution
        && a.labels == b.labels
        && a.selector == b.selector
        && a.export_to == b.export_to;
    let aged = matches!((a.created, b.created), (Some(x), Some(y)) if x != y);
    let lost = lost(winner, loser);
    let ports = crate::finding::listing(&lost, 4);
    if alike {
        let shared = a.ports.iter().any(|p| b.port(p.number).is_some());
        if !shared || same_spec(db, mesh, a, b) {
            return None;
        }
        let text = "they are merged; where both declare a port, the older one counts";
        let finding = say(loser, winner, RULE.severity, text.into());
        return Some(if aged {
            finding
        } else {
            finding.certainty(Certainty::Ambiguous)
        });
    }
    let (severity, text) = if lost.is_empty() {
        (
            RULE.severity,
            "they differ, so they are not merged: only the older one counts".to_owned(),
        )
    } else {
        (
            Severity::Error,
            format!(
                "they differ in more than ports, so they are not merged: port {ports} of the later one has routes but no cluster"
            ),
        )
    };
    let finding = say(loser, winner, severity, text);
    Some(if aged {
        finding
    } else {
        finding.certainty(Certainty::Ambiguous)
    })
}

/// Whether two entries say the same but for where they are.
fn same_spec(db: &dyn Db, mesh: Mesh, a: &Service, b: &Service) -> bool {
    let spec = |s: &Service| {
        let mut spec = resource(db, mesh, &s.object)?.service_entry()?.clone();
        spec.export_to.clear();
        spec.hosts = vec![s.host.clone()];
        Some(spec)
    };
    spec(a) == spec(b)
}

fn say(at: &Service, other: &Service, severity: Severity, text: String) -> Finding {
    let message = format!("{} is also declared by {}: {text}", at.host, other.object);
    let path = format!("spec.hosts[{}]", at.host_index);
    let theirs = match other.source {
        Source::External => format!("spec.hosts[{}]", other.host_index),
        Source::Kubernetes => String::new(),
    };
    Finding::new(RULE.name, severity, &at.object, &path, message)
        .help("declare the host once, with all its ports")
        .related(&other.object, &theirs, "declares the same host")
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(first: &str, second: &str, namespaces: [&str; 2]) -> Vec<String> {
        let entry = |ns: &str, name: &str, rest: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: {name}, namespace: {ns}}}\nspec: {{hosts: [api.example.com], {rest}}}\n"
            )
        };
        let [x, y] = namespaces;
        let yaml = entry(x, "one", first) + &entry(y, "two", second);
        check_rule(
            "duplicate-service-entry-host",
            &(yaml + &client("a") + &client("c")),
        )
    }
    const TLS: &str = "resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]";
    const HTTP: &str = "resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]";

    #[test]
    fn an_own_entry_with_fewer_ports_takes_the_others_away() {
        let private = format!("exportTo: ['.'], {HTTP}");
        assert_eq!(
            with(&private, TLS, ["a", "b"]),
            ["warning ServiceEntry b/two spec.hosts[0]"]
        );
        let private = format!("exportTo: ['.'], {TLS}, endpoints: [{{address: p.example.com}}]");
        assert_eq!(
            with(&private, TLS, ["a", "b"]),
            ["info ServiceEntry b/two spec.hosts[0]"]
        );
    }

    #[test]
    fn alike_entries_of_one_namespace_add_up() {
        assert!(with(HTTP, TLS, ["a", "a"]).is_empty());
        let stat = "resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]";
        assert_eq!(
            with(HTTP, stat, ["a", "a"]),
            ["error ServiceEntry a/two spec.hosts[0]"]
        );
    }
}
