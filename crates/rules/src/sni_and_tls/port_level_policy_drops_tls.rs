//! port-level-policy-drops-tls: the settings of one port replace the whole policy, TLS among it
//! (O:10.8, O:11.3, V:R5.9).

use crate::prelude::*;
use meshscope_manifest::spec::traffic::TrafficPolicy;

/// The rule.
pub static RULE: Rule = Rule {
    name: "port-level-policy-drops-tls",
    group: Group::SniAndTls,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "portLevelSettings without tls beside a policy with tls",
    equivalents: &[],
    page: include_str!("../../pages/port-level-policy-drops-tls.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        let Some(spec) = rule.destination_rule() else {
            continue;
        };
        let top = spec.traffic_policy.as_ref();
        if let Some(policy) = top {
            dropped(rule, "spec.trafficPolicy", policy, policy, &mut found);
        }
        for (i, subset) in spec.subsets.iter().enumerate() {
            // A subset that says nothing of TLS has that of the rule.
            let own = subset.traffic_policy.as_ref();
            let tls = own.filter(|p| p.tls.is_some()).or(top);
            if let (Some(own), Some(tls)) = (own, tls) {
                let path = format!("spec.subsets[{i}].trafficPolicy");
                dropped(rule, &path, own, tls, &mut found);
            }
        }
    }
    found
}

/// The ports of `policy` that have no tls, where `from` has it.
fn dropped(
    rule: &Resource,
    path: &str,
    policy: &TrafficPolicy,
    from: &TrafficPolicy,
    found: &mut Vec<Finding>,
) {
    let Some(tls) = &from.tls else { return };
    for (i, (port, own)) in policy.port_level.iter().enumerate() {
        if own.tls.is_some() {
            continue;
        }
        let message = format!(
            "port {port} does not inherit tls {} from the rule: its settings replace the whole policy, and clients decide as without a rule",
            tls.mode.name()
        );
        let path = format!("{path}.portLevelSettings[{i}]");
        found.push(
            Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
                .help("repeat tls in the entry")
                .related(&rule.key, "spec.trafficPolicy.tls", "the tls of the rule"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(spec: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: d, namespace: a}}\nspec: {{host: h, {spec}}}\n"
        );
        check_rule("port-level-policy-drops-tls", &yaml)
    }

    #[test]
    fn an_entry_replaces_everything() {
        let port = |tls: &str| {
            format!(
                "trafficPolicy: {{tls: {{mode: SIMPLE}}, portLevelSettings: [{{port: {{number: 443}}, loadBalancer: {{simple: RANDOM}}{tls}}}]}}"
            )
        };
        assert_eq!(
            with(&port("")),
            ["warning DestinationRule a/d spec.trafficPolicy.portLevelSettings[0]"]
        );
        assert!(with(&port(", tls: {mode: SIMPLE}")).is_empty());
        assert!(with("trafficPolicy: {portLevelSettings: [{port: {number: 443}, loadBalancer: {simple: RANDOM}}]}").is_empty());
    }
}
