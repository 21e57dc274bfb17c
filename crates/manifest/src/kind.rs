//! The kinds meshscope understands, and how `apiVersion` + `kind` name them.
//!
//! Versions are not part of a kind: v1alpha3, v1beta1 and v1 of an Istio kind are one resource.
//! Everything not listed here is silent: [`Kind::from_api`] returns `None` and nothing is said.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = ($group:literal, $name:literal, $scope:ident),)*) => {
        /// A resource kind meshscope decodes.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind, in declaration order.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The API group; empty for the core group.
            pub fn group(self) -> &'static str {
                match self { $(Kind::$variant => $group,)* }
            }

            /// The `kind` as written in a manifest.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// Whether objects of this kind live in a namespace.
            pub fn is_namespaced(self) -> bool {
                match self { $(Kind::$variant => kinds!(@scope $scope),)* }
            }
        }
    };
    (@scope namespaced) => { true };
    (@scope cluster) => { false };
}

kinds! {
    /// `v1 Namespace`.
    Namespace = ("", "Namespace", cluster),
    /// `v1 Service`.
    Service = ("", "Service", namespaced),
    /// `v1 Pod`.
    Pod = ("", "Pod", namespaced),
    /// `apps/v1 Deployment`.
    Deployment = ("apps", "Deployment", namespaced),
    /// `apps/v1 StatefulSet`.
    StatefulSet = ("apps", "StatefulSet", namespaced),
    /// `apps/v1 DaemonSet`.
    DaemonSet = ("apps", "DaemonSet", namespaced),
    /// `apps/v1 ReplicaSet`.
    ReplicaSet = ("apps", "ReplicaSet", namespaced),
    /// `batch/v1 Job`.
    Job = ("batch", "Job", namespaced),
    /// `batch/v1 CronJob`.
    CronJob = ("batch", "CronJob", namespaced),
    /// `v1 ServiceAccount`.
    ServiceAccount = ("", "ServiceAccount", namespaced),
    /// `v1 Secret`: type and keys only.
    Secret = ("", "Secret", namespaced),
    /// `v1 ConfigMap`: mesh config in `istio*`, certificates elsewhere.
    ConfigMap = ("", "ConfigMap", namespaced),
    /// `v1 Endpoints`.
    Endpoints = ("", "Endpoints", namespaced),
    /// `discovery.k8s.io EndpointSlice`.
    EndpointSlice = ("discovery.k8s.io", "EndpointSlice", namespaced),
    /// `networking.k8s.io NetworkPolicy`.
    NetworkPolicy = ("networking.k8s.io", "NetworkPolicy", namespaced),
    /// `projectcalico.org NetworkPolicy` (and its `crd.projectcalico.org` storage form).
    CalicoNetworkPolicy = ("projectcalico.org", "NetworkPolicy", namespaced),
    /// `projectcalico.org GlobalNetworkPolicy`.
    CalicoGlobalNetworkPolicy = ("projectcalico.org", "GlobalNetworkPolicy", cluster),
    /// `networking.istio.io Gateway`.
    Gateway = ("networking.istio.io", "Gateway", namespaced),
    /// `networking.istio.io VirtualService`.
    VirtualService = ("networking.istio.io", "VirtualService", namespaced),
    /// `networking.istio.io DestinationRule`.
    DestinationRule = ("networking.istio.io", "DestinationRule", namespaced),
    /// `networking.istio.io ServiceEntry`.
    ServiceEntry = ("networking.istio.io", "ServiceEntry", namespaced),
    /// `networking.istio.io Sidecar`.
    Sidecar = ("networking.istio.io", "Sidecar", namespaced),
    /// `networking.istio.io WorkloadEntry`.
    WorkloadEntry = ("networking.istio.io", "WorkloadEntry", namespaced),
    /// `networking.istio.io WorkloadGroup`.
    WorkloadGroup = ("networking.istio.io", "WorkloadGroup", namespaced),
    /// `networking.istio.io EnvoyFilter`.
    EnvoyFilter = ("networking.istio.io", "EnvoyFilter", namespaced),
    /// `networking.istio.io ProxyConfig`.
    ProxyConfig = ("networking.istio.io", "ProxyConfig", namespaced),
    /// `security.istio.io AuthorizationPolicy`.
    AuthorizationPolicy = ("security.istio.io", "AuthorizationPolicy", namespaced),
    /// `security.istio.io PeerAuthentication`.
    PeerAuthentication = ("security.istio.io", "PeerAuthentication", namespaced),
    /// `security.istio.io RequestAuthentication`.
    RequestAuthentication = ("security.istio.io", "RequestAuthentication", namespaced),
    /// `telemetry.istio.io Telemetry`.
    Telemetry = ("telemetry.istio.io", "Telemetry", namespaced),
    /// `extensions.istio.io WasmPlugin`.
    WasmPlugin = ("extensions.istio.io", "WasmPlugin", namespaced),
    /// `extensions.istio.io TrafficExtension`.
    TrafficExtension = ("extensions.istio.io", "TrafficExtension", namespaced),
    /// `install.istio.io IstioOperator`.
    IstioOperator = ("install.istio.io", "IstioOperator", namespaced),
    /// `gateway.networking.k8s.io GatewayClass`.
    GatewayClass = ("gateway.networking.k8s.io", "GatewayClass", cluster),
    /// `gateway.networking.k8s.io Gateway`.
    KubernetesGateway = ("gateway.networking.k8s.io", "Gateway", namespaced),
    /// `gateway.networking.k8s.io ListenerSet`.
    ListenerSet = ("gateway.networking.k8s.io", "ListenerSet", namespaced),
    /// `gateway.networking.k8s.io HTTPRoute`.
    HttpRoute = ("gateway.networking.k8s.io", "HTTPRoute", namespaced),
    /// `gateway.networking.k8s.io GRPCRoute`.
    GrpcRoute = ("gateway.networking.k8s.io", "GRPCRoute", namespaced),
    /// `gateway.networking.k8s.io TLSRoute`.
    TlsRoute = ("gateway.networking.k8s.io", "TLSRoute", namespaced),
    /// `gateway.networking.k8s.io TCPRoute`.
    TcpRoute = ("gateway.networking.k8s.io", "TCPRoute", namespaced),
    /// `gateway.networking.k8s.io ReferenceGrant`.
    ReferenceGrant = ("gateway.networking.k8s.io", "ReferenceGrant", namespaced),
}

