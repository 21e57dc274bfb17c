//! A decoded resource: identity, metadata and typed body, without positions.
//!
//! It must not know which file or bytes it came from.

use crate::kind::Kind;
use crate::spec::{
    Labels, calico, gateway, gateway_api, kubernetes, network_policy, policy, sidecar, traffic,
    virtual_service,
};
use crate::value::{Str, Value};
use std::fmt;
use std::hash::{Hash, Hasher};

/// The identity of a resource inside a mesh. `namespace` is empty for cluster-scoped kinds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceKey {
    /// The kind.
    pub kind: Kind,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: Str,
    /// `metadata.name`.
    pub name: Str,
}

impl ResourceKey {
    /// A key.
    pub fn new(kind: Kind, namespace: impl Into<Str>, name: impl Into<Str>) -> ResourceKey {
        ResourceKey {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ResourceKey {
    /// `Kind namespace/name`, or `Kind name` for cluster-scoped kinds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Metadata that decides something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// `labels`.
    pub labels: Labels,
    /// `annotations`.
    pub annotations: Labels,
    /// `creationTimestamp` in seconds since the epoch, when the file says so (V:R8.2).
    pub created: Option<i64>,
}

/// A decoded resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Kind, namespace as effective in its mesh, and name.
    pub key: ResourceKey,
    /// Whether the document says its namespace. When not, `key.namespace` is a default, or empty as
    /// long as nobody applied one.
    pub namespace_written: bool,
    /// Labels, annotations, age.
    pub meta: Metadata,
    /// The typed content.
    pub body: Body,
    /// A digest of the whole document, so that two definitions can be told to be identical and a
    /// change of undecoded fields is a change.
    pub digest: u64,
}

/// The typed content by kind.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each variant is the kind of its name
pub enum Body {
    Namespace,
    Service(kubernetes::Service),
    Workload(kubernetes::Workload),
    ServiceAccount,
    Secret(kubernetes::Secret),
    ConfigMap(kubernetes::ConfigMap),
    Endpoints(kubernetes::Endpoints),
    NetworkPolicy(network_policy::NetworkPolicy),
    CalicoPolicy(calico::CalicoPolicy),
    Gateway(gateway::Gateway),
    VirtualService(virtual_service::VirtualService),
    DestinationRule(Box<traffic::DestinationRule>),
    ServiceEntry(Box<traffic::ServiceEntry>),
    Sidecar(sidecar::Sidecar),
    WorkloadEntry(traffic::WorkloadEntry),
    WorkloadGroup(traffic::WorkloadGroup),
    AuthorizationPolicy(policy::AuthorizationPolicy),
    PeerAuthentication(policy::PeerAuthentication),
    /// EnvoyFilter, ProxyConfig, RequestAuthentication, Telemetry, WasmPlugin, TrafficExtension.
    Attached(policy::Attached),
    /// IstioOperator: the whole spec.
    IstioOperator(Value),
    /// GatewayClass: its controller name.
    GatewayClass(Str),
    KubernetesGateway(gateway_api::KubernetesGateway),
    ListenerSet(gateway_api::ListenerSet),
    Route(gateway_api::Route),
    ReferenceGrant(gateway_api::ReferenceGrant),
}

impl Resource {
    /// Decodes a document of a known kind. The namespace is the written one, `default_namespace`
    /// when none is written: pass an empty one to keep it open. `None` when the document has no name;
    /// an IstioOperator needs none, it is read by istioctl and never reaches the API server.
    pub fn decode(kind: Kind, document: &Value, default_namespace: &str) -> Option<Resource> {
        let metadata = document.get("metadata");
        let name = metadata.str("name").filter(|n| !n.is_empty());
        let name =
            name.or_else(|| (kind == Kind::IstioOperator).then(|| "installed-state".into()))?;
        let written = metadata.str("namespace").filter(|n| !n.is_empty());
        let namespace_written = written.is_some();
        let namespace = if kind.is_namespaced() {
            written.unwrap_or_else(|| Str::new(default_namespace))
        } else {
            Str::default()
        };
        let spec = document.get("spec");
        let body = match kind {
            Kind::Namespace => Body::Namespace,
            Kind::Service => Body::Service(kubernetes::Service::decode(spec)),
            Kind::Pod => Body::Workload(kubernetes::Workload::decode_pod(document)),
            Kind::Deployment
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::ReplicaSet
            | Kind::Job => Body::Workload(kubernetes::Workload::decode_controller(document)),
            Kind::CronJob => Body::Workload(kubernetes::Workload::decode_cron_job(document)),
            Kind::ServiceAccount => Body::ServiceAccount,
            Kind::Secret => Body::Secret(kubernetes::Secret::decode(document)),
            Kind::ConfigMap => Body::ConfigMap(kubernetes::ConfigMap::decode(document, &name)),
            Kind::Endpoints => {
                Body::Endpoints(kubernetes::Endpoints::decode_endpoints(document, &name))
            }
            Kind::EndpointSlice => Body::Endpoints(kubernetes::Endpoints::decode_slice(document)),
            Kind::NetworkPolicy => Body::NetworkPolicy(network_policy::NetworkPolicy::decode(spec)),
            Kind::CalicoNetworkPolicy | Kind::CalicoGlobalNetworkPolicy => {
                Body::CalicoPolicy(calico::CalicoPolicy::decode(spec))
            }
            Kind::Gateway => Body::Gateway(gateway::Gateway::decode(spec)),
            Kind::VirtualService => {
                Body::VirtualService(virtual_service::VirtualService::decode(spec))
            }
            Kind::DestinationRule => {
                Body::DestinationRule(Box::new(traffic::DestinationRule::decode(spec)))
            }
            Kind::ServiceEntry => Body::ServiceEntry(Box::new(traffic::ServiceEntry::decode(
                spec,
                document.get("status"),
            ))),
            Kind::Sidecar => Body::Sidecar(sidecar::Sidecar::decode(spec)),
            Kind::WorkloadEntry => Body::WorkloadEntry(traffic::WorkloadEntry::decode(spec)),
            Kind::WorkloadGroup => Body::WorkloadGroup(traffic::WorkloadGroup::decode(spec)),
            Kind::AuthorizationPolicy => {
                Body::AuthorizationPolicy(policy::AuthorizationPolicy::decode(spec))
            }
            Kind::PeerAuthentication => {
                Body::PeerAuthentication(policy::PeerAuthentication::decode(spec))
            }
            Kind::EnvoyFilter
            | Kind::ProxyConfig
            | Kind::RequestAuthentication
            | Kind::Telemetry
            | Kind::WasmPlugin
            | Kind::TrafficExtension => Body::Attached(policy::Attached::decode(spec)),
            Kind::IstioOperator => Body::IstioOperator(spec.clone()),
            Kind::GatewayClass => Body::GatewayClass(spec.str_or_empty("controllerName")),
            Kind::KubernetesGateway => {
                Body::KubernetesGateway(gateway_api::KubernetesGateway::decode(spec))
            }
            Kind::ListenerSet => Body::ListenerSet(gateway_api::ListenerSet::decode(spec)),
            Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute => {
                Body::Route(gateway_api::Route::decode(spec))
            }
            Kind::ReferenceGrant => Body::ReferenceGrant(gateway_api::ReferenceGrant::decode(spec)),
        };
        let meta = Metadata {
            labels: Labels::decode(metadata.get("labels")),
            annotations: Labels::decode(metadata.get("annotations")),
            created: metadata
                .str("creationTimestamp")
                .and_then(|t| timestamp(&t)),
        };
        Some(Resource {
            key: ResourceKey {
                kind,
                namespace,
                name,
            },
            namespace_written,
            meta,
            body,
            digest: digest(document),
        })
    }

    /// The same resource in `namespace`, if it is of a namespaced kind that says none.
    #[must_use]
    pub fn with_default_namespace(mut self, namespace: &str) -> Resource {
        if self.key.kind.is_namespaced() && !self.namespace_written {
            self.key.namespace = Str::new(namespace);
        }
        self
    }
}

/// An RFC 3339 time in seconds since the epoch.
fn timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|p| p.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = time.find(['Z', 'z', '+']).or_else(|| time.rfind('-'))?;
    let (clock, zone) = time.split_at(zone);
    let mut clock = clock
        .split('.')
        .next()?
        .splitn(3, ':')
        .map(|p| p.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let offset = match zone.as_bytes().first()? {
        b'Z' | b'z' => 0,
        sign => {
            let (h, m) = zone.get(1..)?.split_once(':')?;
            let seconds = h.parse::<i64>().ok()? * 3600 + m.parse::<i64>().ok()? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
    };
    // Days since the epoch in the proleptic Gregorian calendar.
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * m + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

fn digest(document: &Value) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hash_value(document, &mut hasher);
    hasher.finish()
}

/// Feeds a value to a hasher: equal values alike, but for NaN.
pub(crate) fn hash_value(value: &Value, hasher: &mut impl Hasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(b) => b.hash(hasher),
        Value::Int(i) => i.hash(hasher),
        Value::Float(f) => f.to_bits().hash(hasher),
        Value::String(s) => s.hash(hasher),
        Value::Seq(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|v| hash_value(v, hasher));
        }
        Value::Map(map) => {
            map.len().hash(hasher);
            for (k, v) in map {
                k.hash(hasher);
                hash_value(v, hasher);
            }
        }
    }
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident -> $variant:ident($type:ty);)*) => {
        impl Resource {
            $($(#[$doc])* pub fn $name(&self) -> Option<&$type> {
                match &self.body {
                    Body::$variant(body) => Some(body),
                    _ => None,
                }
            })*
        }
    };
}

