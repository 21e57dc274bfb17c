//! destination-port-unspecified: no port is written and istiod takes one the service lacks (O:8.17,
//! O:6.11, G:RT-16).

use crate::destinations::{Judged, Layer, clients_in_words, judged_in};
use crate::prelude::*;
use meshscope_mesh::visibility::Fate;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-port-unspecified",
    group: Group::Reference,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a destination writes no port, and the one istiod takes does not exist there",
    equivalents: &["IST0112"],
    page: include_str!("../../pages/destination-port-unspecified.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let judged = judged_in(db, mesh, namespace);
    judged.iter().filter_map(finding).collect()
}

fn finding(judged: &Judged) -> Option<Finding> {
    let at = &judged.at;
    if at.destination.port != 0 || !at.live {
        return None;
    }
    let hit = judged.where_fate(|v| matches!(v.fate, Fate::NoPort(_)));
    let first = hit.first()?;
    let Fate::NoPort(service) = &first.fate else {
        return None;
    };
    let ports: Vec<Str> = service
        .ports
        .iter()
        .map(|p| Str::new(p.number.to_string()))
        .collect();
    let has = crate::finding::listing(&ports, 6);
    let why = match (first.gateways > 0, at.layer) {
        (true, _) => "the port of the Gateway server",
        (false, Layer::Http | Layer::Mirror) => "the port the client called",
        (false, _) => "the port of the listener",
    };
    let (host, port) = (&at.destination.host, first.port);
    let who = clients_in_words(&hit);
    let outcome = at.layer.outcome();
    let message = format!(
        "no port is written, so istiod uses {port} ({why}), which {host} does not have (it has {has}): {outcome} for {who}"
    );
    let number = ports.first().map_or("…", Str::as_str);
    let mut finding = judged
        .finding(&RULE, "", &hit, message)
        .help(format!("write the port: port: {{number: {number}}}"))
        .related(&service.object, "spec.ports", format!("has {has}"));
    if let ([only], Ok(path)) = (&service.ports[..], at.path.parse()) {
        let mut port = meshscope_manifest::value::Map::default();
        port.insert(
            "number".into(),
            meshscope_manifest::Value::Int(only.number.into()),
        );
        finding = finding.fix(Fix {
            title: format!("write port {}", only.number),
            safe: false,
            edits: vec![Edit::Insert {
                path,
                key: "port".into(),
                value: meshscope_manifest::Value::Map(port),
            }],
        });
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client, service};

    fn with(host: &str) -> Vec<String> {
        let vs = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: shop}}\nspec: {{hosts: [web], http: [{{route: [{{destination: {{host: {host}}}}}]}}]}}\n"
        );
        let services = service("shop", "web", "{name: http, port: 80}")
            + &service(
                "shop",
                "two",
                "{name: http, port: 80}, {name: http-b, port: 8080}",
            )
            + &service("shop", "other", "{name: http, port: 8080}");
        check_rule(
            "destination-port-unspecified",
            &format!("{vs}{}{services}", client("shop")),
        )
    }

    #[test]
    fn sidecars_take_the_port_of_the_call() {
        assert!(with("web").is_empty());
        assert!(with("two").is_empty());
        assert_eq!(
            with("other"),
            ["error VirtualService shop/v spec.http[0].route[0].destination"]
        );
    }
}
