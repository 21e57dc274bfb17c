//! The types of those fields of core kinds that meshscope reads; everything else is let through.
//!
//! Owns a small notation: `name: type`, objects in `{}` (open: unknown fields pass), lists in `[]`,
//! `<type>` for maps, `s` string, `i` whole number, `b` boolean, `is` number or string, `?` anything.

use super::load::blank;
use super::{Node, Type};
use crate::kind::Kind;
use crate::value::Str;
use rustc_hash::FxHashMap;

const METADATA: &str =
    "{name: s, namespace: s, generateName: s, labels: <s>, annotations: <s>, creationTimestamp: s}";

const POD: &str = "{serviceAccountName: s, hostNetwork: b, \
    containers: [{name: s, image: s, env: [{name: s, value: s}], args: [s], command: [s], \
    ports: [{name: s, containerPort: i, protocol: s, hostPort: i}]}], \
    initContainers: [{name: s, image: s}]}";

const LABEL_SELECTOR: &str =
    "{matchLabels: <s>, matchExpressions: [{key: s, operator: s, values: [s]}]}";

const NETWORK_PEERS: &str = "[{podSelector: L, namespaceSelector: L, \
    ipBlock: {cidr: s, except: [s]}}]";

/// The tables; `M`, `P`, `L` and `N` stand for the parts above.
const KINDS: &[(Kind, &str)] = &[
    (Kind::Namespace, "{metadata: M}"),
    (Kind::ServiceAccount, "{metadata: M}"),
    (
        Kind::Service,
        "{metadata: M, spec: {type: s, clusterIP: s, clusterIPs: [s], externalName: s, \
         selector: <s>, publishNotReadyAddresses: b, ports: [{name: s, protocol: s, port: i, \
         nodePort: i, appProtocol: s, targetPort: is}]}}",
    ),
    (Kind::Pod, "{metadata: M, spec: P}"),
    (
        Kind::Deployment,
        "{metadata: M, spec: {replicas: i, selector: L, template: {metadata: M, spec: P}}}",
    ),
    (
        Kind::StatefulSet,
        "{metadata: M, spec: {replicas: i, serviceName: s, selector: L, template: {metadata: M, spec: P}}}",
    ),
    (
        Kind::DaemonSet,
        "{metadata: M, spec: {selector: L, template: {metadata: M, spec: P}}}",
    ),
    (
        Kind::ReplicaSet,
        "{metadata: M, spec: {replicas: i, selector: L, template: {metadata: M, spec: P}}}",
    ),
    (
        Kind::Job,
        "{metadata: M, spec: {template: {metadata: M, spec: P}}}",
    ),
    (
        Kind::CronJob,
        "{metadata: M, spec: {schedule: s, jobTemplate: {spec: {template: {metadata: M, spec: P}}}}}",
    ),
    (
        Kind::Secret,
        "{metadata: M, type: s, data: <s>, stringData: <s>}",
    ),
    (Kind::ConfigMap, "{metadata: M, data: <s>, binaryData: <s>}"),
    (
        Kind::Endpoints,
        "{metadata: M, subsets: [{addresses: [{ip: s, hostname: s}], \
         ports: [{name: s, port: i, protocol: s}]}]}",
    ),
    (
        Kind::EndpointSlice,
        "{metadata: M, addressType: s, endpoints: [{addresses: [s], conditions: {ready: b}}], \
         ports: [{name: s, port: i, protocol: s}]}",
    ),
    (
        Kind::NetworkPolicy,
        "{metadata: M, spec: {podSelector: L, policyTypes: [s], \
         ingress: [{from: N, ports: [{protocol: s, port: is, endPort: i}]}], \
         egress: [{to: N, ports: [{protocol: s, port: is, endPort: i}]}]}}",
    ),
    (
        Kind::CalicoNetworkPolicy,
        "{metadata: M, spec: {selector: s, types: [s], ingress: [{action: s}], egress: [{action: s}]}}",
    ),
    (
        Kind::CalicoGlobalNetworkPolicy,
        "{metadata: M, spec: {selector: s, types: [s], ingress: [{action: s}], egress: [{action: s}]}}",
    ),
    (
        Kind::IstioOperator,
        "{metadata: M, spec: {profile: s, hub: s, meshConfig: ?, values: ?}}",
    ),
];

/// Adds the tables; the number of the node for `metadata`.
pub(super) fn add(nodes: &mut Vec<Node>, kinds: &mut FxHashMap<Kind, Vec<(Str, u32)>>) -> u32 {
    for (kind, notation) in KINDS {
        let root = Reader {
            rest: notation,
            nodes,
        }
        .node();
        kinds.insert(*kind, vec![(Str::default(), root)]);
    }
    Reader {
        rest: METADATA,
        nodes,
    }
    .node()
}

struct Reader<'n> {
    rest: &'n str,
    nodes: &'n mut Vec<Node>,
}

impl Reader<'_> {
    fn eat(&mut self, sign: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn word(&mut self) -> Str {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '?')
            .unwrap_or(rest.len());
        self.rest = &rest[end..];
        rest[..end].into()
    }

    fn node(&mut self) -> u32 {
        let mut node = blank(Type::Object);
        node.open = true;
        if self.eat("{") {
            while !self.eat("}") && !self.rest.is_empty() {
                let name = self.word();
                self.eat(":");
                let id = self.node();
                node.properties.push((name, id));
                self.eat(",");
            }
            node.properties.sort();
        } else if self.eat("[") {
            node.type_ = Type::Array;
            node.items = Some(self.node());
            self.eat("]");
        } else if self.eat("<") {
            node.additional = Some(self.node());
            self.eat(">");
        } else {
            let word = self.word();
            let part = match word.as_str() {
                "M" => Some(METADATA),
                "P" => Some(POD),
                "L" => Some(LABEL_SELECTOR),
                "N" => Some(NETWORK_PEERS),
                _ => None,
            };
            if let Some(part) = part {
                return Reader {
                    rest: part,
                    nodes: self.nodes,
                }
                .node();
            }
            node.type_ = match word.as_str() {
                "s" => Type::String,
                "i" => Type::Integer,
                "b" => Type::Boolean,
                "is" => Type::IntOrString,
                _ => Type::Any,
            };
        }
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).unwrap_or_default()
    }
}
