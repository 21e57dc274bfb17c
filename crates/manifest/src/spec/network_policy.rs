//! Kubernetes NetworkPolicy, as far as it can keep a pod from leaving (O:16).

use super::{LabelSelector, virtual_service::number};
use crate::value::{Str, Value};

/// A NetworkPolicy spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NetworkPolicy {
    /// `podSelector`.
    pub pod_selector: LabelSelector,
    /// Whether the policy restricts egress (O:16.2).
    pub restricts_egress: bool,
    /// Whether the policy restricts ingress.
    pub restricts_ingress: bool,
    /// `egress` rules.
    pub egress: Vec<Rule>,
    /// `ingress` rules.
    pub ingress: Vec<Rule>,
}

/// One rule: any of the peers on any of the ports; no peers or no ports means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `to` or `from`.
    pub peers: Vec<Peer>,
    /// `ports`.
    pub ports: Vec<PolicyPort>,
}

/// One peer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// `podSelector`.
    pub pod_selector: Option<LabelSelector>,
    /// `namespaceSelector`.
    pub namespace_selector: Option<LabelSelector>,
    /// `ipBlock` as (cidr, except).
    pub ip_block: Option<(Str, Vec<Str>)>,
}

/// One port of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyPort {
    /// `protocol`; empty means TCP.
    pub protocol: Str,
    /// `port`, by number or name.
    pub port: Option<PortRef>,
    /// `endPort`.
    pub end_port: Option<u32>,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PortRef {
    /// A number.
    Number(u32),
    /// A container port's name.
    Name(Str),
}

impl NetworkPolicy {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> NetworkPolicy {
        let types = spec.strings("policyTypes");
        let has = |t: &str| types.iter().any(|x| x == t);
        NetworkPolicy {
            pod_selector: LabelSelector::decode(spec.get("podSelector")),
            restricts_egress: has("Egress") || (types.is_empty() && spec.field("egress").is_some()),
            restricts_ingress: has("Ingress") || types.is_empty(),
            egress: rules(spec, "egress", "to"),
            ingress: rules(spec, "ingress", "from"),
        }
    }
}

fn rules(spec: &Value, field: &str, peers: &str) -> Vec<Rule> {
    spec.list(field)
        .iter()
        .map(|rule| Rule {
            peers: rule
                .list(peers)
                .iter()
                .map(|p| Peer {
                    pod_selector: p.field("podSelector").map(LabelSelector::decode),
                    namespace_selector: p.field("namespaceSelector").map(LabelSelector::decode),
                    ip_block: p
                        .field("ipBlock")
                        .map(|b| (b.str_or_empty("cidr"), b.strings("except"))),
                })
                .collect(),
            ports: rule
                .list("ports")
                .iter()
                .map(|p| PolicyPort {
                    protocol: p.str_or_empty("protocol"),
                    port: match p.get("port") {
                        Value::String(s) => Some(PortRef::Name(s.clone())),
                        v => number(v).map(PortRef::Number),
                    },
                    end_port: number(p.get("endPort")),
                })
                .collect(),
        })
        .collect()
}
