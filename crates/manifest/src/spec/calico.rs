//! Calico NetworkPolicy and GlobalNetworkPolicy: ordered rules with explicit actions (O:16.4).

use super::virtual_service::percent;
use crate::value::{Str, Value};

/// A Calico policy spec; selectors stay in Calico's expression language.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalicoPolicy {
    /// `tier`; empty means `default`.
    pub tier: Str,
    /// `order`; absent sorts last.
    pub order: Option<f64>,
    /// `selector` expression; empty means `all()`.
    pub selector: Str,
    /// `namespaceSelector` expression (global policies).
    pub namespace_selector: Str,
    /// Whether `types` (or the presence of `egress`) makes this an egress policy.
    pub restricts_egress: bool,
    /// `egress` rules in order.
    pub egress: Vec<CalicoRule>,
    /// `serviceAccountSelector` expression.
    pub service_account_selector: Str,
    /// `doNotTrack` or `preDNAT`: for host interfaces only, never for pods.
    pub hosts_only: bool,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CalicoRule {
    /// `action`: Allow, Deny, Pass or Log.
    pub action: Str,
    /// `protocol`, as written.
    pub protocol: Option<Str>,
    /// `destination.nets`.
    pub nets: Vec<Str>,
    /// `destination.notNets`.
    pub not_nets: Vec<Str>,
    /// `destination.selector`.
    pub selector: Str,
    /// `destination.namespaceSelector`.
    pub namespace_selector: Str,
    /// `destination.ports`, as written (numbers, ranges, names).
    pub ports: Vec<Str>,
    /// `destination.domains`.
    pub domains: Vec<Str>,
    /// `notProtocol`, as written.
    pub not_protocol: Option<Str>,
    /// `destination.notSelector`.
    pub not_selector: Str,
    /// `destination.notPorts`, as written.
    pub not_ports: Vec<Str>,
    /// Whether the rule also asks for what no file settles: `source`, `http`, `icmp`, `ipVersion`,
    /// `destination.services` or `destination.serviceAccounts`.
    pub conditional: bool,
}

impl CalicoPolicy {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> CalicoPolicy {
        let types = spec.strings("types");
        CalicoPolicy {
            tier: spec.str_or_empty("tier"),
            order: percent(spec.get("order")),
            selector: spec.str_or_empty("selector"),
            namespace_selector: spec.str_or_empty("namespaceSelector"),
            restricts_egress: types.iter().any(|t| t == "Egress")
                || (types.is_empty() && spec.field("egress").is_some()),
            egress: spec.list("egress").iter().map(rule).collect(),
            service_account_selector: spec.str_or_empty("serviceAccountSelector"),
            hosts_only: spec.bool("doNotTrack").unwrap_or(false)
                || spec.bool("preDNAT").unwrap_or(false),
        }
    }
}

fn rule(value: &Value) -> CalicoRule {
    let destination = value.get("destination");
    let text = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Int(i) => Some(Str::new(i.to_string())),
        _ => None,
    };
    CalicoRule {
        action: value.str_or_empty("action"),
        protocol: text(value.get("protocol")),
        nets: destination.strings("nets"),
        not_nets: destination.strings("notNets"),
        selector: destination.str_or_empty("selector"),
        namespace_selector: destination.str_or_empty("namespaceSelector"),
        ports: destination.list("ports").iter().filter_map(text).collect(),
        domains: destination.strings("domains"),
        not_protocol: text(value.get("notProtocol")),
        not_selector: destination.str_or_empty("notSelector"),
        not_ports: destination
            .list("notPorts")
            .iter()
            .filter_map(text)
            .collect(),
        conditional: ["source", "http", "icmp", "notICMP", "ipVersion"]
            .iter()
            .any(|f| value.has(f))
            || ["services", "serviceAccounts"]
                .iter()
                .any(|f| destination.has(f)),
    }
}
