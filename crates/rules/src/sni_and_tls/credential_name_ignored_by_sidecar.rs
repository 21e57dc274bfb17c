//! credential-name-ignored-by-sidecar: a credential that sidecars do not read, so they send plaintext
//! (O:11.2).

use crate::prelude::*;
use crate::viewers::callers;
use meshscope_manifest::spec::traffic::{ClientTls, ClientTlsMode, DestinationRule};
use meshscope_mesh::names::{is_wildcard, resolve_short_name};
use meshscope_mesh::outbound::sent_tls;
use meshscope_mesh::visibility::declared;

/// The rule.
pub static RULE: Rule = Rule {
    name: "credential-name-ignored-by-sidecar",
    group: Group::SniAndTls,
    tier: Tier::Second,
    severity: Severity::Error,
    summary: "a DestinationRule with credentialName that sidecars use",
    equivalents: &[],
    page: include_str!("../../pages/credential-name-ignored-by-sidecar.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        let spec = rule.destination_rule();
        let Some(spec) = spec.filter(|d| d.workload_selector.is_none() && names_secret(d)) else {
            continue;
        };
        let domain = &facts(db, mesh).config_domain;
        let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
        if !is_wildcard(&host) && !is_unknown(&host) {
            found.extend(ignored(db, mesh, rule, spec, &host));
        }
    }
    found
}

fn is_secret(tls: &ClientTls) -> bool {
    let mode = matches!(tls.mode, ClientTlsMode::Simple | ClientTlsMode::Mutual);
    mode && !tls.credential_name.is_empty() && !tls.credential_name.contains("://")
}

fn names_secret(rule: &DestinationRule) -> bool {
    let subsets = rule
        .subsets
        .iter()
        .filter_map(|s| s.traffic_policy.as_ref());
    rule.traffic_policy.iter().chain(subsets).any(|p| {
        let ports = p.port_level.iter().map(|(_, p)| p);
        let mut all = std::iter::once(&**p).chain(ports);
        all.any(|p| p.tls.as_ref().is_some_and(is_secret))
    })
}

fn ignored(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    host: &str,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for service in declared(db, mesh, host) {
        for caller in callers(db, mesh, host).iter().filter(|c| c.workloads > 0) {
            let subsets = spec.subsets.iter().map(|s| s.name.as_str());
            for subset in std::iter::once("").chain(subsets) {
                for port in service.ports.iter() {
                    let sent =
                        sent_tls(db, mesh, &caller.proxy, &service, port.number, subset, None);
                    let by = sent.because.iter().find(|b| b.object == rule.key);
                    // No mode is left of what the rule writes.
                    let Some(by) = by.filter(|_| sent.mode.is_none()) else {
                        continue;
                    };
                    let path = format!("{}.credentialName", by.path);
                    let message = format!(
                        "{} not able to read credentialName: plaintext is sent to {host}",
                        caller.who
                    );
                    let finding = Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
                        .help("add a workloadSelector, which lets sidecars read it, or name files")
                        .related(&service.object, "", "the service")
                        .reach(caller.workloads, 0);
                    match found.iter_mut().find(|f| f.anchor == finding.anchor) {
                        Some(known) if known.message != finding.message => {
                            if let Some(reach) = &mut known.reach {
                                reach.workloads += caller.workloads;
                            }
                        }
                        Some(_) => {}
                        None => found.push(finding),
                    }
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(rest: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: shop}}\nspec: {{hosts: [a.org], resolution: DNS, ports: [{{number: 80, name: http, protocol: HTTP}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: shop}}\nspec: {{host: a.org, {rest}}}\n{}",
            client("shop")
        );
        check_rule("credential-name-ignored-by-sidecar", &yaml)
    }

    #[test]
    fn sidecars_read_it_only_with_a_selector() {
        let policy = "trafficPolicy: {tls: {mode: SIMPLE, credentialName: c}}";
        assert_eq!(
            with(policy),
            ["error DestinationRule shop/d spec.trafficPolicy.tls.credentialName"]
        );
        assert!(
            with(&format!(
                "workloadSelector: {{matchLabels: {{app: client}}}}, {policy}"
            ))
            .is_empty()
        );
        assert!(with("trafficPolicy: {tls: {mode: SIMPLE}}").is_empty());
    }
}
