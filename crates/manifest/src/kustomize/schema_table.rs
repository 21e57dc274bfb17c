//! Generated: which lists a strategic merge merges, and by which keys.
//!
//! From the OpenAPI document of Kubernetes 1.21.2 that kustomize 5.5 carries: the fields with
//! `x-kubernetes-patch-strategy: merge` and the types that lead to them; types alike are one.

/// A field that merges, or leads to fields that merge.
pub(super) struct Field {
    /// The name.
    pub name: &'static str,
    /// The merge keys of a list that merges; empty for a list of scalars.
    pub merge: Option<&'static [&'static str]>,
    /// The type of the field or of its items, as an index into [`TYPES`].
    pub to: Option<usize>,
}

const fn over(name: &'static str, to: usize) -> Field {
    Field {
        name,
        merge: None,
        to: Some(to),
    }
}

const fn leaf(name: &'static str, keys: &'static [&'static str]) -> Field {
    Field {
        name,
        merge: Some(keys),
        to: None,
    }
}

const fn list(name: &'static str, keys: &'static [&'static str], to: usize) -> Field {
    Field {
        name,
        merge: Some(keys),
        to: Some(to),
    }
}

/// The types, each as its fields.
pub(super) static TYPES: &[&[Field]] = &[
    // 0: admissionregistration.v1.MutatingWebhookConfiguration
    &[over("metadata", 29), leaf("webhooks", &["name"])],
    // 1: apps.v1.ControllerRevision
    &[over("metadata", 29)],
    // 2: apps.v1.DaemonSet
    &[over("metadata", 29), over("spec", 3), over("status", 4)],
    // 3: apps.v1.DaemonSetSpec
    &[over("template", 22)],
    // 4: apps.v1.DaemonSetStatus
    &[leaf("conditions", &["type"])],
    // 5: apps.v1.StatefulSet
    &[over("metadata", 29), over("spec", 6), over("status", 4)],
    // 6: apps.v1.StatefulSetSpec
    &[over("template", 22), over("volumeClaimTemplates", 14)],
    // 7: batch.v1.CronJob
    &[over("metadata", 29), over("spec", 8)],
    // 8: batch.v1.CronJobSpec
    &[over("jobTemplate", 9)],
    // 9: batch.v1.JobTemplateSpec
    &[over("metadata", 29), over("spec", 3)],
    // 10: core.v1.ComponentStatus
    &[leaf("conditions", &["type"]), over("metadata", 29)],
    // 11: core.v1.Container
    &[
        leaf("env", &["name"]),
        leaf("ports", &["containerPort", "protocol"]),
        leaf("volumeDevices", &["devicePath"]),
        leaf("volumeMounts", &["mountPath"]),
    ],
    // 12: core.v1.EphemeralContainer
    &[
        leaf("env", &["name"]),
        leaf("volumeDevices", &["devicePath"]),
        leaf("volumeMounts", &["mountPath"]),
    ],
    // 13: core.v1.EphemeralVolumeSource
    &[over("volumeClaimTemplate", 1)],
    // 14: core.v1.Namespace
    &[over("metadata", 29), over("status", 4)],
    // 15: core.v1.Node
    &[over("metadata", 29), over("spec", 16), over("status", 17)],
    // 16: core.v1.NodeSpec
    &[leaf("podCIDRs", &[])],
    // 17: core.v1.NodeStatus
    &[leaf("addresses", &["type"]), leaf("conditions", &["type"])],
    // 18: core.v1.Pod
    &[over("metadata", 29), over("spec", 19), over("status", 20)],
    // 19: core.v1.PodSpec
    &[
        list("containers", &["name"], 11),
        list("ephemeralContainers", &["name"], 12),
        leaf("hostAliases", &["ip"]),
        leaf("imagePullSecrets", &["name"]),
        list("initContainers", &["name"], 11),
        leaf(
            "topologySpreadConstraints",
            &["topologyKey", "whenUnsatisfiable"],
        ),
        list("volumes", &["name"], 26),
    ],
    // 20: core.v1.PodStatus
    &[leaf("conditions", &["type"]), leaf("podIPs", &["ip"])],
    // 21: core.v1.PodTemplate
    &[over("metadata", 29), over("template", 22)],
    // 22: core.v1.PodTemplateSpec
    &[over("metadata", 29), over("spec", 19)],
    // 23: core.v1.Service
    &[over("metadata", 29), over("spec", 25), over("status", 4)],
    // 24: core.v1.ServiceAccount
    &[over("metadata", 29), leaf("secrets", &["name"])],
    // 25: core.v1.ServiceSpec
    &[leaf("ports", &["port", "protocol"])],
    // 26: core.v1.Volume
    &[over("ephemeral", 13)],
    // 27: storage.v1.CSINode
    &[over("metadata", 29), over("spec", 28)],
    // 28: storage.v1.CSINodeSpec
    &[leaf("drivers", &["name"])],
    // 29: meta.v1.ObjectMeta
    &[leaf("finalizers", &[]), leaf("ownerReferences", &["uid"])],
];

/// Kinds by `apiVersion` and `kind`, with their type.
pub(super) static KINDS: &[(&str, &str, usize)] = &[
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        0,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        0,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration",
        0,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        0,
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 1),
    (
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
        1,
    ),
    ("apiregistration.k8s.io/v1", "APIService", 14),
    ("apiregistration.k8s.io/v1beta1", "APIService", 14),
    ("apps/v1", "ControllerRevision", 1),
    ("apps/v1", "DaemonSet", 2),
    ("apps/v1", "Deployment", 2),
    ("apps/v1", "ReplicaSet", 2),
    ("apps/v1", "StatefulSet", 5),
    ("authentication.k8s.io/v1", "TokenRequest", 1),
    ("authentication.k8s.io/v1", "TokenReview", 1),
    ("authentication.k8s.io/v1beta1", "TokenReview", 1),
    ("authorization.k8s.io/v1", "LocalSubjectAccessReview", 1),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview", 1),
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview", 1),
    ("authorization.k8s.io/v1", "SubjectAccessReview", 1),
    (
        "authorization.k8s.io/v1beta1",
        "LocalSubjectAccessReview",
        1,
    ),
    ("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview", 1),
    ("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview", 1),
    ("authorization.k8s.io/v1beta1", "SubjectAccessReview", 1),
    ("autoscaling/v1", "HorizontalPodAutoscaler", 1),
    ("autoscaling/v1", "Scale", 1),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", 1),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 1),
    ("batch/v1", "CronJob", 7),
    ("batch/v1", "Job", 2),
    ("batch/v1beta1", "CronJob", 7),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", 1),
    (
        "certificates.k8s.io/v1beta1",
        "CertificateSigningRequest",
        1,
    ),
    ("coordination.k8s.io/v1", "Lease", 1),
    ("coordination.k8s.io/v1beta1", "Lease", 1),
    ("discovery.k8s.io/v1", "EndpointSlice", 1),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", 1),
    ("events.k8s.io/v1", "Event", 1),
    ("events.k8s.io/v1beta1", "Event", 1),
    ("extensions/v1beta1", "Ingress", 1),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 1),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "PriorityLevelConfiguration",
        1,
    ),
    ("networking.k8s.io/v1", "Ingress", 1),
    ("networking.k8s.io/v1", "IngressClass", 1),
    ("networking.k8s.io/v1", "NetworkPolicy", 1),
    ("networking.k8s.io/v1beta1", "Ingress", 1),
    ("networking.k8s.io/v1beta1", "IngressClass", 1),
    ("node.k8s.io/v1", "RuntimeClass", 1),
    ("node.k8s.io/v1beta1", "RuntimeClass", 1),
    ("policy/v1", "PodDisruptionBudget", 14),
    ("policy/v1beta1", "Eviction", 1),
    ("policy/v1beta1", "PodDisruptionBudget", 14),
    ("policy/v1beta1", "PodSecurityPolicy", 1),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", 1),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 1),
    ("rbac.authorization.k8s.io/v1", "Role", 1),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", 1),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", 1),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", 1),
    ("rbac.authorization.k8s.io/v1beta1", "Role", 1),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 1),
    ("scheduling.k8s.io/v1", "PriorityClass", 1),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", 1),
    ("storage.k8s.io/v1", "CSIDriver", 1),
    ("storage.k8s.io/v1", "CSINode", 27),
    ("storage.k8s.io/v1", "StorageClass", 1),
    ("storage.k8s.io/v1", "VolumeAttachment", 1),
    ("storage.k8s.io/v1beta1", "CSIDriver", 1),
    ("storage.k8s.io/v1beta1", "CSINode", 27),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 1),
    ("storage.k8s.io/v1beta1", "StorageClass", 1),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", 1),
    ("v1", "Binding", 1),
    ("v1", "ComponentStatus", 10),
    ("v1", "ConfigMap", 1),
    ("v1", "Endpoints", 1),
    ("v1", "Event", 1),
    ("v1", "LimitRange", 1),
    ("v1", "Namespace", 14),
    ("v1", "Node", 15),
    ("v1", "PersistentVolume", 1),
    ("v1", "PersistentVolumeClaim", 14),
    ("v1", "Pod", 18),
    ("v1", "PodTemplate", 21),
    ("v1", "ReplicationController", 2),
    ("v1", "ResourceQuota", 1),
    ("v1", "Secret", 1),
    ("v1", "Service", 23),
    ("v1", "ServiceAccount", 24),
];