impl Kind {
    /// The kind that `apiVersion` and `kind` name, whatever the version. `None` means "not ours":
    /// the document is none of meshscope's business.
    pub fn from_api(api_version: &str, kind: &str) -> Option<Kind> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let group = match group {
            "crd.projectcalico.org" => "projectcalico.org",
            "extensions" if kind == "Deployment" || kind == "DaemonSet" => "apps",
            other => other,
        };
        Kind::ALL
            .iter()
            .copied()
            .find(|k| k.name() == kind && k.group() == group)
    }

    /// Whether the kind is one of Istio's own custom resources, which `istio.io/rev` filters (V:R7.4).
    pub fn is_istio(self) -> bool {
        self.group().ends_with("istio.io")
    }

    /// Whether objects of the kind are brought by whoever needs them, so that two that differ are no sign
    /// of two clusters.
    pub fn is_shared(self) -> bool {
        matches!(
            self,
            Kind::Namespace | Kind::ServiceAccount | Kind::ConfigMap | Kind::Secret
        )
    }

    /// Whether the kind carries a pod template or is a pod.
    pub fn is_workload(self) -> bool {
        matches!(
            self,
            Kind::Pod
                | Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::ReplicaSet
                | Kind::Job
                | Kind::CronJob
        )
    }
}

impl fmt::Display for Kind {
    /// The name users write on the command line: `Gateway.gateway.networking.k8s.io` for the
    /// Gateway API's Gateway and Calico's NetworkPolicy with its group, the bare kind otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::KubernetesGateway | Kind::CalicoNetworkPolicy => {
                write!(f, "{}.{}", self.name(), self.group())
            }
            _ => f.write_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_an_istio_kind_are_one_resource() {
        for version in ["v1alpha3", "v1beta1", "v1"] {
            let api = format!("networking.istio.io/{version}");
            assert_eq!(Kind::from_api(&api, "Gateway"), Some(Kind::Gateway));
        }
        assert_eq!(
            Kind::from_api("gateway.networking.k8s.io/v1", "Gateway"),
            Some(Kind::KubernetesGateway)
        );
    }

    #[test]
    fn a_definition_of_a_kind_is_not_the_kind() {
        assert_eq!(
            Kind::from_api("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            None
        );
        assert_eq!(Kind::from_api("serving.knative.dev/v1", "Service"), None);
    }
}
