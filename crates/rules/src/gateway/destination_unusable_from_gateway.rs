//! destination-unusable-from-gateway: a gateway is told to send to a service that only the caller's
//! own address leads to (G:CL-4, G:CL-5, O:9.5, V:R1.23).

use crate::destinations::{Layer, at_gateways};
use crate::prelude::*;
use meshscope_manifest::spec::traffic::DestinationRule;
use meshscope_mesh::index::resource;
use meshscope_mesh::registry::{Resolution, Service, Source, alias_target};
use meshscope_mesh::visibility::{
    declared, destination_rule_for, gateway_services, virtual_services_in,
};

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-unusable-from-gateway",
    group: Group::Gateway,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a gateway route leads to a service without an address a gateway can dial",
    equivalents: &[],
    page: include_str!("../../pages/destination-unusable-from-gateway.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if vs.gateway_semantics || vs.object.kind != Kind::VirtualService {
            continue;
        }
        for (at, proxy, workload) in at_gateways(db, mesh, vs) {
            let services = gateway_services(db, mesh, name(db, &proxy.config_namespace));
            let Some(member) = services.get(&at.destination.host) else {
                continue;
            };
            let Some(reason) = unusable(db, mesh, &proxy, &member.service) else {
                continue;
            };
            let path = at.path_of("host");
            let same = |f: &&mut Finding| {
                f.resource() == Some(&at.object)
                    && f.message.contains(&reason)
                    && matches!(&f.anchor, crate::Anchor::Field { path: p, .. } if p.to_string() == path)
            };
            if let Some(reach) = found.iter_mut().find(same).and_then(|f| f.reach.as_mut()) {
                reach.gateways += 1;
                continue;
            }
            let outcome = match at.layer {
                Layer::Http => "requests get 503",
                Layer::Mirror => "no copy is sent",
                Layer::Tls | Layer::Tcp => "connections are closed",
            };
            let message = format!(
                "{} {reason}: gateway {} has no address to send to, {outcome}",
                at.destination.host,
                workload.label()
            );
            let severity = match at.layer {
                Layer::Mirror => Severity::Warning,
                _ => RULE.severity,
            };
            let finding = Finding::new(RULE.name, severity, &at.object, &path, message)
                .help("declare the host with resolution DNS; for a wildcard host a gateway needs a proxy that resolves the server name")
                .related(&member.service.object, field(&member.service), "says how it is found")
                .reach(0, 1);
            found.push(finding);
        }
    }
    found
}

fn field(service: &Service) -> &'static str {
    match service.source {
        Source::External => "spec.resolution",
        Source::Kubernetes => "spec",
    }
}

/// Why a router cannot dial a service, in words.
fn unusable(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Service) -> Option<String> {
    match (&service.source, &service.resolution) {
        (Source::External, Resolution::Passthrough) => Some("has resolution NONE".into()),
        (Source::External, Resolution::DynamicDns) => Some("has resolution DYNAMIC_DNS".into()),
        (_, Resolution::Alias(_)) => {
            let target = alias_target(service)?;
            let missing = declared(db, mesh, target).is_empty() && !is_unknown(target);
            missing.then(|| format!("stands for {target}, which no ServiceEntry declares"))
        }
        // A headless Service has endpoints for gateways.
        (Source::Kubernetes, Resolution::Passthrough) => None,
        _ => {
            let entry = destination_rule_for(db, mesh, proxy, &service.host, &service.namespace)?;
            let rule = resource(db, mesh, &entry.rule)?;
            keeps_destination(rule.destination_rule()?).then(|| {
                format!(
                    "has loadBalancer PASSTHROUGH by DestinationRule {}/{}",
                    entry.rule.namespace, entry.rule.name
                )
            })
        }
    }
}

fn keeps_destination(rule: &DestinationRule) -> bool {
    let policy = rule.traffic_policy.as_ref();
    let balancer = policy.and_then(|p| p.load_balancer.as_ref());
    balancer.is_some_and(|b| b.str("simple").as_deref() == Some("PASSTHROUGH"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, gateway_workload};

    fn with(resolution: &str, gateways: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: ext, namespace: infra}}\nspec: {{hosts: [a.org], ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: {resolution}}}\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: infra}}\nspec: {{selector: {{istio: edge}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [a.org]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: infra}}\nspec: {{hosts: [a.org], gateways: [{gateways}], http: [{{match: [{{gateways: [mesh]}}], route: [{{destination: {{host: edge}}}}]}}, {{route: [{{destination: {{host: a.org}}}}]}}]}}\n{}",
            gateway_workload("infra", "edge")
        );
        check_rule("destination-unusable-from-gateway", &yaml)
    }

    #[test]
    fn gateways_need_an_address_of_their_own() {
        let at = "error VirtualService infra/v spec.http[1].route[0].destination.host";
        assert_eq!(with("NONE", "mesh, gw"), [at]);
        assert!(with("DNS", "mesh, gw").is_empty());
        assert!(with("NONE", "mesh").is_empty());
    }
}
