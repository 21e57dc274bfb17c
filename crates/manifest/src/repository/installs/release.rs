//! A release of Istio's `gateway` chart: which workload, Service and ServiceAccount it makes.

use crate::edit::object;
use crate::value::{Str, Value};

/// A chart of Istio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IstioChart {
    /// `gateway`: a gateway workload.
    Gateway,
    /// `istiod`.
    Istiod,
    /// `base`, `cni`, `ztunnel`: nothing that a mesh is computed from.
    Other,
}

/// Which of Istio's charts a reference means (`gateway`, `istio/gateway`, `oci://…/charts/gateway`); `None`
/// for the charts of others. `repository` is the chart repository's address or name, if one is known: a
/// chart called `gateway` from elsewhere is another chart.
pub fn istio_chart(chart: &str, repository: Option<&str>) -> Option<IstioChart> {
    let (from, name) = chart.rsplit_once('/').unwrap_or(("", chart));
    let known = match name {
        "gateway" => IstioChart::Gateway,
        "istiod" => IstioChart::Istiod,
        "base" | "cni" | "ztunnel" => IstioChart::Other,
        _ => return None,
    };
    let says_istio = |s: &str| s.to_ascii_lowercase().contains("istio");
    let is_istios = says_istio(from)
        || repository.is_some_and(says_istio)
        || (from.is_empty() && repository.is_none());
    is_istios.then_some(known)
}

/// Whether a chart is Istio's gateway chart.
pub fn is_gateway_chart(chart: &str, repository: Option<&str>) -> bool {
    istio_chart(chart, repository) == Some(IstioChart::Gateway)
}

/// The objects that `helm install <release> istio/gateway` makes: a Deployment (or DaemonSet), a
/// Service unless its type is `None`, and a ServiceAccount unless it is somebody else's.
pub fn gateway_release(release: &str, namespace: &str, values: &Value) -> Vec<Value> {
    let chart = Chart {
        release,
        namespace,
        values,
        name: chart_name(release, values),
    };
    let mut objects = vec![chart.workload()];
    objects.extend(chart.service());
    objects.extend(chart.service_account());
    objects
}

/// `gateway.name`.
fn chart_name(release: &str, values: &Value) -> Str {
    let named = values.get("name").scalar_text().filter(|n| !n.is_empty());
    match named {
        Some(name) => name,
        None if release.is_empty() || release == "RELEASE-NAME" => "istio-ingressgateway".into(),
        None => release.into(),
    }
}

struct Chart<'a> {
    release: &'a str,
    namespace: &'a str,
    values: &'a Value,
    name: Str,
}

