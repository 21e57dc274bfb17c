//! One egress rule of either kind of policy, and whether it takes a packet.

use super::address::network;
use super::applied::{NamespaceLabels, calico_labels, selects_namespace, selects_namespace_calico};
use super::selector::Selector;
use crate::envoy::Because;
use ipnet::IpNet;
use meshscope_manifest::spec::calico::CalicoRule;
use meshscope_manifest::spec::network_policy::{self, Peer, PolicyPort, PortRef};
use meshscope_manifest::spec::{LabelSelector, Labels};
use meshscope_manifest::{ResourceKey, Str};
use std::net::IpAddr;

/// What a matching rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Lets the packet go.
    Allow,
    /// Drops it.
    Deny,
    /// Leaves the tier.
    Pass,
    /// Goes on with the next rule.
    Log,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it is written.
    pub because: Because,
    /// What it does.
    pub action: Action,
    body: Body,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    Kubernetes(network_policy::Rule),
    Calico(Box<Calico>),
}

#[derive(Clone, Debug, PartialEq)]
struct Calico {
    rule: CalicoRule,
    /// The namespace of the policy; `None` for a global one.
    scope: Option<Str>,
    // `None`: no expression at all, so nothing is known of what it selects.
    selector: Option<Selector>,
    not_selector: Option<Selector>,
    namespace_selector: Option<Selector>,
}

/// A packet that leaves a pod.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    /// Where it goes.
    pub to: To<'a>,
    /// Its protocol: `TCP`, `UDP`, `SCTP`, `ICMP`.
    pub protocol: &'static str,
    /// Its destination port; 0 where the protocol has none.
    pub port: u32,
}

/// The destination of a packet.
#[derive(Clone, Debug)]
pub enum To<'a> {
    /// An address that is no pod of these files.
    Address(IpAddr),
    /// A pod.
    Pod(Pod<'a>),
}

/// A destination pod.
#[derive(Clone, Debug)]
pub struct Pod<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// Its service account.
    pub service_account: &'a str,
    /// Container ports as (name, number, protocol).
    pub ports: &'a [(Str, u32, Str)],
}

/// The namespaces a packet is between.
pub(super) struct Between {
    /// Labels of the destination's namespace; unused for an address.
    pub to: NamespaceLabels,
    /// The source's namespace.
    pub from: Str,
}

/// A rule of a Kubernetes policy: always an Allow.
pub(super) fn of_kubernetes(key: &ResourceKey, index: usize, rule: &network_policy::Rule) -> Rule {
    Rule {
        because: Because::new(key, format!("spec.egress[{index}]"), "allows it (O:16.2)"),
        action: Action::Allow,
        body: Body::Kubernetes(rule.clone()),
    }
}

/// A rule of a Calico policy.
pub(super) fn of_calico(
    key: &ResourceKey,
    index: usize,
    rule: &CalicoRule,
    scope: Option<Str>,
) -> Rule {
    let (action, why) = match rule.action.as_str() {
        "Allow" | "allow" => (Action::Allow, "allows it (O:16.4)"),
        "Pass" | "pass" => (Action::Pass, "passes it to the next tier (O:16.4)"),
        "Log" | "log" => (Action::Log, "logs it (O:16.4)"),
        _ => (Action::Deny, "denies it (O:16.4)"),
    };
    Rule {
        because: Because::new(key, format!("spec.egress[{index}]"), why),
        action,
        body: Body::Calico(Box::new(Calico {
            selector: Selector::parse(&rule.selector),
            not_selector: Selector::parse(&rule.not_selector),
            namespace_selector: Selector::parse(&rule.namespace_selector),
            rule: rule.clone(),
            scope,
        })),
    }
}

impl Rule {
    /// The networks it tells apart.
    pub(super) fn networks(&self) -> Vec<IpNet> {
        let texts: Vec<&Str> = match &self.body {
            Body::Kubernetes(rule) => {
                let blocks = rule.peers.iter().filter_map(|p| p.ip_block.as_ref());
                blocks
                    .flat_map(|(cidr, except)| std::iter::once(cidr).chain(except))
                    .collect()
            }
            Body::Calico(c) => c.rule.nets.iter().chain(&c.rule.not_nets).collect(),
        };
        texts.into_iter().filter_map(|t| network(t)).collect()
    }

    /// The port ranges it tells apart; named ports matter for pods only.
    pub(super) fn port_ranges(&self) -> Vec<(u32, u32)> {
        match &self.body {
            Body::Kubernetes(rule) => {
                let numbers = rule.ports.iter().filter_map(|p| match p.port {
                    Some(PortRef::Number(n)) => Some((n, p.end_port.unwrap_or(n))),
                    _ => None,
                });
                numbers.collect()
            }
            Body::Calico(c) => {
                let texts = c.rule.ports.iter().chain(&c.rule.not_ports);
                texts.filter_map(|t| range(t)).collect()
            }
        }
    }

    /// Whether it takes a packet; `None` when files do not settle it.
    pub(super) fn takes(&self, packet: &Packet, between: &Between) -> Option<bool> {
        match &self.body {
            Body::Kubernetes(rule) => kubernetes_takes(rule, packet, between),
            Body::Calico(calico) => calico_takes(calico, packet, between),
        }
    }
}

