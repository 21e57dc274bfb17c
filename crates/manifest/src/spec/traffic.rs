//! DestinationRule, ServiceEntry, WorkloadEntry and WorkloadGroup.

use super::{Labels, enum_index, lacks_mode, virtual_service::number};
use crate::value::{Str, Value};
use std::sync::Arc;

/// A DestinationRule spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationRule {
    /// `host` as written.
    pub host: Str,
    /// `trafficPolicy`; shared with what is computed from it, as it is large.
    pub traffic_policy: Option<Arc<TrafficPolicy>>,
    /// `subsets` in order.
    pub subsets: Vec<Subset>,
    /// `exportTo` as written; empty means the mesh default.
    pub export_to: Vec<Str>,
    /// `workloadSelector.matchLabels`; `Some` also for `{}` (V:R5.1).
    pub workload_selector: Option<Labels>,
    /// Where a `tls` says no `mode`: `spec.trafficPolicy.tls`.
    pub tls_without_mode: Vec<Str>,
}

/// One `subsets[]` element.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subset {
    /// `name`.
    pub name: Str,
    /// `labels` of the endpoints.
    pub labels: Labels,
    /// `trafficPolicy`; shared with what is computed from it, as it is large.
    pub traffic_policy: Option<Arc<TrafficPolicy>>,
}

/// A traffic policy. What does not change where a call goes stays undecoded, but comparable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficPolicy {
    /// `tls`.
    pub tls: Option<ClientTls>,
    /// `loadBalancer`.
    pub load_balancer: Option<Value>,
    /// `connectionPool`.
    pub connection_pool: Option<Value>,
    /// `outlierDetection`.
    pub outlier_detection: Option<Value>,
    /// `tunnel`.
    pub tunnel: Option<Value>,
    /// `proxyProtocol`.
    pub proxy_protocol: Option<Value>,
    /// `portLevelSettings` as (port number, policy); the first entry of a port counts (V:R5.9).
    pub port_level: Vec<(u32, TrafficPolicy)>,
}

/// Client TLS settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// `mode`; absent means DISABLE (O:11.1).
    pub mode: ClientTlsMode,
    /// `sni`.
    pub sni: Str,
    /// `subjectAltNames`.
    pub subject_alt_names: Vec<Str>,
    /// `credentialName`.
    pub credential_name: Str,
    /// `clientCertificate`.
    pub client_certificate: Str,
    /// `privateKey`.
    pub private_key: Str,
    /// `caCertificates`.
    pub ca_certificates: Str,
    /// `insecureSkipVerify`.
    pub insecure_skip_verify: bool,
}

/// Client TLS mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientTlsMode {
    /// Plaintext.
    #[default]
    Disable,
    /// One-way TLS.
    Simple,
    /// Mutual TLS with own certificates.
    Mutual,
    /// Mutual TLS with Istio's certificates.
    IstioMutual,
}

impl ClientTlsMode {
    /// The name as written in YAML.
    pub fn name(self) -> &'static str {
        match self {
            ClientTlsMode::Disable => "DISABLE",
            ClientTlsMode::Simple => "SIMPLE",
            ClientTlsMode::Mutual => "MUTUAL",
            ClientTlsMode::IstioMutual => "ISTIO_MUTUAL",
        }
    }
}

impl DestinationRule {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> DestinationRule {
        DestinationRule {
            host: spec.str_or_empty("host"),
            traffic_policy: policy_of(spec),
            subsets: spec
                .list("subsets")
                .iter()
                .map(|s| Subset {
                    name: s.str_or_empty("name"),
                    labels: Labels::decode(s.get("labels")),
                    traffic_policy: policy_of(s),
                })
                .collect(),
            export_to: spec.strings("exportTo"),
            workload_selector: spec
                .field("workloadSelector")
                .map(|s| Labels::decode(s.get("matchLabels"))),
            tls_without_mode: tls_without_mode(spec),
        }
    }
}

