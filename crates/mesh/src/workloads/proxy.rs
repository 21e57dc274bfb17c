//! A proxy as istiod knows it (V:R0.2): what configuration is computed for.

use super::Workload;
use meshscope_manifest::Str;
use meshscope_manifest::spec::Labels;

/// The node types that get configuration here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProxyKind {
    /// A sidecar.
    Sidecar,
    /// A gateway workload.
    Router,
}

/// A proxy. Pods with equal values are one class and get equal configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Sidecar or router.
    pub kind: ProxyKind,
    /// The namespace of the pod: gateway selection, service targets.
    pub namespace: Str,
    /// The namespace configuration is chosen for; the pod's own but in Istio's tests.
    pub config_namespace: Str,
    /// Pod labels.
    pub labels: Labels,
    /// Known IPs.
    pub ips: Vec<Str>,
    /// Proxy metadata.
    pub metadata: Vec<(Str, Str)>,
    /// The workload it belongs to, `namespace/name`; empty for a proxy given by its properties.
    pub workload: Str,
    /// Container ports of the pod as (name, number, protocol), for named target ports.
    pub container_ports: Vec<(Str, u32, Str)>,
}

impl Proxy {
    /// A proxy metadata value.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// Whether it is a gateway workload.
    pub fn is_router(&self) -> bool {
        self.kind == ProxyKind::Router
    }
}

/// The proxy of a workload, when it runs one.
pub fn proxy_of(workload: &Workload) -> Option<Proxy> {
    Some(Proxy {
        kind: workload.proxy?,
        namespace: workload.object.namespace.clone(),
        config_namespace: workload.object.namespace.clone(),
        labels: workload.labels.clone(),
        ips: workload.pod_ips.clone(),
        metadata: workload.metadata.clone(),
        workload: workload.label().into(),
        container_ports: workload.container_ports.clone(),
    })
}
