//! What identifies a resource to kustomize: group, version, kind, name and namespace.
//!
//! Namespaces are effective ones: `default` when none is given, and a word of its own for kinds
//! that live in no namespace. Only kinds kustomize is sure about count as such.

use crate::value::Str;

/// The effective namespace of cluster-scoped kinds.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";

/// Group, version and kind. Empty parts of a selector select everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Gvk {
    pub group: Str,
    pub version: Str,
    pub kind: Str,
}

impl Gvk {
    pub(crate) fn from_api(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Gvk {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
        }
    }

    /// Whether this is one of those `selector` selects.
    pub(crate) fn is_selected(&self, selector: &Gvk) -> bool {
        let fits = |wanted: &Str, own: &Str| wanted.is_empty() || wanted == own;
        fits(&selector.group, &self.group)
            && fits(&selector.version, &self.version)
            && fits(&selector.kind, &self.kind)
    }

    /// Whether objects of this kind certainly live in no namespace.
    pub(crate) fn is_cluster_scoped(&self) -> bool {
        CLUSTER_SCOPED.iter().any(|(group, versions, kind)| {
            *kind == self.kind && *group == self.group && versions.contains(&self.version.as_str())
        })
    }

    /// The namespace that counts for one written as `namespace`.
    pub(crate) fn effective_namespace(&self, namespace: &str) -> Str {
        if self.is_cluster_scoped() {
            NO_NAMESPACE.into()
        } else if namespace.is_empty() {
            "default".into()
        } else {
            namespace.into()
        }
    }

    /// What kustomize sorts field specs by.
    pub(crate) fn sort_key(&self) -> (i32, String) {
        let first = ORDER_FIRST.iter().position(|k| *k == self.kind);
        let last = ORDER_LAST.iter().position(|k| *k == self.kind);
        let order = match (first, last) {
            (Some(at), _) => at as i32 - ORDER_FIRST.len() as i32,
            (None, Some(at)) => at as i32 + 1,
            (None, None) => 0,
        };
        let or = |s: &Str, none: &str| {
            if s.is_empty() {
                none.to_owned()
            } else {
                s.to_string()
            }
        };
        let text = format!(
            "{}_{}_{}",
            or(&self.group, "~G"),
            or(&self.version, "~V"),
            or(&self.kind, "~K")
        );
        (order, text)
    }
}

/// A resource's identity at some stage of a build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub gvk: Gvk,
    pub name: Str,
    /// Effective.
    pub namespace: Str,
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace.as_str() {
            NO_NAMESPACE => write!(f, "{} {}", self.gvk.kind, self.name),
            namespace => write!(f, "{} {}/{}", self.gvk.kind, namespace, self.name),
        }
    }
}

const V1: &[&str] = &["v1"];
const V1_BETA: &[&str] = &["v1", "v1beta1"];
const BETA: &[&str] = &["v1beta1"];

static CLUSTER_SCOPED: &[(&str, &[&str], &str)] = &[
    ("", V1, "ComponentStatus"),
    ("", V1, "Namespace"),
    ("", V1, "Node"),
    ("", V1, "NodeProxyOptions"),
    ("", V1, "PersistentVolume"),
    (
        "admissionregistration.k8s.io",
        V1_BETA,
        "MutatingWebhookConfiguration",
    ),
    (
        "admissionregistration.k8s.io",
        V1_BETA,
        "ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", V1_BETA, "CustomResourceDefinition"),
    ("apiregistration.k8s.io", V1_BETA, "APIService"),
    ("certificates.k8s.io", V1_BETA, "CertificateSigningRequest"),
    ("flowcontrol.apiserver.k8s.io", BETA, "FlowSchema"),
    (
        "flowcontrol.apiserver.k8s.io",
        BETA,
        "PriorityLevelConfiguration",
    ),
    ("networking.k8s.io", V1_BETA, "IngressClass"),
    ("node.k8s.io", V1_BETA, "RuntimeClass"),
    ("policy", BETA, "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", V1_BETA, "ClusterRole"),
    ("rbac.authorization.k8s.io", V1_BETA, "ClusterRoleBinding"),
    ("scheduling.k8s.io", V1_BETA, "PriorityClass"),
    ("storage.k8s.io", V1_BETA, "CSIDriver"),
    ("storage.k8s.io", V1_BETA, "CSINode"),
    ("storage.k8s.io", V1_BETA, "StorageClass"),
    ("storage.k8s.io", V1_BETA, "VolumeAttachment"),
];

static ORDER_FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

static ORDER_LAST: &[&str] = &[
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];
