//! The egress policies that select a pod, in the order they are judged: tiers, then order, then name
//! (O:16.2, O:16.4). Kubernetes policies stand in Calico's default tier at order 1000.

use super::rule::{self, Rule};
use super::selector::Selector;
use crate::db::{Db, Mesh, name};
use crate::index::{cluster_objects, namespace_object, objects};
use crate::workloads::Workload;
use meshscope_manifest::spec::calico::CalicoPolicy;
use meshscope_manifest::spec::{LabelSelector, Labels};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};

/// The order Kubernetes policies have in Calico's default tier.
const KUBERNETES_ORDER: f64 = 1000.0;

/// One tier: its policies in order. When one of them selects the pod and no rule decides, the tier
/// denies.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// The tier's name.
    pub name: Str,
    /// The policies that select the pod.
    pub policies: Vec<Applied>,
}

/// A policy that selects a pod, or may.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The policy.
    pub key: ResourceKey,
    /// `order`; absent sorts last.
    order: f64,
    /// Whether it is certain that it selects the pod.
    pub certain: bool,
    /// Egress rules in order.
    pub rules: Vec<Rule>,
}

/// What a selector is asked about: a pod, or the namespace it is in.
pub(super) struct NamespaceLabels {
    pub labels: Labels,
    /// Whether a manifest says all of them.
    pub known: bool,
}

/// The labels of a namespace as policies see them.
pub(super) fn namespace_labels(db: &dyn Db, mesh: Mesh, namespace: &str) -> NamespaceLabels {
    let object = namespace_object(db, mesh, name(db, namespace));
    let mut labels = object
        .as_ref()
        .map(|r| r.meta.labels.clone())
        .unwrap_or_default();
    labels.set("kubernetes.io/metadata.name", namespace);
    labels.set("projectcalico.org/name", namespace);
    NamespaceLabels {
        labels,
        known: object.is_some(),
    }
}

/// The labels of a pod as Calico sees them.
pub(super) fn calico_labels(namespace: &str, labels: &Labels, service_account: &str) -> Labels {
    let mut labels = labels.clone();
    labels.set("projectcalico.org/namespace", namespace);
    labels.set("projectcalico.org/orchestrator", "k8s");
    if !service_account.is_empty() {
        labels.set("projectcalico.org/serviceaccount", service_account);
    }
    labels
}

/// `Some(true)`: yes; `Some(false)`: no; `None`: labels no file says decide.
pub(super) fn selects_namespace(selector: &LabelSelector, ns: &NamespaceLabels) -> Option<bool> {
    let keys = selector.match_labels.0.iter().map(|(k, _)| k);
    let keys = keys.chain(selector.match_expressions.iter().map(|(k, _, _)| k));
    if !ns.known && keys.into_iter().any(|k| ns.labels.get(k).is_none()) {
        return None;
    }
    Some(selector.matches(&ns.labels))
}

/// The same for a Calico expression.
pub(super) fn selects_namespace_calico(selector: &Selector, ns: &NamespaceLabels) -> Option<bool> {
    if !ns.known && !selector.keys_all(&|k| ns.labels.get(k).is_some()) {
        return None;
    }
    Some(selector.matches(&ns.labels))
}

/// The tiers that have something to say about egress of the pods of `workload`.
pub fn tiers(db: &dyn Db, mesh: Mesh, workload: &Workload) -> Vec<Tier> {
    let namespace = name(db, workload.namespace());
    let mut all: Vec<(Str, Applied)> = Vec::new();
    for object in objects(db, mesh, namespace, Kind::NetworkPolicy).iter() {
        let Some(policy) = object.network_policy() else {
            continue;
        };
        if !policy.restricts_egress || !policy.pod_selector.matches(&workload.labels) {
            continue;
        }
        let rules = policy.egress.iter().enumerate();
        let rules = rules.map(|(i, r)| rule::of_kubernetes(&object.key, i, r));
        all.push((
            "default".into(),
            Applied {
                key: object.key.clone(),
                order: KUBERNETES_ORDER,
                certain: true,
                rules: rules.collect(),
            },
        ));
    }
    let calico = objects(db, mesh, namespace, Kind::CalicoNetworkPolicy).to_vec();
    let global = cluster_objects(db, mesh, Kind::CalicoGlobalNetworkPolicy).to_vec();
    let own = namespace_labels(db, mesh, workload.namespace());
    for object in calico.iter().chain(&global) {
        all.extend(of_calico(object, workload, &own));
    }
    let mut tiers: Vec<Tier> = Vec::new();
    for (tier, policy) in all {
        match tiers.iter_mut().find(|t| t.name == tier) {
            Some(t) => t.policies.push(policy),
            None => tiers.push(Tier {
                name: tier,
                policies: vec![policy],
            }),
        }
    }
    // Tiers say their order in objects of their own; the default tier comes last unless one of them
    // is ordered behind it, which nobody does.
    tiers.sort_by(|a, b| (a.name == "default", &a.name).cmp(&(b.name == "default", &b.name)));
    for tier in &mut tiers {
        tier.policies.sort_by(|a, b| {
            a.order
                .total_cmp(&b.order)
                .then_with(|| a.key.name.cmp(&b.key.name))
                .then_with(|| a.key.namespace.cmp(&b.key.namespace))
        });
    }
    tiers
}

fn of_calico(
    object: &Resource,
    workload: &Workload,
    own: &NamespaceLabels,
) -> Option<(Str, Applied)> {
    let policy = object.calico_policy()?;
    if !policy.restricts_egress || policy.hosts_only {
        return None;
    }
    let certain = applies(policy, workload, own)?;
    let global = object.key.kind == Kind::CalicoGlobalNetworkPolicy;
    let tier = if policy.tier.is_empty() {
        Str::new_static("default")
    } else {
        policy.tier.clone()
    };
    let rules = policy.egress.iter().enumerate();
    let scope = (!global).then(|| object.key.namespace.clone());
    let rules = rules.map(|(i, r)| rule::of_calico(&object.key, i, r, scope.clone()));
    Some((
        tier,
        Applied {
            key: object.key.clone(),
            order: policy.order.unwrap_or(f64::INFINITY),
            certain,
            rules: rules.collect(),
        },
    ))
}

/// `None`: it does not select the pod; else whether that is certain.
fn applies(policy: &CalicoPolicy, workload: &Workload, own: &NamespaceLabels) -> Option<bool> {
    let mut certain = policy.service_account_selector.is_empty();
    let labels = calico_labels(
        workload.namespace(),
        &workload.labels,
        &workload.service_account,
    );
    match Selector::parse(&policy.selector) {
        Some(selector) if !selector.matches(&labels) => return None,
        Some(_) => {}
        None => certain = false,
    }
    if !policy.namespace_selector.is_empty() {
        let chosen = Selector::parse(&policy.namespace_selector)
            .and_then(|s| selects_namespace_calico(&s, own));
        match chosen {
            Some(false) => return None,
            Some(true) => {}
            None => certain = false,
        }
    }
    Some(certain)
}