/// All of them hold; `None` when one is open and none is false.
fn all(conditions: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut open = false;
    for condition in conditions {
        match condition {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}

fn any(conditions: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all(conditions.into_iter().map(|c| c.map(|c| !c))).map(|none| !none)
}

fn kubernetes_takes(
    rule: &network_policy::Rule,
    packet: &Packet,
    between: &Between,
) -> Option<bool> {
    let ports = rule.ports.is_empty() || rule.ports.iter().any(|p| port_takes(p, packet));
    if !ports {
        return Some(false);
    }
    if rule.peers.is_empty() {
        return Some(true);
    }
    any(rule.peers.iter().map(|p| peer_takes(p, packet, between)))
}

fn port_takes(port: &PolicyPort, packet: &Packet) -> bool {
    let protocol = if port.protocol.is_empty() {
        "TCP"
    } else {
        &port.protocol
    };
    protocol.eq_ignore_ascii_case(packet.protocol)
        && match &port.port {
            None => true,
            Some(PortRef::Number(n)) => (*n..=port.end_port.unwrap_or(*n)).contains(&packet.port),
            Some(PortRef::Name(port_name)) => named_port(port_name, packet),
        }
}

/// Whether the packet goes to the container port of that name: addresses that are no pods have none
/// (O:16.3).
fn named_port(port_name: &str, packet: &Packet) -> bool {
    match &packet.to {
        To::Address(_) => false,
        To::Pod(pod) => pod
            .ports
            .iter()
            .any(|(n, number, _)| n == port_name && *number == packet.port),
    }
}

fn peer_takes(peer: &Peer, packet: &Packet, between: &Between) -> Option<bool> {
    if let Some((cidr, except)) = &peer.ip_block {
        let To::Address(address) = &packet.to else {
            // Whether blocks hold for pods is up to the network plugin (O:16.3).
            return None;
        };
        let inside = network(cidr).is_some_and(|n| n.contains(address));
        let spared = except
            .iter()
            .filter_map(|e| network(e))
            .any(|n| n.contains(address));
        return Some(inside && !spared);
    }
    let To::Pod(pod) = &packet.to else {
        return Some(false);
    };
    let namespace = match &peer.namespace_selector {
        Some(selector) => selects_namespace(selector, &between.to),
        None => Some(between.from == pod.namespace),
    };
    let selected = |s: &LabelSelector| s.matches(pod.labels);
    all([
        namespace,
        Some(peer.pod_selector.as_ref().is_none_or(selected)),
    ])
}

fn calico_takes(calico: &Calico, packet: &Packet, between: &Between) -> Option<bool> {
    let rule = &calico.rule;
    let is = |text: &Str| protocol_is(text, packet.protocol);
    let protocol =
        rule.protocol.as_ref().is_none_or(is) && !rule.not_protocol.as_ref().is_some_and(is);
    let port_in = |list: &[Str]| {
        list.iter().any(|text| match range(text) {
            Some((low, high)) => (low..=high).contains(&packet.port),
            None => named_port(text, packet),
        })
    };
    let ports = (rule.ports.is_empty() || port_in(&rule.ports)) && !port_in(&rule.not_ports);
    if !protocol || !ports {
        return Some(false);
    }
    let rest = [
        (!rule.conditional).then_some(true),
        destination(calico, packet, between),
    ];
    all(rest)
}

fn destination(calico: &Calico, packet: &Packet, between: &Between) -> Option<bool> {
    let rule = &calico.rule;
    let by_label = !rule.selector.is_empty() || !rule.namespace_selector.is_empty();
    let pod = match &packet.to {
        To::Address(address) => {
            let holds = |list: &[Str]| {
                list.iter()
                    .filter_map(|n| network(n))
                    .any(|n| n.contains(address))
            };
            let nets = (rule.nets.is_empty() || holds(&rule.nets)) && !holds(&rule.not_nets);
            // Selectors mean pods and NetworkSets; the latter are not among the kinds read.
            if !nets || by_label {
                return Some(false);
            }
            return if rule.domains.is_empty() {
                Some(true)
            } else {
                None
            };
        }
        To::Pod(pod) => pod,
    };
    if !rule.domains.is_empty() {
        return Some(false);
    }
    let labels = calico_labels(pod.namespace, pod.labels, pod.service_account);
    let matches = |s: Option<&Selector>| s.map(|s| s.matches(&labels));
    let namespace = if !rule.namespace_selector.is_empty() {
        let selector = calico.namespace_selector.as_ref();
        selector.and_then(|s| selects_namespace_calico(s, &between.to))
    } else if by_label {
        Some(calico.scope.as_ref().is_none_or(|own| own == pod.namespace))
    } else {
        Some(true)
    };
    let nets = if rule.nets.is_empty() && rule.not_nets.is_empty() {
        Some(true)
    } else {
        None
    };
    let spared = if rule.not_selector.is_empty() {
        Some(true)
    } else {
        matches(calico.not_selector.as_ref()).map(|m| !m)
    };
    all([namespace, matches(calico.selector.as_ref()), spared, nets])
}

fn protocol_is(text: &str, protocol: &str) -> bool {
    match text {
        "1" => protocol == "ICMP",
        "6" => protocol == "TCP",
        "17" => protocol == "UDP",
        "132" => protocol == "SCTP",
        name => name.eq_ignore_ascii_case(protocol),
    }
}

/// `443` or `8000:8080`.
fn range(text: &str) -> Option<(u32, u32)> {
    match text.split_once(':') {
        Some((low, high)) => Some((low.parse().ok()?, high.parse().ok()?)),
        None => text.parse().ok().map(|n| (n, n)),
    }
}
