//! ambiguous-sni: one server name on one port of one gateway workload has two claimants (G:MRG-7,
//! G:TLS-3, G:TLS-8, G:TLS-9).

mod routes;
mod servers;

use crate::gateways::{comparable, who};
use crate::prelude::*;
use meshscope_mesh::gateways::{DropReason, Dropped, Rejected, Rejection, gateway_listeners};

/// The rule.
pub static RULE: Rule = Rule {
    name: "ambiguous-sni",
    group: Group::SniAndTls,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "two servers or routes of one gateway port claim the same server name",
    equivalents: &["IST0145", "KIA0301"],
    page: include_str!("../../pages/ambiguous-sni.md"),
    check: Check::Gateway(check),
};

fn check(db: &dyn Db, mesh: Mesh, class: &ProxyClass) -> Vec<Finding> {
    let config = gateway_listeners(db, mesh, &class.proxy);
    let mut found = Vec::new();
    for dropped in config
        .dropped
        .iter()
        .filter(|d| comparable(db, mesh, &d.parties))
    {
        found.extend(match &dropped.reason {
            DropReason::DuplicateHosts(hosts) => servers::lost(db, mesh, class, dropped, hosts),
            DropReason::DuplicateSni(hosts) => routes::lost(db, mesh, class, dropped, hosts),
            _ => None,
        });
    }
    let refused = config
        .rejections
        .iter()
        .filter(|r| r.what == Rejected::Listener);
    found.extend(refused.filter_map(|r| rejected(db, mesh, class, r)));
    found
}

/// Two chains with one name: Envoy refuses the listener (G:TLS-9).
fn rejected(db: &dyn Db, mesh: Mesh, class: &ProxyClass, rejection: &Rejection) -> Option<Finding> {
    let sni = rejection.sni.as_ref()?;
    if !comparable(db, mesh, &rejection.parties) {
        return None;
    }
    let at = rejection
        .parties
        .iter()
        .find(|p| p.object.kind == Kind::VirtualService)
        .or(rejection.parties.first())?;
    let message = format!(
        "SNI {sni} has two filter chains on listener {} of {}: Envoy refuses the whole listener",
        rejection.name,
        who(class)
    );
    let mut finding =
        finding(&at.object, &at.path, message, false).help("let one server or route have the name");
    for party in rejection.parties.iter().filter(|p| *p != at) {
        finding = finding.related(&party.object, &party.path, "takes the same name");
    }
    Some(finding)
}

fn sentence(class: &ProxyClass, sni: &str, dropped: &Dropped, outcome: &str, by: &str) -> String {
    let sni = sni.rsplit('/').next().unwrap_or(sni);
    let undecided = match dropped.ambiguous {
        true => " (the older one wins; the files do not say which)",
        false => "",
    };
    format!(
        "SNI {sni} on port {} of {} is also claimed by {by}: {outcome}{undecided}",
        dropped.port,
        who(class)
    )
}

fn finding(object: &ResourceKey, path: &str, message: String, same: bool) -> Finding {
    let severity = if same {
        Severity::Warning
    } else {
        RULE.severity
    };
    Finding::new(RULE.name, severity, object, path, message)
}

fn certainty(finding: Finding, ambiguous: bool) -> Finding {
    match ambiguous {
        true => finding.certainty(Certainty::Ambiguous),
        false => finding,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn gateway(name: &str, mode: &str, hosts: &str) -> String {
        let protocol = if mode == "PASSTHROUGH" {
            "TLS"
        } else {
            "HTTPS"
        };
        format!(
            "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 443, name: tls, protocol: {protocol}}}, tls: {{mode: {mode}, credentialName: {name}}}, hosts: [{hosts}]}}]}}\n---\n"
        )
    }
    fn route(name: &str, gateways: &str, to: &str, sni: &str) -> String {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{hosts: [{sni}], gateways: [{gateways}], tls: [{{match: [{{sniHosts: [{sni}]}}], route: [{{destination: {{host: {to}}}}}]}}]}}\n---\n"
        )
    }
    fn found(parts: &[String]) -> Vec<String> {
        let yaml = format!("{}{}", parts.concat(), gateway_workload("infra", "edge"));
        check_rule("ambiguous-sni", &yaml)
    }

    #[test]
    fn equal_strings_clash_and_overlaps_do_not() {
        let a = gateway("a", "SIMPLE", "x.example.com");
        let b = gateway("b", "SIMPLE", "x.example.com");
        assert_eq!(
            found(&[a.clone(), b]),
            ["error Gateway infra/b spec.servers[0].hosts[0]"]
        );
        assert!(found(&[a, gateway("b", "SIMPLE", "'*.example.com'")]).is_empty());
    }

    #[test]
    fn passthrough_matches_clash_between_virtual_services_only() {
        let gw = gateway("gw", "PASSTHROUGH", "'*'");
        let (one, two) = (
            route("one", "infra/gw", "p", "a.org"),
            route("two", "infra/gw", "q", "a.org"),
        );
        assert_eq!(
            found(&[gw.clone(), one.clone(), two]),
            ["error VirtualService shop/two spec.tls[0].match[0].sniHosts[0]"]
        );
        let wide = gateway("wide", "PASSTHROUGH", "'*.org'");
        assert!(found(&[gw, wide, route("one", "infra/gw, infra/wide", "p", "a.org")]).is_empty());
    }
}
