//! sidecar-conflict: two Sidecars apply to one workload, and only one is used (V:R3.1-R3.3).

use crate::prelude::*;
use meshscope_mesh::visibility::sidecars_in;
use meshscope_mesh::workloads::workloads_in;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "sidecar-conflict",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "two Sidecars apply to the same workloads; nothing is merged",
    equivalents: &["IST0110", "IST0111", "KIA0002", "KIA0003"],
    page: include_str!("../../pages/sidecar-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    // In the order istiod tries them: the first of a pair wins.
    let sidecars = sidecars_in(db, mesh, namespace);
    if sidecars.len() < 2 || is_unknown(namespace.text(db)) {
        return Vec::new();
    }
    let selector = |s: &Resource| s.sidecar().and_then(|s| s.workload_selector.clone());
    let mut found = Vec::new();
    for (i, loser) in sidecars.iter().enumerate() {
        for winner in sidecars.iter().take(i) {
            let hit: Vec<Str> = match (selector(winner), selector(loser)) {
                (None, None) => Vec::new(),
                (Some(a), Some(b)) => workloads_in(db, mesh, namespace)
                    .iter()
                    .filter(|w| a.subset_of(&w.labels) && b.subset_of(&w.labels))
                    .map(|w| w.label().into())
                    .collect(),
                // A selector beats the default of the namespace, on purpose.
                _ => continue,
            };
            let default = selector(loser).is_none();
            if default || !hit.is_empty() {
                found.push(finding(namespace.text(db), winner, loser, &hit));
            }
        }
    }
    found
}

fn finding(ns: &Str, winner: &Arc<Resource>, loser: &Arc<Resource>, hit: &[Str]) -> Finding {
    let (who, path) = if hit.is_empty() {
        (
            format!("all workloads of {ns} without a Sidecar of their own"),
            "spec",
        )
    } else {
        (crate::finding::listing(hit, 3), "spec.workloadSelector")
    };
    let aged = match (winner.meta.created, loser.meta.created) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    let (a, b) = (&winner.key.name, &loser.key.name);
    let why = if aged {
        format!("only {a} is used, it is older")
    } else {
        format!("only the older one is used ({a} at equal age)")
    };
    let message = format!("{a} and {b} both apply to {who}: {why}; nothing is merged");
    let finding = Finding::new(RULE.name, RULE.severity, &loser.key, path, message)
        .help("merge them, or make their selectors disjoint")
        .related(&winner.key, path, "applies to the same workloads")
        .reach(hit.len(), 0);
    if aged {
        finding
    } else {
        finding.certainty(Certainty::Ambiguous)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(first: &str, second: &str) -> usize {
        let sidecar = |name: &str, spec: &str| {
            format!(
                "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: {name}, namespace: a}}\nspec: {{{spec}egress: [{{hosts: ['./*']}}]}}\n"
            )
        };
        let yaml = sidecar("s1", first) + &sidecar("s2", second) + &client("a");
        check_rule("sidecar-conflict", &yaml).len()
    }

    #[test]
    fn selectors_compete_where_they_meet() {
        let selector = |app: &str| format!("workloadSelector: {{labels: {{app: {app}}}}}, ");
        assert_eq!(with("", ""), 1);
        assert_eq!(with(&selector("client"), &selector("client")), 1);
        assert_eq!(with(&selector("client"), &selector("other")), 0);
        assert_eq!(with(&selector("client"), ""), 0);
    }
}
