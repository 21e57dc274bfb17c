//! exported-service-entry-risks-nack: a ServiceEntry makes a cluster Envoy refuses (G:CL-6, G:CL-1,
//! G:NACK-2, O:9.2).

use crate::prelude::*;
use crate::viewers::viewers;
use meshscope_mesh::gateways::logical_dns_endpoints;
use meshscope_mesh::registry::{Resolution, Service, Source, endpoints, services_in};

/// The rule.
pub static RULE: Rule = Rule {
    name: "exported-service-entry-risks-nack",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Error,
    summary: "a ServiceEntry whose cluster Envoy refuses is visible to proxies",
    equivalents: &[],
    page: include_str!("../../pages/exported-service-entry-risks-nack.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let services = services_in(db, mesh, namespace);
    let external = services.iter().filter(|s| s.source == Source::External);
    let mut found: Vec<Finding> = Vec::new();
    for service in external {
        // An entry with several addresses is several services but one fault.
        if let Some(finding) = refused(db, mesh, service)
            && !found.iter().any(|f| f.same_as(&finding))
        {
            found.push(finding);
        }
    }
    found
}

fn refused(db: &dyn Db, mesh: Mesh, service: &Service) -> Option<Finding> {
    let how = match service.resolution {
        Resolution::DnsRoundRobin => "DNS_ROUND_ROBIN",
        Resolution::Dns if service.race_first_connect => "DNS with RACE_FIRST_TCP_CONNECT",
        _ => return None,
    };
    let written = endpoints(db, mesh, service).len();
    let sent = logical_dns_endpoints(db, mesh, service);
    if sent.is_none() && written < 2 {
        return None;
    }
    let seen_by = viewers(db, mesh, service);
    let (sidecars, gateways) = (seen_by.sidecars, seen_by.gateways.len());
    if sidecars + gateways == 0 {
        return None;
    }
    let seen = format!(
        "visible to {gateways} {} and {sidecars} {}",
        plural(gateways, "gateway"),
        plural(sidecars, "sidecar"),
    );
    let (severity, message) = match sent {
        Some(count) => (
            RULE.severity,
            format!(
                "Envoy refuses the cluster of {} ({how} takes one endpoint, here are {count}); {seen}: each loses this cluster and reports a rejected push",
                service.host
            ),
        ),
        // The webhook stops this; past it, istiod 1.30 sends the first endpoint alone.
        None => (
            Severity::Warning,
            format!(
                "{how} takes one endpoint, here are {written}: only the first is ever called for {}; {seen}",
                service.host
            ),
        ),
    };
    let public = service.export_to.is_empty() || service.export_to.iter().any(|t| t == "*");
    let help = if public {
        "keep one endpoint, or use resolution DNS; and set exportTo to who needs it"
    } else {
        "keep one endpoint, or use resolution DNS"
    };
    let mut finding = Finding::new(
        RULE.name,
        severity,
        &service.object,
        "spec.endpoints",
        message,
    )
    .help(help)
    .reach(sidecars, gateways);
    for gateway in seen_by.gateways {
        finding = finding.related(&gateway, "", "gets the cluster");
    }
    Some(finding)
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(resolution: &str, endpoints: &str, export: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: ext}}\nspec: {{hosts: [a.example.com], exportTo: [{export}], ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: {resolution}, endpoints: [{endpoints}]}}\n"
        );
        check_rule(
            "exported-service-entry-risks-nack",
            &format!("{yaml}{}", client("shop")),
        )
    }
    const TWO: &str = "{address: a.example.com}, {address: b.example.com}";

    #[test]
    fn one_endpoint_or_nobody_who_sees_it_is_fine() {
        let at = "warning ServiceEntry ext/e spec.endpoints";
        assert_eq!(with("DNS_ROUND_ROBIN", TWO, "'*'"), [at]);
        assert!(with("DNS_ROUND_ROBIN", "{address: a.example.com}", "'*'").is_empty());
        assert!(with("DNS", TWO, "'*'").is_empty());
        assert!(with("DNS_ROUND_ROBIN", TWO, "'.'").is_empty());
    }
}
