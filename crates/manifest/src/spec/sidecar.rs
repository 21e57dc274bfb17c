//! Sidecar: which services a workload hears of, and its inbound listeners.

use super::{
    Labels,
    gateway::ServerTls,
    lacks_mode,
    virtual_service::{Destination, number},
};
use crate::value::{Str, Value};

/// A Sidecar spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sidecar {
    /// `workloadSelector.labels`; `Some` also for `{}`, which selects every pod (V:R3.2).
    pub workload_selector: Option<Labels>,
    /// `egress` listeners in order.
    pub egress: Vec<EgressListener>,
    /// `ingress` listeners in order.
    pub ingress: Vec<IngressListener>,
    /// `outboundTrafficPolicy`; `Some` also for `{}`, which means REGISTRY_ONLY (V:R3.26).
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    /// Whether `outboundTrafficPolicy` says no `mode`.
    pub policy_without_mode: bool,
}

/// A listener port of a Sidecar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListenerPort {
    /// `number`.
    pub number: u32,
    /// `protocol` as written.
    pub protocol: Str,
    /// `name`.
    pub name: Str,
}

/// One `egress[]` listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EgressListener {
    /// `port`, when given.
    pub port: Option<ListenerPort>,
    /// `bind`.
    pub bind: Str,
    /// `captureMode`.
    pub capture_mode: CaptureMode,
    /// `hosts` as written (`namespace/dnsName`).
    pub hosts: Vec<Str>,
}

/// One `ingress[]` listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IngressListener {
    /// `port`.
    pub port: ListenerPort,
    /// `bind`.
    pub bind: Str,
    /// `captureMode`.
    pub capture_mode: CaptureMode,
    /// `defaultEndpoint`.
    pub default_endpoint: Str,
    /// `tls`.
    pub tls: Option<ServerTls>,
}

/// How traffic reaches a Sidecar listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CaptureMode {
    /// As the proxy is set up.
    #[default]
    Default,
    /// By iptables.
    Iptables,
    /// Not at all: the application dials the listener.
    None,
}

/// `outboundTrafficPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OutboundTrafficPolicy {
    /// `mode`.
    pub mode: OutboundMode,
    /// `egressProxy`.
    pub egress_proxy: Option<Destination>,
}

/// The mode of an outbound traffic policy; the zero value is REGISTRY_ONLY (V:R3.26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutboundMode {
    /// Unknown destinations are refused.
    #[default]
    RegistryOnly,
    /// Unknown destinations pass through.
    AllowAny,
    /// In the API but not implemented in 1.30: refuses like REGISTRY_ONLY.
    AllowAnyDynamicDns,
}

impl OutboundTrafficPolicy {
    /// Decodes the policy of a Sidecar or of the mesh config.
    pub fn decode(value: &Value) -> OutboundTrafficPolicy {
        OutboundTrafficPolicy {
            mode: match value.get("mode") {
                Value::String(s) if s == "ALLOW_ANY" => OutboundMode::AllowAny,
                Value::Int(1) => OutboundMode::AllowAny,
                Value::String(s) if s == "ALLOW_ANY_DYNAMIC_DNS" => {
                    OutboundMode::AllowAnyDynamicDns
                }
                _ => OutboundMode::RegistryOnly,
            },
            egress_proxy: value.field("egressProxy").map(Destination::decode),
        }
    }
}

impl Sidecar {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> Sidecar {
        Sidecar {
            workload_selector: spec
                .field("workloadSelector")
                .map(|s| Labels::decode(s.get("labels"))),
            egress: spec
                .list("egress")
                .iter()
                .map(|e| EgressListener {
                    port: e.field("port").map(port),
                    bind: e.str_or_empty("bind"),
                    capture_mode: capture_mode(e),
                    hosts: e.strings("hosts"),
                })
                .collect(),
            ingress: spec
                .list("ingress")
                .iter()
                .map(|i| IngressListener {
                    port: port(i.get("port")),
                    bind: i.str_or_empty("bind"),
                    capture_mode: capture_mode(i),
                    default_endpoint: i.str_or_empty("defaultEndpoint"),
                    tls: i.field("tls").map(ServerTls::decode),
                })
                .collect(),
            outbound_traffic_policy: spec
                .field("outboundTrafficPolicy")
                .map(OutboundTrafficPolicy::decode),
            policy_without_mode: lacks_mode(spec.get("outboundTrafficPolicy")),
        }
    }
}

fn port(value: &Value) -> ListenerPort {
    ListenerPort {
        number: number(value.get("number")).unwrap_or(0),
        protocol: value.str_or_empty("protocol"),
        name: value.str_or_empty("name"),
    }
}

fn capture_mode(value: &Value) -> CaptureMode {
    match value.get("captureMode") {
        Value::String(s) if s == "IPTABLES" => CaptureMode::Iptables,
        Value::Int(1) => CaptureMode::Iptables,
        Value::String(s) if s == "NONE" => CaptureMode::None,
        Value::Int(2) => CaptureMode::None,
        _ => CaptureMode::Default,
    }
}