/// Where the policies of a DestinationRule write `tls` without `mode`.
fn tls_without_mode(spec: &Value) -> Vec<Str> {
    let mut found = Vec::new();
    let mut look = |policy: &Value, path: &str| {
        if lacks_mode(policy.get("tls")) {
            found.push(format!("{path}.tls").into());
        }
        for (i, port) in policy.list("portLevelSettings").iter().enumerate() {
            if lacks_mode(port.get("tls")) {
                found.push(format!("{path}.portLevelSettings[{i}].tls").into());
            }
        }
    };
    look(spec.get("trafficPolicy"), "spec.trafficPolicy");
    for (i, subset) in spec.list("subsets").iter().enumerate() {
        let path = format!("spec.subsets[{i}].trafficPolicy");
        look(subset.get("trafficPolicy"), &path);
    }
    found
}

fn policy_of(value: &Value) -> Option<Arc<TrafficPolicy>> {
    let policy = value.field("trafficPolicy")?;
    Some(Arc::new(TrafficPolicy::decode(policy)))
}

impl TrafficPolicy {
    fn decode(value: &Value) -> TrafficPolicy {
        TrafficPolicy {
            tls: value.field("tls").map(ClientTls::decode),
            load_balancer: value.field("loadBalancer").cloned(),
            connection_pool: value.field("connectionPool").cloned(),
            outlier_detection: value.field("outlierDetection").cloned(),
            tunnel: value.field("tunnel").cloned(),
            proxy_protocol: value.field("proxyProtocol").cloned(),
            port_level: value
                .list("portLevelSettings")
                .iter()
                .map(|p| {
                    (
                        number(p.get("port").get("number")).unwrap_or(0),
                        TrafficPolicy::decode(p),
                    )
                })
                .collect(),
        }
    }

    /// `loadBalancer.simple` when it is PASSTHROUGH, which turns the cluster into ORIGINAL_DST
    /// (O:9.5).
    pub fn is_passthrough(&self) -> bool {
        match self.load_balancer.as_ref().map(|lb| lb.get("simple")) {
            Some(Value::String(s)) => s == "PASSTHROUGH",
            Some(Value::Int(i)) => *i == 3,
            _ => false,
        }
    }
}

impl ClientTls {
    fn decode(value: &Value) -> ClientTls {
        let names = &[
            ("DISABLE", 0),
            ("SIMPLE", 1),
            ("MUTUAL", 2),
            ("ISTIO_MUTUAL", 3),
        ];
        ClientTls {
            mode: match enum_index(value.get("mode"), names) {
                Some(1) => ClientTlsMode::Simple,
                Some(2) => ClientTlsMode::Mutual,
                Some(3) => ClientTlsMode::IstioMutual,
                _ => ClientTlsMode::Disable,
            },
            sni: value.str_or_empty("sni"),
            subject_alt_names: value.strings("subjectAltNames"),
            credential_name: value.str_or_empty("credentialName"),
            client_certificate: value.str_or_empty("clientCertificate"),
            private_key: value.str_or_empty("privateKey"),
            ca_certificates: value.str_or_empty("caCertificates"),
            insecure_skip_verify: value.bool("insecureSkipVerify").unwrap_or(false),
        }
    }
}

/// A ServiceEntry spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServiceEntry {
    /// `hosts`, taken literally (V:R1.9).
    pub hosts: Vec<Str>,
    /// `addresses` as written.
    pub addresses: Vec<Str>,
    /// `ports` in order.
    pub ports: Vec<ServiceEntryPort>,
    /// `location: MESH_INTERNAL`; absent means external (V:R1.10).
    pub mesh_internal: bool,
    /// `resolution`.
    pub resolution: EntryResolution,
    /// `endpoints` in order.
    pub endpoints: Vec<WorkloadEntry>,
    /// `workloadSelector.labels`.
    pub workload_selector: Option<Labels>,
    /// `exportTo` as written; empty means the mesh default.
    pub export_to: Vec<Str>,
    /// `subjectAltNames`.
    pub subject_alt_names: Vec<Str>,
    /// `status.addresses` as (host, address): auto-allocated VIPs (V:R1.14).
    pub status_addresses: Vec<(Str, Str)>,
}

