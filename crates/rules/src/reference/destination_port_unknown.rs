//! destination-port-unknown: a destination port that the service lacks (V:R4.25, V:R3.11, G:RT-16).

use crate::destinations::{Judged, clients_in_words, judged_in};
use crate::prelude::*;
use meshscope_manifest::spec::kubernetes::TargetPort;
use meshscope_mesh::index::resource;
use meshscope_mesh::registry::{Protocol, Service};
use meshscope_mesh::visibility::Fate;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-port-unknown",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a route leads to a port that the destination service does not have",
    equivalents: &["IST0101"],
    page: include_str!("../../pages/destination-port-unknown.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let judged = judged_in(db, mesh, namespace);
    judged.iter().filter_map(|j| finding(db, mesh, j)).collect()
}

fn finding(db: &dyn Db, mesh: Mesh, judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    let port = at.destination.port;
    if port == 0 || judged.declared.is_empty() {
        return None;
    }
    let has = |s: &Service| {
        s.ports
            .iter()
            .any(|p| p.number == port && p.protocol != Protocol::Udp)
    };
    let hit = judged.where_fate(|v| matches!(v.fate, Fate::NoPort(_)));
    let somewhere = judged.declared.iter().any(|s| has(s));
    if hit.is_empty() && (somewhere || !judged.verdicts.is_empty()) {
        return None;
    }
    // A port that a Sidecar listener cut off is hidden, not unknown.
    let seen = hit.iter().find_map(|v| match &v.fate {
        Fate::NoPort(service) => Some(service),
        _ => None,
    });
    let service = seen.or(judged.declared.first())?;
    if judged
        .declared
        .iter()
        .any(|s| s.object == service.object && has(s))
    {
        return None;
    }
    let ports: Vec<Str> = service
        .ports
        .iter()
        .map(|p| Str::new(p.number.to_string()))
        .collect();
    let host = &at.destination.host;
    let has_ports = crate::finding::listing(&ports, 6);
    let who = clients_in_words(&hit);
    let outcome = at.layer.outcome();
    let message = format!("{host} has no port {port} (it has {has_ports}): {outcome} for {who}");
    let field = "port.number";
    let mut finding = judged.finding(&RULE, field, &hit, message).related(
        &service.object,
        "spec.ports",
        format!("has {has_ports}"),
    );
    if somewhere {
        finding = finding.certainty(Certainty::Ambiguous);
    }
    let Some(meant) = meant_port(db, mesh, service, port) else {
        return Some(finding.help(format!("use a port of {host}")));
    };
    let edits = at.path_of(field).parse().map(|path| Edit::Replace {
        path,
        value: meshscope_manifest::Value::Int(meant.into()),
    });
    Some(finding.help(format!("did you mean {meant}?")).fix(Fix {
        title: format!("use port {meant}"),
        safe: false,
        edits: edits.into_iter().collect(),
    }))
}

/// The port whose target was written, else the only one.
fn meant_port(db: &dyn Db, mesh: Mesh, service: &Service, port: u32) -> Option<u32> {
    let object = resource(db, mesh, &service.object);
    let spec = object.as_ref().and_then(|o| o.service());
    let by_target = spec
        .and_then(|s| {
            s.ports
                .iter()
                .find(|p| p.target_port == TargetPort::Number(port))
        })
        .map(|p| p.port);
    let entry = service
        .ports
        .iter()
        .find(|p| p.target_port == port)
        .map(|p| p.number);
    by_target.or(entry).or_else(|| match &service.ports[..] {
        [only] => Some(only.number),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(port: u32) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [web], http: [{{route: [{{destination: {{host: web, port: {{number: {port}}}}}}}]}}]}}\n"
        );
        let web = service(
            "shop",
            "web",
            "{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}",
        );
        check_rule(
            "destination-port-unknown",
            &format!("{vs}{}{web}", client("shop")),
        )
    }
    const AT: &str = "error VirtualService shop/v spec.http[0].route[0].destination.port.number";

    #[test]
    fn target_ports_and_udp_ports_are_none() {
        assert!(with(80).is_empty());
        assert_eq!(with(8080), [AT]);
        assert_eq!(with(53), [AT]);
    }
}
