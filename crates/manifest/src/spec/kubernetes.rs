//! The Kubernetes kinds a mesh is made of: Service, workloads, endpoints, ServiceAccount, Secret,
//! ConfigMap. Namespaces are their labels and have no spec worth reading.

use super::{LabelSelector, Labels, virtual_service::number};
use crate::value::{Str, Value};
use std::hash::{Hash, Hasher};

/// A Service spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Service {
    /// `type`; empty means ClusterIP.
    pub service_type: Str,
    /// `clusterIP` as written: empty when not given, `None` when headless (V:R1.3).
    pub cluster_ip: Str,
    /// `clusterIPs` beyond the first.
    pub cluster_ips: Vec<Str>,
    /// `selector`.
    pub selector: Labels,
    /// `ports` in order.
    pub ports: Vec<ServicePort>,
    /// `externalName`.
    pub external_name: Str,
    /// `externalIPs`.
    pub external_ips: Vec<Str>,
}

/// One Service port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServicePort {
    /// `name`.
    pub name: Str,
    /// `port`.
    pub port: u32,
    /// `protocol`; empty means TCP.
    pub protocol: Str,
    /// `appProtocol`, when given.
    pub app_protocol: Option<Str>,
    /// `targetPort`.
    pub target_port: TargetPort,
}

/// Where a Service port leads inside the pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum TargetPort {
    /// Not written: the same number.
    #[default]
    Same,
    /// A number.
    Number(u32),
    /// The name of a container port.
    Name(Str),
}

impl Service {
    /// Decodes a `spec`.
    pub fn decode(spec: &Value) -> Service {
        Service {
            service_type: spec.str_or_empty("type"),
            cluster_ip: spec.str_or_empty("clusterIP"),
            cluster_ips: spec.strings("clusterIPs"),
            selector: Labels::decode(spec.get("selector")),
            ports: spec
                .list("ports")
                .iter()
                .map(|p| ServicePort {
                    name: p.str_or_empty("name"),
                    port: number(p.get("port")).unwrap_or(0),
                    protocol: p.str_or_empty("protocol"),
                    app_protocol: p.str("appProtocol"),
                    target_port: match p.get("targetPort") {
                        Value::String(s) => TargetPort::Name(s.clone()),
                        v => match number(v) {
                            Some(0) | None => TargetPort::Same,
                            Some(n) => TargetPort::Number(n),
                        },
                    },
                })
                .collect(),
            external_name: spec.str_or_empty("externalName"),
            external_ips: spec.strings("externalIPs"),
        }
    }
}

/// A pod or the pod template of a workload kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Labels of the pods (not of the workload object).
    pub pod_labels: Labels,
    /// Annotations of the pods.
    pub pod_annotations: Labels,
    /// `spec.selector` of the workload object.
    pub selector: LabelSelector,
    /// `replicas`; 1 when absent.
    pub replicas: u32,
    /// `serviceAccountName`.
    pub service_account: Str,
    /// `hostNetwork`.
    pub host_network: bool,
    /// Containers and init containers that stay (`restartPolicy: Always`).
    pub containers: Vec<Container>,
    /// Pod IPs (`status.podIPs`, a Pod only).
    pub pod_ips: Vec<Str>,
    /// Whether the pod template names itself a gateway proxy (`proxy router` in its args).
    pub runs_router: bool,
    /// Whether it brings its own sidecar (`proxy sidecar` in the args of a container).
    pub runs_sidecar: bool,
    /// Whether its containers are `istio-proxy` alone, and no args call it a sidecar.
    pub proxy_alone: bool,
    /// `securityContext.runAsUser` of the pod.
    pub run_as_user: Option<i64>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container {
    /// `name`.
    pub name: Str,
    /// `image`.
    pub image: Str,
    /// `ports` as (name, number, protocol; empty means TCP).
    pub ports: Vec<(Str, u32, Str)>,
    /// Environment variables with a literal value.
    pub env: Vec<(Str, Str)>,
    /// `securityContext.runAsUser`.
    pub run_as_user: Option<i64>,
    /// `securityContext.capabilities.add`, and `PRIVILEGED` for a privileged container.
    pub capabilities: Vec<Str>,
}

