//! duplicate-policy: two policies of which istiod reads one (O:11.5).

use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_mesh::index::config_order;
use meshscope_mesh::workloads::workloads_in;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "duplicate-policy",
    group: Group::MtlsAndAuthz,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "two policies for the same workloads of which only the older one is used",
    equivalents: &["IST0160", "KIA0002", "KIA0003"],
    page: include_str!("../../pages/duplicate-policy.md"),
    check: Check::Namespace(check),
};

/// The kinds of which one counts per namespace.
const KINDS: [Kind; 3] = [Kind::PeerAuthentication, Kind::ProxyConfig, Kind::Telemetry];

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let ns = namespace.text(db);
    if is_unknown(ns) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for kind in KINDS {
        let all = objects(db, mesh, namespace, kind);
        let mut policies: Vec<(&Arc<Resource>, Labels)> =
            all.iter().filter_map(|r| Some((r, selector(r)?))).collect();
        policies.sort_by(|(a, _), (b, _)| config_order(a, b));
        let wide = policies.iter().filter(|(_, s)| s.is_empty());
        let wide: Vec<_> = wide.map(|(r, _)| *r).collect();
        let scope = match ns == facts(db, mesh).root() {
            true => "for the whole mesh".to_owned(),
            false => format!("for all of {ns}"),
        };
        if let Some((first, rest)) = wide.split_first() {
            found.extend(
                rest.iter()
                    .map(|later| finding(first, later, &scope, "spec")),
            );
        }
        if kind == Kind::PeerAuthentication {
            found.extend(of_workloads(db, mesh, namespace, &policies));
        }
    }
    found
}

/// The labels a policy selects, none for the whole namespace; `None` for one with targets.
fn selector(resource: &Resource) -> Option<Labels> {
    if let Some(peer) = resource.peer_authentication() {
        return Some(peer.selector.clone());
    }
    let attached = resource.attached()?;
    attached
        .target_refs
        .is_empty()
        .then(|| attached.selector.clone())
}

/// Of PeerAuthentications with a selector a workload uses the oldest one, too.
fn of_workloads(
    db: &dyn Db,
    mesh: Mesh,
    namespace: Name<'_>,
    policies: &[(&Arc<Resource>, Labels)],
) -> Vec<Finding> {
    let workloads = workloads_in(db, mesh, namespace);
    let mut found: Vec<Finding> = Vec::new();
    for (i, (later, theirs)) in policies.iter().enumerate() {
        if theirs.is_empty() {
            continue;
        }
        let both = policies.iter().take(i).find_map(|(first, ours)| {
            let hit = workloads.iter().find(|w| {
                !ours.is_empty() && ours.subset_of(&w.labels) && theirs.subset_of(&w.labels)
            });
            Some((first, hit?))
        });
        if let Some((first, workload)) = both {
            let scope = format!("for {}", workload.label());
            let path = "spec.selector.matchLabels";
            found.push(finding(first, later, &scope, path));
        }
    }
    found
}

fn finding(first: &Resource, later: &Resource, scope: &str, path: &str) -> Finding {
    let aged = match (first.meta.created, later.meta.created) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    let order = match aged {
        true => "which is older",
        false => "if they are equally old; otherwise the older one",
    };
    let message = format!(
        "{} {} and {} are both {scope}: only {} is used ({order})",
        later.key.kind, first.key.name, later.key.name, first.key.name
    );
    let finding = Finding::new(RULE.name, RULE.severity, &later.key, path, message)
        .help("merge the two")
        .related(&first.key, path, "is for the same workloads");
    match aged {
        true => finding,
        false => finding.certainty(Certainty::Ambiguous),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(kind: &str, first: &str, second: &str) -> Vec<String> {
        let one = |name: &str, spec: &str| {
            format!(
                "---\napiVersion: {kind}\nmetadata: {{name: {name}, namespace: a}}\nspec: {{{spec}}}\n"
            )
        };
        let yaml = one("one", first) + &one("two", second) + &client("a");
        check_rule("duplicate-policy", &yaml)
    }
    const PEER: &str = "security.istio.io/v1\nkind: PeerAuthentication";
    const TELEMETRY: &str = "telemetry.istio.io/v1\nkind: Telemetry";

    #[test]
    fn two_for_the_namespace_or_for_one_workload() {
        let app = "selector: {matchLabels: {app: client}}";
        assert_eq!(with(PEER, "", "mtls: {mode: STRICT}").len(), 1);
        assert_eq!(with(PEER, "selector: {}", "").len(), 1);
        assert_eq!(with(PEER, app, app).len(), 1);
        assert!(with(PEER, app, "").is_empty());
        assert!(with(PEER, app, "selector: {matchLabels: {app: other}}").is_empty());
    }

    #[test]
    fn telemetries_of_one_workload_add_up() {
        assert_eq!(with(TELEMETRY, "", "").len(), 1);
        let app = "selector: {matchLabels: {app: client}}";
        assert!(with(TELEMETRY, app, app).is_empty());
        assert!(with(TELEMETRY, "targetRefs: [{kind: Service, name: s}]", "").is_empty());
        assert!(with("security.istio.io/v1\nkind: RequestAuthentication", "", "").is_empty());
    }
}
