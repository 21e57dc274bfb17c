//! match-condition-ignored: a condition of a match that istiod does not look at, so that the rule
//! applies to more than it says (V:R4.12, V:R4.13, G:VSB-9, O:8.14).

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_mesh::names::gateway_name;

/// The rule.
pub static RULE: Rule = Rule {
    name: "match-condition-ignored",
    group: Group::Routes,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a condition on the caller that is not looked at",
    equivalents: &[],
    page: include_str!("../../pages/match-condition-ignored.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    for vs in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let Some(spec) = vs.virtual_service() else {
            continue;
        };
        for (i, rule) in spec.http.iter().enumerate() {
            for (j, m) in rule.matches.iter().enumerate() {
                // With gateways named, the caller is not looked at anywhere.
                if m.gateways.is_empty() {
                    continue;
                }
                let at = format!("spec.http[{i}].match[{j}]");
                let field = of_caller(&m.source_labels, &m.source_namespace);
                found.extend(field.map(|f| finding(vs, &at, f, "anywhere beside gateways")));
            }
        }
        let bound: Vec<Str> = spec
            .gateways
            .iter()
            .map(|g| gateway_name(g, &vs.key.namespace))
            .collect();
        let by_gateway = |named: &[Str]| {
            let named: Vec<Str> = named
                .iter()
                .map(|g| gateway_name(g, &vs.key.namespace))
                .collect();
            let legs = if named.is_empty() { &bound } else { &named };
            legs.iter().any(|g| g != "mesh")
        };
        for (kind, rules) in [
            ("tls", l4(&spec.tls, |r| &r.matches)),
            ("tcp", l4(&spec.tcp, |r| &r.matches)),
        ] {
            for (i, matches) in rules.iter().enumerate() {
                for (j, m) in matches
                    .iter()
                    .enumerate()
                    .filter(|(_, m)| by_gateway(&m.gateways))
                {
                    let at = format!("spec.{kind}[{i}].match[{j}]");
                    let subnets =
                        (!m.destination_subnets.is_empty()).then_some("destinationSubnets");
                    let field = of_caller(&m.source_labels, &m.source_namespace).or(subnets);
                    found.extend(field.map(|f| finding(vs, &at, f, "at gateways")));
                }
            }
        }
    }
    found
}

/// The matches of rules of either kind.
fn l4<'r, R, M>(rules: &'r [R], matches: impl Fn(&'r R) -> &'r Vec<M>) -> Vec<&'r [M]> {
    rules.iter().map(|r| &matches(r)[..]).collect()
}

fn of_caller(labels: &Labels, namespace: &Str) -> Option<&'static str> {
    match (labels.is_empty(), namespace.is_empty()) {
        (false, _) => Some("sourceLabels"),
        (true, false) => Some("sourceNamespace"),
        (true, true) => None,
    }
}

fn finding(vs: &Resource, at: &str, field: &str, place: &str) -> Finding {
    let message = format!("{field} is not looked at {place}: the match applies whoever calls");
    Finding::new(
        RULE.name,
        RULE.severity,
        &vs.key,
        &format!("{at}.{field}"),
        message,
    )
    .help("put the rules for the mesh into a VirtualService of their own, without gateways")
    .related(&vs.key, &format!("{at}.gateways"), "the gateways it names")
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(gateways: &str, rules: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: a}}\nspec: {{hosts: [h], gateways: [{gateways}], {rules}}}\n"
        );
        check_rule("match-condition-ignored", &yaml)
    }

    #[test]
    fn beside_gateways_nobody_asks_who_calls() {
        let http = |m: &str| format!("http: [{{match: [{{{m}}}], route: []}}]");
        let at = "warning VirtualService a/v spec.http[0].match[0].sourceLabels";
        assert_eq!(
            with(
                "mesh, gw",
                &http("gateways: [mesh], sourceLabels: {app: x}")
            ),
            [at]
        );
        assert!(with("mesh", &http("sourceLabels: {app: x}")).is_empty());
        assert!(with("mesh, gw", &http("gateways: [mesh], port: 80")).is_empty());
    }

    #[test]
    fn gateways_do_not_know_their_callers() {
        let tls = "tls: [{match: [{sniHosts: [h], sourceNamespace: b}], route: []}]";
        let at = "warning VirtualService a/v spec.tls[0].match[0].sourceNamespace";
        assert_eq!(with("gw", tls), [at]);
        assert!(with("mesh", tls).is_empty());
    }
}