impl Workload {
    /// Decodes a Pod: its metadata is the template's.
    pub fn decode_pod(document: &Value) -> Workload {
        let mut workload = Workload::decode_template(document);
        let status = document.get("status");
        workload.pod_ips = status
            .list("podIPs")
            .iter()
            .filter_map(|v| v.str("ip"))
            .collect();
        if workload.pod_ips.is_empty() {
            workload.pod_ips.extend(status.str("podIP"));
        }
        workload.replicas = 1;
        workload
    }

    /// Decodes Deployment, StatefulSet, DaemonSet, ReplicaSet, Job.
    pub fn decode_controller(document: &Value) -> Workload {
        let spec = document.get("spec");
        let mut workload = Workload::decode_template(spec.get("template"));
        workload.selector = LabelSelector::decode(spec.get("selector"));
        workload.replicas = number(spec.get("replicas")).unwrap_or(1);
        workload
    }

    /// Decodes a CronJob.
    pub fn decode_cron_job(document: &Value) -> Workload {
        Workload::decode_controller(document.get("spec").get("jobTemplate"))
    }

    fn decode_template(template: &Value) -> Workload {
        let spec = template.get("spec");
        let stays = |c: &&Value| c.str("restartPolicy").as_deref() == Some("Always");
        let containers: Vec<Container> = spec
            .list("containers")
            .iter()
            .chain(spec.list("initContainers").iter().filter(stays))
            .map(container)
            .collect();
        let runs = |c: &Value, role: &str| {
            let args = c.strings("args");
            args.first().is_some_and(|a| a == "proxy") && args.get(1).is_some_and(|a| a == role)
        };
        let written = spec.list("containers");
        let runs_router = written.iter().any(|c| runs(c, "router"));
        let stay = spec.list("initContainers").iter().filter(stays);
        let runs_sidecar = written.iter().chain(stay).any(|c| runs(c, "sidecar"));
        let proxy_alone = matches!(written, [only]
            if only.str("name").as_deref() == Some("istio-proxy") && !runs(only, "sidecar"));
        Workload {
            pod_labels: Labels::decode(template.get("metadata").get("labels")),
            pod_annotations: Labels::decode(template.get("metadata").get("annotations")),
            selector: LabelSelector::default(),
            replicas: 1,
            service_account: spec.str_or_empty("serviceAccountName"),
            host_network: spec.bool("hostNetwork").unwrap_or(false),
            containers,
            pod_ips: Vec::new(),
            runs_router,
            runs_sidecar,
            proxy_alone,
            run_as_user: spec.get("securityContext").int("runAsUser"),
        }
    }

    /// The container port called `name` with the L4 protocol `protocol` (G:SEL-5).
    pub fn named_port(&self, name: &str, protocol: &str) -> Option<u32> {
        let or_tcp = |p: &str| {
            if p.is_empty() {
                "TCP".to_owned()
            } else {
                p.to_owned()
            }
        };
        self.containers
            .iter()
            .flat_map(|c| &c.ports)
            .find(|(n, _, p)| n == name && or_tcp(p) == or_tcp(protocol))
            .map(|(_, number, _)| *number)
    }
}

fn container(value: &Value) -> Container {
    let security = value.get("securityContext");
    let mut capabilities = security.get("capabilities").strings("add");
    if security.bool("privileged") == Some(true) {
        capabilities.push("PRIVILEGED".into());
    }
    Container {
        name: value.str_or_empty("name"),
        image: value.str_or_empty("image"),
        ports: value
            .list("ports")
            .iter()
            .map(|p| {
                (
                    p.str_or_empty("name"),
                    number(p.get("containerPort")).unwrap_or(0),
                    p.str_or_empty("protocol"),
                )
            })
            .collect(),
        env: value
            .list("env")
            .iter()
            .filter_map(|e| Some((e.str("name")?, e.str("value")?)))
            .collect(),
        run_as_user: security.int("runAsUser"),
        capabilities,
    }
}