impl Chart<'_> {
    /// `gateway.selectorLabels`: what the Service selects.
    fn selector_labels(&self) -> Value {
        let label = |key: &str| self.values.get("labels").get(key).scalar_text();
        let istio = self.name.strip_prefix("istio-").unwrap_or(&self.name);
        object([
            (
                "app",
                Value::String(label("app").unwrap_or_else(|| self.name.clone())),
            ),
            (
                "istio",
                Value::String(label("istio").unwrap_or_else(|| istio.into())),
            ),
        ])
    }

    /// The labels of every object.
    fn labels(&self) -> Value {
        let mut labels = object([
            ("app.kubernetes.io/name", Value::String(self.name.clone())),
            ("app.kubernetes.io/managed-by", "Helm".into()),
            ("app.kubernetes.io/instance", self.release.into()),
            ("app.kubernetes.io/part-of", "istio".into()),
        ]);
        labels.overlay(&self.selector_labels());
        // The chart's own default: gateways stay out of the ambient data plane.
        labels.set("istio.io/dataplane-mode", "none".into());
        for (key, value) in self.values.entries("labels") {
            if let Some(text) = value
                .scalar_text()
                .filter(|_| key != "app" && key != "istio")
            {
                labels.set(key, Value::String(text));
            }
        }
        labels
    }

    fn metadata(&self, name: &str) -> Value {
        object([
            ("name", name.into()),
            ("namespace", self.namespace.into()),
            ("labels", self.labels()),
        ])
    }

    fn account(&self) -> Str {
        let account = self.values.get("serviceAccount");
        let named = account.str("name").filter(|n| !n.is_empty());
        named.unwrap_or_else(|| match account.bool("create") {
            Some(false) => "default".into(),
            _ => self.name.clone(),
        })
    }

    fn workload(&self) -> Value {
        let kind = self.values.str("kind").filter(|k| !k.is_empty());
        let mut pod_labels = object([("sidecar.istio.io/inject", "true".into())]);
        if let Some(revision) = self.values.str("revision").filter(|r| !r.is_empty()) {
            pod_labels.set("istio.io/rev", Value::String(revision));
        }
        pod_labels.overlay(&self.labels());
        let network = self.values.str("networkGateway").filter(|n| !n.is_empty());
        let mut env = Vec::new();
        if let Some(network) = network {
            pod_labels.set("topology.istio.io/network", Value::String(network.clone()));
            env.push(object([
                ("name", "ISTIO_META_REQUESTED_NETWORK_VIEW".into()),
                ("value", Value::String(network)),
            ]));
        }
        for (key, value) in self.values.entries("env") {
            env.extend(value.scalar_text().map(|text| {
                object([
                    ("name", Value::String(key.clone())),
                    ("value", Value::String(text)),
                ])
            }));
        }
        let mut annotations = object([
            ("inject.istio.io/templates", "gateway".into()),
            ("sidecar.istio.io/inject", "true".into()),
        ]);
        annotations.overlay(self.values.get("podAnnotations"));
        let container = object([
            ("name", "istio-proxy".into()),
            ("image", "auto".into()),
            ("env", Value::Seq(env)),
            (
                "ports",
                Value::Seq(vec![object([
                    ("containerPort", Value::Int(15090)),
                    ("protocol", "TCP".into()),
                    ("name", "http-envoy-prom".into()),
                ])]),
            ),
            ("securityContext", self.container_security()),
        ]);
        let mut spec = object([(
            "selector",
            object([("matchLabels", self.selector_labels())]),
        )]);
        if let Some(replicas) = self.replicas() {
            spec.set("replicas", Value::Int(replicas));
        }
        let mut pod = object([
            ("serviceAccountName", Value::String(self.account())),
            ("containers", Value::Seq(vec![container])),
        ]);
        pod.set(
            "securityContext",
            match self.values.get("securityContext") {
                blank if blank.is_blank() => object([(
                    "sysctls",
                    Value::Seq(vec![object([
                        ("name", "net.ipv4.ip_unprivileged_port_start".into()),
                        ("value", "0".into()),
                    ])]),
                )]),
                written => written.clone(),
            },
        );
        spec.set(
            "template",
            object([
                (
                    "metadata",
                    object([("labels", pod_labels), ("annotations", annotations)]),
                ),
                ("spec", pod),
            ]),
        );
        object([
            ("apiVersion", "apps/v1".into()),
            ("kind", Value::String(kind.unwrap_or("Deployment".into()))),
            ("metadata", self.metadata(&self.name)),
            ("spec", spec),
        ])
    }

    fn container_security(&self) -> Value {
        match self.values.get("containerSecurityContext") {
            blank if blank.is_blank() => object([
                (
                    "capabilities",
                    object([("drop", Value::Seq(vec!["ALL".into()]))]),
                ),
                ("privileged", Value::Bool(false)),
                ("runAsNonRoot", Value::Bool(true)),
            ]),
            written => written.clone(),
        }
    }

    /// How many pods there are at least. The chart writes the number only without autoscaling; with
    /// it, the autoscaler brings the workload to its minimum, which is what a mesh sees.
    fn replicas(&self) -> Option<i64> {
        let scaling = self.values.get("autoscaling");
        if scaling.bool("enabled") == Some(false) {
            return self.values.int("replicaCount");
        }
        scaling.int("minReplicas").filter(|n| *n != 1)
    }

    fn service(&self) -> Option<Value> {
        let values = self.values.get("service");
        let service_type = values.str("type").unwrap_or("LoadBalancer".into());
        if service_type == "None" {
            return None;
        }
        let mut selector = self.selector_labels();
        selector.overlay(values.get("selectorLabels"));
        let mut spec = object([
            ("type", Value::String(service_type)),
            ("ports", self.ports()),
            ("selector", selector),
        ]);
        for key in [
            "clusterIP",
            "externalIPs",
            "loadBalancerIP",
            "externalTrafficPolicy",
        ] {
            let written = values.get(key);
            if !written.is_blank() {
                spec.set(key, written.clone());
            }
        }
        let mut metadata = self.metadata(&self.name);
        let network = self.values.get("networkGateway");
        if !network.is_blank() {
            metadata
                .entry_mut("labels")
                .set("topology.istio.io/network", network.clone());
        }
        let annotations = values.get("annotations");
        if !annotations.is_blank() {
            metadata.set("annotations", annotations.clone());
        }
        Some(object([
            ("apiVersion", "v1".into()),
            ("kind", "Service".into()),
            ("metadata", metadata),
            ("spec", spec),
        ]))
    }

    fn ports(&self) -> Value {
        let written = self.values.get("service").get("ports");
        if !self.values.get("networkGateway").is_blank() {
            let own = self.values.get("networkGatewayPorts");
            let network = [
                ("status-port", 15021),
                ("tls", 15443),
                ("tls-istiod", 15012),
                ("tls-webhook", 15017),
            ];
            return Value::Seq(
                network
                    .into_iter()
                    .map(|(name, default)| {
                        let number = |key| own.get(name).int(key).unwrap_or(default);
                        port(name, number("port"), number("targetPort"))
                    })
                    .collect(),
            );
        }
        if written.is_blank() {
            return Value::Seq(vec![
                port("status-port", 15021, 15021),
                port("http2", 80, 80),
                port("https", 443, 443),
            ]);
        }
        written.clone()
    }

    fn service_account(&self) -> Option<Value> {
        if self.values.get("serviceAccount").bool("create") == Some(false) {
            return None;
        }
        Some(object([
            ("apiVersion", "v1".into()),
            ("kind", "ServiceAccount".into()),
            ("metadata", self.metadata(&self.account())),
        ]))
    }
}

