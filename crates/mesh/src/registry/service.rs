//! What istiod calls a service: one value for Kubernetes Services and ServiceEntries alike.

use super::Protocol;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{ResourceKey, Str};
use std::cmp::Ordering;
use std::sync::Arc;

/// A service of the registry. One ServiceEntry makes one per host and address (V:R1.7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// The hostname; may be a wildcard for a ServiceEntry.
    pub host: Str,
    /// The namespace.
    pub namespace: Str,
    /// `Attributes.Name`: the Service's name, the host for a ServiceEntry (V:R0.21).
    pub name: Str,
    /// Where it comes from.
    pub source: Source,
    /// The object that defines it.
    pub object: ResourceKey,
    /// Index into `spec.hosts` for a ServiceEntry.
    pub host_index: usize,
    /// Creation time of the object.
    pub created: Option<i64>,
    /// How the proxy finds the endpoints.
    pub resolution: Resolution,
    /// `MeshExternal`: outside the mesh, so no automatic mutual TLS.
    pub mesh_external: bool,
    /// The address clients dial.
    pub address: Address,
    /// VIPs beyond the address (`clusterIPs`, auto-allocated ones live in `auto_address`).
    pub more_addresses: Vec<Str>,
    /// The auto-allocated VIP, used only by proxies with DNS capture (O:2.5).
    pub auto_address: Option<Str>,
    /// Ports in order.
    pub ports: Arc<[Port]>,
    /// exportTo as written; empty means the mesh default.
    pub export_to: Vec<Str>,
    /// Labels of the object.
    pub labels: Labels,
    /// Pod selector of a Service, workload selector of a ServiceEntry.
    pub selector: Labels,
    /// Whether the ServiceEntry has `workloadSelector` or the Service a selector at all.
    pub has_selector: bool,
    /// `istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT` (G:CL-4).
    pub race_first_connect: bool,
}

/// The registry a service comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A Kubernetes Service.
    Kubernetes,
    /// A ServiceEntry.
    External,
}

/// How endpoints are found (V:R1.2, V:R1.11).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// By EDS: Kubernetes, STATIC.
    ClientSide,
    /// The dialled address: headless, NONE.
    Passthrough,
    /// ExternalName: another host (V:R1.22).
    Alias(Str),
    /// DNS.
    Dns,
    /// DNS_ROUND_ROBIN.
    DnsRoundRobin,
    /// DYNAMIC_DNS.
    DynamicDns,
}

/// The address a service is dialled at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A known IP.
    Ip(Str),
    /// A CIDR of a ServiceEntry.
    Cidr(Str),
    /// A VIP the cluster allocates and no file knows (V:R1.3): unique to the service.
    Allocated,
    /// `0.0.0.0`: none.
    None,
}

/// A port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// The service port number.
    pub number: u32,
    /// The name.
    pub name: Str,
    /// The protocol.
    pub protocol: Protocol,
    /// ServiceEntry `targetPort` (0: the number); unused for Kubernetes, whose targets are per pod.
    pub target_port: u32,
}

impl Service {
    /// The port with this number.
    pub fn port(&self, number: u32) -> Option<&Port> {
        self.ports.iter().find(|p| p.number == number)
    }

    /// Whether it is a Kubernetes Service.
    pub fn is_kubernetes(&self) -> bool {
        self.source == Source::Kubernetes
    }

    /// Whether it is an ExternalName Service.
    pub fn is_alias(&self) -> bool {
        matches!(self.resolution, Resolution::Alias(_))
    }

    /// Whether it is a headless Kubernetes Service.
    pub fn is_headless(&self) -> bool {
        self.is_kubernetes() && self.resolution == Resolution::Passthrough
    }

    /// The same service with only this port; itself when it has no other (V:R3.11).
    pub fn trimmed(self: &Arc<Self>, number: u32) -> Option<Arc<Service>> {
        let port = self.port(number)?;
        if self.ports.len() == 1 {
            return Some(self.clone());
        }
        Some(Arc::new(Service {
            ports: Arc::from([port.clone()]),
            ..Service::clone(self)
        }))
    }

    /// `namespace/host`, as cases and output write services.
    pub fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.host)
    }

    fn age(&self) -> i64 {
        // Without timestamps Kubernetes objects count as older than Istio ones, as in a cluster that
        // was installed in that order.
        self.created.unwrap_or(match self.source {
            Source::Kubernetes => i64::MIN,
            Source::External => i64::MIN + 1,
        })
    }
}

/// The order of services: age, `Attributes.Name`, namespace (V:R0.21).
pub fn service_order(a: &Service, b: &Service) -> Ordering {
    a.age()
        .cmp(&b.age())
        .then_with(|| a.name.cmp(&b.name))
        .then_with(|| a.namespace.cmp(&b.namespace))
}