/// One port of a ServiceEntry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServiceEntryPort {
    /// `number`.
    pub number: u32,
    /// `protocol` as written.
    pub protocol: Str,
    /// `name`.
    pub name: Str,
    /// `targetPort`; 0 means the number.
    pub target_port: u32,
}

/// `resolution` of a ServiceEntry; absent means NONE (V:R1.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EntryResolution {
    /// The dialled IP is kept.
    #[default]
    None,
    /// The listed endpoints.
    Static,
    /// Resolved by the proxy.
    Dns,
    /// The first resolved address.
    DnsRoundRobin,
    /// Resolved per request.
    DynamicDns,
}

impl EntryResolution {
    const NAMES: &'static [(&'static str, usize)] = &[
        ("NONE", 0),
        ("STATIC", 1),
        ("DNS", 2),
        ("DNS_ROUND_ROBIN", 3),
        ("DYNAMIC_DNS", 4),
    ];
}

impl ServiceEntry {
    /// Decodes `spec` and the addresses in `status`.
    pub fn decode(spec: &Value, status: &Value) -> ServiceEntry {
        ServiceEntry {
            hosts: spec.strings("hosts"),
            addresses: spec.strings("addresses"),
            ports: spec
                .list("ports")
                .iter()
                .map(|p| ServiceEntryPort {
                    number: number(p.get("number")).unwrap_or(0),
                    protocol: p.str_or_empty("protocol"),
                    name: p.str_or_empty("name"),
                    target_port: number(p.get("targetPort")).unwrap_or(0),
                })
                .collect(),
            mesh_internal: matches!(spec.get("location"), Value::String(s) if s == "MESH_INTERNAL")
                || spec.int("location") == Some(1),
            resolution: match enum_index(spec.get("resolution"), EntryResolution::NAMES) {
                Some(1) => EntryResolution::Static,
                Some(2) => EntryResolution::Dns,
                Some(3) => EntryResolution::DnsRoundRobin,
                Some(4) => EntryResolution::DynamicDns,
                _ => EntryResolution::None,
            },
            endpoints: spec
                .list("endpoints")
                .iter()
                .map(WorkloadEntry::decode)
                .collect(),
            workload_selector: spec
                .field("workloadSelector")
                .map(|s| Labels::decode(s.get("labels"))),
            export_to: spec.strings("exportTo"),
            subject_alt_names: spec.strings("subjectAltNames"),
            status_addresses: status
                .list("addresses")
                .iter()
                .map(|a| (a.str_or_empty("host"), a.str_or_empty("value")))
                .collect(),
        }
    }
}

/// A WorkloadEntry spec; also an inline endpoint of a ServiceEntry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkloadEntry {
    /// `address`.
    pub address: Str,
    /// `ports` as (name, number), in order.
    pub ports: Vec<(Str, u32)>,
    /// `labels`.
    pub labels: Labels,
    /// `network`.
    pub network: Str,
    /// `locality`.
    pub locality: Str,
    /// `weight`.
    pub weight: u32,
    /// `serviceAccount`.
    pub service_account: Str,
}

impl WorkloadEntry {
    /// Decodes a `spec` or an inline endpoint.
    pub fn decode(spec: &Value) -> WorkloadEntry {
        WorkloadEntry {
            address: spec.str_or_empty("address"),
            ports: spec
                .entries("ports")
                .filter_map(|(k, v)| number(v).map(|n| (k.clone(), n)))
                .collect(),
            labels: Labels::decode(spec.get("labels")),
            network: spec.str_or_empty("network"),
            locality: spec.str_or_empty("locality"),
            weight: number(spec.get("weight")).unwrap_or(0),
            service_account: spec.str_or_empty("serviceAccount"),
        }
    }
}

/// A WorkloadGroup spec: a template for WorkloadEntries (V:R1.17).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkloadGroup {
    /// `metadata.labels` and annotations of the entries to come: the labels.
    pub labels: Labels,
    /// `template`.
    pub template: WorkloadEntry,
}

impl WorkloadGroup {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> WorkloadGroup {
        WorkloadGroup {
            labels: Labels::decode(spec.get("metadata").get("labels")),
            template: WorkloadEntry::decode(spec.get("template")),
        }
    }
}
