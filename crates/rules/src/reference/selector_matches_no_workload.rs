//! selector-matches-no-workload: a policy that no proxy enforces (V:R3.2, V:R3.3, V:R7.12, V:R0.8).

mod selects;

use crate::gateways::words;
use crate::prelude::*;
use meshscope_manifest::spec::Labels;
use meshscope_mesh::index::{is_incomplete, namespace_object, namespaces};
use meshscope_mesh::workloads::{Workload, workloads_in};
use selects::{Selects, selects};
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "selector-matches-no-workload",
    group: Group::Reference,
    tier: Tier::Second,
    severity: Severity::Warning,
    summary: "a policy or Sidecar that no proxy uses",
    equivalents: &["IST0101", "IST0127", "IST0167", "KIA0004", "KIA1006"],
    page: include_str!("../../pages/selector-matches-no-workload.md"),
    check: Check::Namespace(check),
};

const KINDS: [Kind; 10] = [
    Kind::AuthorizationPolicy,
    Kind::RequestAuthentication,
    Kind::PeerAuthentication,
    Kind::Telemetry,
    Kind::WasmPlugin,
    Kind::TrafficExtension,
    Kind::EnvoyFilter,
    Kind::Sidecar,
    Kind::ProxyConfig,
    Kind::DestinationRule,
];

/// Kinds that bring workloads.
const WORKLOADS: [Kind; 4] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Pod,
];

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let ns = namespace.text(db);
    if is_unknown(ns) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for kind in KINDS {
        for resource in objects(db, mesh, namespace, kind).iter() {
            found.extend(selects(resource).and_then(|s| unused(db, mesh, ns, resource, &s)));
        }
    }
    found
}

fn unused(
    db: &dyn Db,
    mesh: Mesh,
    ns: &Str,
    resource: &Resource,
    selects: &Selects,
) -> Option<Finding> {
    // A root namespace policy is for the whole mesh; Sidecars and DestinationRules with a selector
    // stay in their namespace even there (V:R3.2).
    let of_namespace = matches!(resource.key.kind, Kind::Sidecar | Kind::DestinationRule);
    let meshwide = ns == facts(db, mesh).root() && (!of_namespace || selects.labels.is_empty());
    let workloads: Vec<Arc<Workload>> = if meshwide {
        let all = namespaces(db, mesh);
        all.iter()
            .flat_map(|n| workloads_in(db, mesh, name(db, n)).to_vec())
            .collect()
    } else {
        workloads_in(db, mesh, name(db, ns)).to_vec()
    };
    if workloads.is_empty() || selects.labels.0.iter().any(|(_, v)| is_unknown(v)) {
        return ambient(db, mesh, ns, resource);
    }
    // Without a Namespace object nobody knows who is injected: any pod may have a proxy.
    let may_run = |w: &Workload| w.proxy.is_some() || w.injection.assumed;
    let hit = workloads
        .iter()
        .filter(|w| selects.labels.subset_of(&w.labels));
    let selected: Vec<_> = hit.collect();
    if selected.iter().any(|w| may_run(w)) {
        return None;
    }
    let entries = !objects(db, mesh, name(db, ns), Kind::WorkloadEntry).is_empty()
        || !objects(db, mesh, name(db, ns), Kind::WorkloadGroup).is_empty()
        || !objects(db, mesh, name(db, ns), Kind::KubernetesGateway).is_empty();
    if entries || meshwide && selects.labels.is_empty() {
        return None;
    }
    let (path, reason) = match (selects.labels.is_empty(), selected.is_empty()) {
        (true, _) => (
            "spec",
            format!("no proxy runs in {ns} (no injection, no gateway)"),
        ),
        (false, true) => (
            selects.path,
            format!("no workload in {ns} has {}", words(&selects.labels)),
        ),
        (false, false) => (
            selects.path,
            format!(
                "the workloads with {} have no proxy",
                words(&selects.labels)
            ),
        ),
    };
    // A namespace that is ambient as a whole has its policies enforced by ztunnel.
    if is_ambient(db, mesh, ns) && resource.key.kind != Kind::Sidecar {
        return None;
    }
    // Pods written without a namespace may land here.
    let all = namespaces(db, mesh);
    let mut unplaced = all.iter().filter(|n| is_unknown(n));
    let selects_unplaced = |n: &Str| {
        let workloads = workloads_in(db, mesh, name(db, n));
        workloads
            .iter()
            .any(|w| selects.labels.subset_of(&w.labels))
    };
    if unplaced.any(selects_unplaced) {
        return None;
    }
    let message = format!("{} is enforced nowhere: {reason}", resource.key);
    let mut finding = Finding::new(RULE.name, RULE.severity, &resource.key, path, message)
        .missing(&WORKLOADS, ns);
    if let Some(workload) = workloads
        .iter()
        .find(|w| almost(&selects.labels, &w.labels))
    {
        let labels: Labels = selects
            .labels
            .0
            .iter()
            .filter_map(|(k, _)| Some((k.clone(), workload.labels.get(k)?.clone())))
            .collect();
        finding = finding
            .help(format!(
                "did you mean {}, as {} has it?",
                words(&labels),
                workload.label()
            ))
            .related(&workload.object, "", "has almost these labels");
    } else if *is_incomplete(db, mesh, name(db, ns))
        || (ns == facts(db, mesh).root() && !selects.labels.is_empty())
    {
        // What comes from elsewhere may bring the pods; gateways of the control plane's namespace are
        // installed from charts that no file lists.
        finding.severity = Severity::Info;
        finding = finding.certainty(Certainty::Assumed);
    }
    Some(finding)
}

/// A Sidecar does nothing in an ambient namespace.
fn ambient(db: &dyn Db, mesh: Mesh, ns: &Str, resource: &Resource) -> Option<Finding> {
    (resource.key.kind == Kind::Sidecar && is_ambient(db, mesh, ns)).then(|| {
        let message = format!(
            "{} is used by nobody: {ns} is an ambient namespace",
            resource.key
        );
        Finding::new(RULE.name, RULE.severity, &resource.key, "spec", message)
    })
}

fn is_ambient(db: &dyn Db, mesh: Mesh, ns: &Str) -> bool {
    namespace_object(db, mesh, name(db, ns))
        .as_ref()
        .is_some_and(|n| {
            let mode = n.meta.labels.get("istio.io/dataplane-mode");
            mode.is_some_and(|m| m == "ambient")
        })
}

/// Same keys, and values equal but for a typo.
fn almost(wanted: &Labels, have: &Labels) -> bool {
    !wanted.is_empty()
        && wanted.0.iter().all(|(k, v)| {
            let other = have.get(k);
            other.is_some_and(|o| o == v || nearest(v, std::iter::once(o.as_str())).is_some())
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(kind: &str, selector: &str) -> Vec<String> {
        let policy =
            format!("apiVersion: {kind}\nmetadata: {{name: p, namespace: a}}\nspec: {selector}\n");
        check_rule(
            "selector-matches-no-workload",
            &format!("{policy}{}", client("a")),
        )
    }

    #[test]
    fn labels_must_be_on_some_pod() {
        let policy = "security.istio.io/v1\nkind: AuthorizationPolicy";
        assert!(with(policy, "{selector: {matchLabels: {app: client}}}").is_empty());
        assert_eq!(
            with(policy, "{selector: {matchLabels: {app: clinet}}}"),
            ["warning AuthorizationPolicy a/p spec.selector.matchLabels"]
        );
        assert!(with(policy, "{targetRefs: [{kind: Service, name: s}]}").is_empty());
        assert!(with(policy, "{}").is_empty());
    }
}