/// One Service port.
pub(super) fn port(name: &str, number: i64, target: i64) -> Value {
    object([
        ("name", name.into()),
        ("port", Value::Int(number)),
        ("protocol", "TCP".into()),
        ("targetPort", Value::Int(target)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels_of(objects: &[Value]) -> Value {
        let template = objects[0].get("spec").get("template");
        template.get("metadata").get("labels").clone()
    }

    #[test]
    fn the_label_istio_is_the_release_without_its_prefix() {
        let objects = gateway_release("istio-egressgateway", "istio-egress", &Value::Null);
        let labels = labels_of(&objects);
        assert_eq!(labels.str("app").as_deref(), Some("istio-egressgateway"));
        assert_eq!(labels.str("istio").as_deref(), Some("egressgateway"));
        assert_eq!(objects.len(), 3);
        let ports = objects[1].get("spec").list("ports");
        let numbers: Vec<_> = ports.iter().filter_map(|p| p.int("port")).collect();
        assert_eq!(numbers, [15021, 80, 443]);
    }

    #[test]
    fn written_labels_and_ports_win() {
        let values = object([
            (
                "labels",
                object([("istio", "ingressgateway".into()), ("team", "edge".into())]),
            ),
            (
                "service",
                object([
                    ("type", "ClusterIP".into()),
                    ("ports", Value::Seq(vec![port("https", 8443, 8443)])),
                ]),
            ),
            ("autoscaling", object([("minReplicas", Value::Int(3))])),
        ]);
        let objects = gateway_release("istio-gateway", "edge", &values);
        let labels = labels_of(&objects);
        assert_eq!(labels.str("istio").as_deref(), Some("ingressgateway"));
        assert_eq!(labels.str("team").as_deref(), Some("edge"));
        assert_eq!(objects[0].get("spec").int("replicas"), Some(3));
        let service = objects[1].get("spec");
        assert_eq!(service.list("ports").len(), 1);
        assert_eq!(service.get("selector").as_map().map(|m| m.len()), Some(2));
    }

    #[test]
    fn a_service_of_type_none_is_none() {
        let values = object([
            ("service", object([("type", "None".into())])),
            ("serviceAccount", object([("create", Value::Bool(false))])),
        ]);
        assert_eq!(gateway_release("gw", "edge", &values).len(), 1);
    }

    #[test]
    fn a_chart_called_gateway_from_elsewhere_is_not_istios() {
        assert!(is_gateway_chart("gateway", None));
        assert!(is_gateway_chart("istio/gateway", None));
        let istio = "https://istio-release.storage.googleapis.com/charts";
        assert!(is_gateway_chart("gateway", Some(istio)));
        assert!(!is_gateway_chart(
            "gateway",
            Some("https://charts.gitlab.io")
        ));
        assert!(!is_gateway_chart("bitnami/gateway", None));
        assert!(!is_gateway_chart("istio/istiod", None));
    }
}
