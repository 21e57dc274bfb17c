//! namespace-injection-labels-conflict: labels of a Namespace that contradict each other (V:R7.8).

use crate::prelude::*;
use meshscope_mesh::index::namespace_object;

/// The rule.
pub static RULE: Rule = Rule {
    name: "namespace-injection-labels-conflict",
    group: Group::ServicesAndPorts,
    tier: Tier::Third,
    severity: Severity::Warning,
    summary: "injection and ambient labels of a namespace contradict each other",
    equivalents: &["IST0123"],
    page: include_str!("../../pages/namespace-injection-labels-conflict.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let Some(object) = namespace_object(db, mesh, namespace).clone() else {
        return Vec::new();
    };
    let label = |key: &str| object.meta.labels.get(key).filter(|v| !is_unknown(v));
    let ambient = label("istio.io/dataplane-mode").is_some_and(|m| m == "ambient");
    let revision = label("istio.io/rev");
    let said = match (label("istio-injection").map(Str::as_str), revision, ambient) {
        // Switched off on purpose: the others do not matter.
        (Some("disabled"), _, _) => return Vec::new(),
        (Some("enabled"), Some(revision), _) => format!(
            "istio-injection: enabled and istio.io/rev: {revision}: the revision is ignored, the default one injects"
        ),
        (Some("enabled"), None, true) => {
            "istio-injection: enabled and istio.io/dataplane-mode: ambient: pods get a sidecar, and ambient leaves them alone".to_owned()
        }
        (None, Some(revision), true) => format!(
            "istio.io/rev: {revision} and istio.io/dataplane-mode: ambient: pods get a sidecar, and ambient leaves them alone"
        ),
        (Some(other), _, _) if other != "enabled" => format!(
            "istio-injection: {other} is neither enabled nor disabled: nothing is injected, whatever pods ask for"
        ),
        _ => return Vec::new(),
    };
    vec![
        Finding::new(
            RULE.name,
            RULE.severity,
            &object.key,
            "metadata.labels",
            said,
        )
        .help("keep the one label that is meant"),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    fn with(labels: &str) -> usize {
        let yaml = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{{labels}}}}}\n"
        );
        check_rule("namespace-injection-labels-conflict", &yaml).len()
    }

    #[test]
    fn one_label_decides() {
        let ambient = "istio.io/dataplane-mode: ambient";
        assert_eq!(with("istio-injection: enabled, istio.io/rev: canary"), 1);
        assert_eq!(with(&format!("istio-injection: enabled, {ambient}")), 1);
        assert_eq!(with(&format!("istio.io/rev: canary, {ambient}")), 1);
        assert_eq!(with("istio-injection: 'true'"), 1);
        assert_eq!(with("istio-injection: disabled, istio.io/rev: canary"), 0);
        assert_eq!(with("istio-injection: enabled"), 0);
        assert_eq!(with(ambient), 0);
    }
}