/// A Secret: never its contents, only what tells two certificates apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Secret {
    /// `type`.
    pub secret_type: Str,
    /// The keys of `data` and `stringData`, sorted.
    pub keys: Vec<Str>,
    /// A digest of `tls.crt` (or `cert`) of `data`.
    pub certificate: Option<u64>,
}

impl Secret {
    /// Decodes type, keys and the digest.
    pub fn decode(document: &Value) -> Secret {
        let mut keys: Vec<Str> = document
            .entries("data")
            .chain(document.entries("stringData"))
            .map(|(k, _)| k.clone())
            .collect();
        keys.sort();
        keys.dedup();
        Secret {
            secret_type: document.str_or_empty("type"),
            keys,
            certificate: certificate(document.get("data")),
        }
    }
}

fn certificate(data: &Value) -> Option<u64> {
    let text = data.str("tls.crt").or_else(|| data.str("cert"))?;
    let mut hasher = rustc_hash::FxHasher::default();
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (!bare.is_empty()).then(|| {
        bare.hash(&mut hasher);
        hasher.finish()
    })
}

/// A ConfigMap: its keys, and the mesh config texts when it is one of istiod's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConfigMap {
    /// The keys of `data` and `binaryData`, sorted.
    pub keys: Vec<Str>,
    /// `data.mesh`.
    pub mesh: Option<Str>,
    /// `data.meshNetworks`.
    pub mesh_networks: Option<Str>,
}

impl ConfigMap {
    /// Decodes keys, and the mesh config text of a ConfigMap called `istio` or `istio-…`.
    pub fn decode(document: &Value, name: &str) -> ConfigMap {
        let mut keys: Vec<Str> = document
            .entries("data")
            .chain(document.entries("binaryData"))
            .map(|(k, _)| k.clone())
            .collect();
        keys.sort();
        let of_istiod = name == "istio" || name.starts_with("istio-");
        let text = |key: &str| document.get("data").str(key).filter(|_| of_istiod);
        ConfigMap {
            keys,
            mesh: text("mesh"),
            mesh_networks: text("meshNetworks"),
        }
    }
}

/// Endpoints or one EndpointSlice: addresses and ports of one Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// The Service: the object's name for Endpoints, the `kubernetes.io/service-name` label for a
    /// slice.
    pub service: Str,
    /// IP addresses.
    pub addresses: Vec<Str>,
    /// Ports as (name, number, protocol).
    pub ports: Vec<(Str, u32, Str)>,
}

impl Endpoints {
    /// Decodes `v1 Endpoints`.
    pub fn decode_endpoints(document: &Value, name: &str) -> Endpoints {
        let subsets = document.list("subsets");
        Endpoints {
            service: name.into(),
            addresses: subsets
                .iter()
                .flat_map(|s| s.list("addresses"))
                .filter_map(|a| a.str("ip"))
                .collect(),
            ports: subsets
                .iter()
                .flat_map(|s| s.list("ports"))
                .map(endpoint_port)
                .collect(),
        }
    }

    /// Decodes an EndpointSlice.
    pub fn decode_slice(document: &Value) -> Endpoints {
        Endpoints {
            service: document
                .get("metadata")
                .get("labels")
                .str_or_empty("kubernetes.io/service-name"),
            addresses: document
                .list("endpoints")
                .iter()
                .flat_map(|e| e.strings("addresses"))
                .collect(),
            ports: document.list("ports").iter().map(endpoint_port).collect(),
        }
    }
}

fn endpoint_port(value: &Value) -> (Str, u32, Str) {
    (
        value.str_or_empty("name"),
        number(value.get("port")).unwrap_or(0),
        value.str_or_empty("protocol"),
    )
}
