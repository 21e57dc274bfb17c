//! Security policies and extensions: what of them decides whether a call passes, and whom they select.

use super::Labels;
use crate::value::{Str, Value};

/// A PeerAuthentication spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PeerAuthentication {
    /// `selector.matchLabels`; empty counts as absent.
    pub selector: Labels,
    /// `mtls.mode`.
    pub mode: MtlsMode,
    /// `portLevelMtls` as (workload port, mode), sorted by port (O:11.5).
    pub port_level: Vec<(u32, MtlsMode)>,
}

/// `mtls.mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MtlsMode {
    /// Inherits.
    #[default]
    Unset,
    /// No mutual TLS.
    Disable,
    /// Both.
    Permissive,
    /// Mutual TLS only.
    Strict,
}

impl MtlsMode {
    fn decode(value: &Value) -> MtlsMode {
        match value.get("mode") {
            Value::String(s) => match s.as_str() {
                "DISABLE" => MtlsMode::Disable,
                "PERMISSIVE" => MtlsMode::Permissive,
                "STRICT" => MtlsMode::Strict,
                _ => MtlsMode::Unset,
            },
            Value::Int(1) => MtlsMode::Disable,
            Value::Int(2) => MtlsMode::Permissive,
            Value::Int(3) => MtlsMode::Strict,
            _ => MtlsMode::Unset,
        }
    }
}

impl PeerAuthentication {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> PeerAuthentication {
        let mut port_level: Vec<(u32, MtlsMode)> = spec
            .entries("portLevelMtls")
            .filter_map(|(port, mode)| Some((port.parse().ok()?, MtlsMode::decode(mode))))
            .collect();
        port_level.sort_by_key(|(port, _)| *port);
        PeerAuthentication {
            selector: Labels::decode(spec.get("selector").get("matchLabels")),
            mode: MtlsMode::decode(spec.get("mtls")),
            port_level,
        }
    }
}

/// What a policy that is not followed in detail selects: RequestAuthentication, Telemetry,
/// WasmPlugin, TrafficExtension, EnvoyFilter, ProxyConfig.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attached {
    /// `selector.matchLabels` or `workloadSelector.labels`.
    pub selector: Labels,
    /// `targetRef` and `targetRefs` as (group, kind, name).
    pub target_refs: Vec<(Str, Str, Str)>,
    /// The whole spec, for the rules that read it.
    pub spec: Value,
}

impl Attached {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> Attached {
        let mut selector = Labels::decode(spec.get("selector").get("matchLabels"));
        if selector.is_empty() {
            selector = Labels::decode(spec.get("workloadSelector").get("labels"));
        }
        Attached {
            selector,
            target_refs: target_refs(spec),
            spec: spec.clone(),
        }
    }
}

/// An AuthorizationPolicy spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthorizationPolicy {
    /// `selector.matchLabels`.
    pub selector: Labels,
    /// `targetRef` and `targetRefs` as (group, kind, name).
    pub target_refs: Vec<(Str, Str, Str)>,
    /// `action`: ALLOW when absent.
    pub action: Str,
    /// `provider.name` of a CUSTOM policy.
    pub provider: Str,
    /// `rules`; `None` when the field is absent, which for ALLOW means "nothing matches".
    pub rules: Option<Vec<Value>>,
}

impl AuthorizationPolicy {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> AuthorizationPolicy {
        AuthorizationPolicy {
            selector: Labels::decode(spec.get("selector").get("matchLabels")),
            target_refs: target_refs(spec),
            action: spec.str("action").unwrap_or_else(|| "ALLOW".into()),
            provider: spec.get("provider").str_or_empty("name"),
            rules: spec.field("rules").map(|r| r.as_list().to_vec()),
        }
    }
}

fn target_refs(spec: &Value) -> Vec<(Str, Str, Str)> {
    spec.field("targetRef")
        .into_iter()
        .chain(spec.list("targetRefs"))
        .map(|t| {
            (
                t.str_or_empty("group"),
                t.str_or_empty("kind"),
                t.str_or_empty("name"),
            )
        })
        .collect()
}