accessors! {
    /// The Service spec.
    service -> Service(kubernetes::Service);
    /// The pod template.
    workload -> Workload(kubernetes::Workload);
    /// The Secret.
    secret -> Secret(kubernetes::Secret);
    /// The ConfigMap.
    config_map -> ConfigMap(kubernetes::ConfigMap);
    /// The endpoints.
    endpoints -> Endpoints(kubernetes::Endpoints);
    /// The NetworkPolicy spec.
    network_policy -> NetworkPolicy(network_policy::NetworkPolicy);
    /// The Calico policy spec.
    calico_policy -> CalicoPolicy(calico::CalicoPolicy);
    /// The Gateway spec.
    gateway -> Gateway(gateway::Gateway);
    /// The VirtualService spec.
    virtual_service -> VirtualService(virtual_service::VirtualService);
    /// The DestinationRule spec.
    destination_rule -> DestinationRule(traffic::DestinationRule);
    /// The ServiceEntry spec.
    service_entry -> ServiceEntry(traffic::ServiceEntry);
    /// The Sidecar spec.
    sidecar -> Sidecar(sidecar::Sidecar);
    /// The WorkloadEntry spec.
    workload_entry -> WorkloadEntry(traffic::WorkloadEntry);
    /// The WorkloadGroup spec.
    workload_group -> WorkloadGroup(traffic::WorkloadGroup);
    /// The AuthorizationPolicy spec.
    authorization_policy -> AuthorizationPolicy(policy::AuthorizationPolicy);
    /// The PeerAuthentication spec.
    peer_authentication -> PeerAuthentication(policy::PeerAuthentication);
    /// A policy that is only attached.
    attached -> Attached(policy::Attached);
    /// The IstioOperator spec.
    istio_operator -> IstioOperator(Value);
    /// The Gateway API Gateway spec.
    kubernetes_gateway -> KubernetesGateway(gateway_api::KubernetesGateway);
    /// The ListenerSet spec.
    listener_set -> ListenerSet(gateway_api::ListenerSet);
    /// The route spec.
    route -> Route(gateway_api::Route);
    /// The ReferenceGrant spec.
    reference_grant -> ReferenceGrant(gateway_api::ReferenceGrant);
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn timestamps_are_seconds_since_the_epoch() {
        assert_eq!(timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(timestamp("2026-11-20T12:00:00Z"), Some(1_795_176_000));
        assert_eq!(
            timestamp("2026-11-20T12:00:00.5+02:00"),
            Some(1_795_168_800)
        );
        assert_eq!(timestamp("yesterday"), None);
    }
}
