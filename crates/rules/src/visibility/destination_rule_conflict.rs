//! destination-rule-conflict: DestinationRules of one namespace for one host that istiod does not
//! add up as written (V:R5.2, V:R5.5-R5.7, V:R5.12).

mod effect;

use crate::prelude::*;
use effect::{Effect, effect};
use meshscope_mesh::index::config_order;
use meshscope_mesh::names::resolve_short_name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "destination-rule-conflict",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "DestinationRules of one namespace compete for one host",
    equivalents: &["KIA0201"],
    page: include_str!("../../pages/destination-rule-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let domain = &facts(db, mesh).config_domain;
    let mut by_host: BTreeMap<Str, Vec<Arc<Resource>>> = BTreeMap::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        let Some(spec) = rule.destination_rule() else {
            continue;
        };
        let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
        by_host.entry(host).or_default().push(rule.clone());
    }
    let mut found = Vec::new();
    for (host, mut rules) in by_host {
        rules.sort_by(|a, b| config_order(a, b));
        // Rules with a selector come first, whatever their age (V:R0.20).
        rules.sort_by_key(|r| {
            r.destination_rule()
                .is_none_or(|d| d.workload_selector.is_none())
        });
        for (i, second) in rules.iter().enumerate() {
            let earlier = rules.iter().take(i);
            let effect = earlier.filter_map(|first| Some((first, effect(first, second)?)));
            found.extend(effect.map(|(first, effect)| finding(&host, first, second, effect)));
        }
    }
    found
}

fn finding(host: &Str, first: &Resource, second: &Resource, effect: Effect) -> Finding {
    let aged = match (first.meta.created, second.meta.created) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    let open = effect.by_age && !aged;
    let order = if open {
        " (the older one counts as first; at equal age the name decides)"
    } else {
        ""
    };
    let message = format!(
        "{} and {} are both for {host}: {}{order}",
        first.key.name, second.key.name, effect.what
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &second.key, "spec.host", message)
        .help("merge them into one DestinationRule")
        .related(&first.key, "spec.host", "for the same host");
    if open {
        finding = finding.certainty(Certainty::Ambiguous);
    }
    if is_unknown(&second.key.namespace) {
        finding.severity = Severity::Info;
        finding = finding.certainty(Certainty::Assumed);
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(first: &str, second: &str) -> usize {
        let rule = |name: &str, rest: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: {name}, namespace: b}}\nspec: {{host: x{rest}}}\n"
            )
        };
        check_rule(
            "destination-rule-conflict",
            &(rule("d1", first) + &rule("d2", second)),
        )
        .len()
    }

    #[test]
    fn the_cases_of_the_specification() {
        let selector = ", workloadSelector: {matchLabels: {app: p}}";
        assert_eq!(with(selector, ", exportTo: ['.']"), 1, "E5.a");
        assert_eq!(with(selector, ""), 0, "E5.a, exportTo omitted");
        assert_eq!(
            with(
                ", subsets: [{name: v1}]",
                ", exportTo: ['*'], subsets: [{name: v2}]"
            ),
            1,
            "E5.c"
        );
        assert_eq!(with(", exportTo: [a]", ", exportTo: [a, c]"), 1, "E5.d");
        assert_eq!(with(", exportTo: [a]", ", exportTo: [c]"), 0, "disjoint");
        assert_eq!(
            with(", subsets: [{name: v1}]", ", subsets: [{name: v2}]"),
            0,
            "merged"
        );
        let policy = |m: &str| format!(", trafficPolicy: {{tls: {{mode: {m}}}}}");
        assert_eq!(
            with(&policy("SIMPLE"), &policy("DISABLE")),
            1,
            "two policies"
        );
    }
}
