//! One gateway of an IstioOperator, as the charts `gateways/istio-ingress` and
//! `gateways/istio-egress` render it and the operator patches it.
//!
//! It must not know profiles: the values it gets are settled.

use super::overlay;
use super::release::port;
use crate::edit::object;
use crate::value::{Str, Value};

/// One of the two gateway charts an IstioOperator renders.
pub(super) struct GatewayChart {
    pub(super) component: &'static str,
    pub(super) chart: &'static str,
    istio: &'static str,
    operator: &'static str,
    service_type: &'static str,
}

pub(super) const INGRESS: GatewayChart = GatewayChart {
    component: "ingressGateways",
    chart: "istio-ingressgateway",
    istio: "ingressgateway",
    operator: "IngressGateways",
    service_type: "LoadBalancer",
};

pub(super) const EGRESS: GatewayChart = GatewayChart {
    component: "egressGateways",
    chart: "istio-egressgateway",
    istio: "egressgateway",
    operator: "EgressGateways",
    service_type: "ClusterIP",
};

/// The settings all gateways of an IstioOperator share.
pub(super) struct Install {
    pub(super) namespace: Str,
    pub(super) revision: Str,
    pub(super) values: Value,
}

impl Install {
    pub(super) fn values_of(&self, chart: &GatewayChart) -> &Value {
        self.values.get("gateways").get(chart.chart)
    }

    pub(super) fn mesh_config(&self) -> Value {
        let mut config = object([("rootNamespace", Value::String(self.namespace.clone()))]);
        config.overlay(self.values.get("meshConfig"));
        config
    }

    pub(super) fn gateway(&self, chart: &GatewayChart, component: &Value) -> Vec<Value> {
        let values = self.values_of(chart);
        let k8s = component.get("k8s");
        let text = |key: &str| component.str(key).filter(|s| !s.is_empty());
        let name = text("name").unwrap_or(chart.chart.into());
        let namespace = text("namespace").unwrap_or(self.namespace.clone());
        let mut labels = object([("app", chart.chart.into()), ("istio", chart.istio.into())]);
        labels.overlay(component.get("label"));
        let ports = [k8s.get("service").get("ports"), values.get("ports")]
            .into_iter()
            .find(|p| !p.is_blank())
            .cloned()
            .unwrap_or_else(|| default_ports(chart));
        let rendered = Rendered {
            install: self,
            chart,
            name,
            namespace,
            labels,
            ports,
        };
        let mut objects = vec![rendered.workload(k8s)];
        if values.bool("customService") != Some(true) {
            objects.push(rendered.service(k8s));
        }
        objects.push(rendered.service_account());
        for over in k8s.list("overlays") {
            for object in &mut objects {
                let same = over.str("kind") == object.str("kind")
                    && over.str("name") == object.get("metadata").str("name");
                for patch in over.list("patches").iter().filter(|_| same) {
                    overlay::apply(object, &patch.str_or_empty("path"), patch.get("value"));
                }
            }
        }
        objects
    }
}

fn default_ports(chart: &GatewayChart) -> Value {
    let mut ports = vec![port("http2", 80, 8080), port("https", 443, 8443)];
    if chart.component == "ingressGateways" {
        ports.insert(0, port("status-port", 15021, 15021));
    }
    Value::Seq(ports)
}

/// One gateway after its values are settled.
struct Rendered<'a> {
    install: &'a Install,
    chart: &'a GatewayChart,
    name: Str,
    namespace: Str,
    labels: Value,
    ports: Value,
}

impl Rendered<'_> {
    fn revision_label(&self) -> Value {
        match self.install.revision.as_str() {
            "" => "default".into(),
            revision => revision.into(),
        }
    }

    fn metadata(&self, name: &str) -> Value {
        let mut labels = self.labels.clone();
        labels.set("release", "istio".into());
        labels.set("istio.io/rev", self.revision_label());
        labels.set("operator.istio.io/component", self.chart.operator.into());
        labels.set("app.kubernetes.io/name", self.chart.chart.into());
        object([
            ("name", name.into()),
            ("namespace", Value::String(self.namespace.clone())),
            ("labels", labels),
        ])
    }

    fn account(&self) -> Str {
        format!("{}-service-account", self.name).into()
    }

    fn service_account(&self) -> Value {
        object([
            ("apiVersion", "v1".into()),
            ("kind", "ServiceAccount".into()),
            ("metadata", self.metadata(&self.account())),
        ])
    }

    fn service(&self, k8s: &Value) -> Value {
        let values = self.install.values_of(self.chart);
        let mut spec = object([
            (
                "type",
                Value::String(values.str("type").unwrap_or(self.chart.service_type.into())),
            ),
            ("selector", self.labels.clone()),
        ]);
        // `k8s.service` is merged into the Service, except for the ports, which went through values.
        spec.overlay(k8s.get("service"));
        spec.set("ports", self.ports.clone());
        let mut metadata = self.metadata(&self.name);
        let mut annotations = values.get("serviceAnnotations").clone();
        annotations.overlay(k8s.get("serviceAnnotations"));
        if !annotations.is_blank() {
            metadata.set("annotations", annotations);
        }
        object([
            ("apiVersion", "v1".into()),
            ("kind", "Service".into()),
            ("metadata", metadata),
            ("spec", spec),
        ])
    }

    fn workload(&self, k8s: &Value) -> Value {
        let values = self.install.values_of(self.chart);
        let injected = !values.get("injectionTemplate").is_blank();
        let inject = if injected { "true" } else { "false" };
        let mut pod_labels = self.labels.clone();
        if self.namespace == "istio-system" {
            pod_labels.set("release", "istio".into());
            pod_labels.set("chart", "gateways".into());
            pod_labels.set("heritage", "Tiller".into());
        }
        pod_labels.set(
            "service.istio.io/canonical-name",
            Value::String(self.name.clone()),
        );
        pod_labels.set("istio.io/rev", self.revision_label());
        pod_labels.set("operator.istio.io/component", self.chart.operator.into());
        pod_labels.set("sidecar.istio.io/inject", inject.into());
        pod_labels.set("app.kubernetes.io/name", self.chart.chart.into());
        pod_labels.set("istio.io/dataplane-mode", "none".into());
        let mut annotations = object([
            ("istio.io/rev", self.revision_label()),
            ("sidecar.istio.io/inject", inject.into()),
        ]);
        if injected {
            let template = values.get("injectionTemplate").clone();
            annotations.set("inject.istio.io/templates", template);
        }
        annotations.overlay(values.get("podAnnotations"));
        annotations.overlay(k8s.get("podAnnotations"));
        let mut pod = object([
            ("serviceAccountName", Value::String(self.account())),
            (
                "containers",
                Value::Seq(vec![self.container(k8s, injected)]),
            ),
        ]);
        if values.bool("runAsRoot") != Some(true) {
            let user = object([
                ("runAsUser", Value::Int(1337)),
                ("runAsGroup", Value::Int(1337)),
                ("runAsNonRoot", Value::Bool(true)),
            ]);
            pod.set("securityContext", user);
        }
        pod.overlay(&object([(
            "securityContext",
            k8s.get("securityContext").clone(),
        )]));
        let mut spec = object([("selector", object([("matchLabels", self.labels.clone())]))]);
        if let Some(replicas) = self.replicas(k8s) {
            spec.set("replicas", Value::Int(replicas));
        }
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
            ("kind", "Deployment".into()),
            ("metadata", self.metadata(&self.name)),
            ("spec", spec),
        ])
    }

    fn container(&self, k8s: &Value, injected: bool) -> Value {
        let values = self.install.values_of(self.chart);
        let as_root = values.bool("runAsRoot") == Some(true);
        let mut ports: Vec<Value> = self
            .ports
            .as_list()
            .iter()
            .map(|p| {
                let target = p.field("targetPort").unwrap_or(p.get("port"));
                let protocol = p.field("protocol").cloned().unwrap_or("TCP".into());
                object([("containerPort", target.clone()), ("protocol", protocol)])
            })
            .collect();
        ports.push(object([
            ("containerPort", Value::Int(15090)),
            ("protocol", "TCP".into()),
            ("name", "http-envoy-prom".into()),
        ]));
        let mut env = Vec::new();
        let mut variable = |key: &str, value: Value| {
            env.push(object([("name", key.into()), ("value", value)]));
        };
        if !as_root {
            variable("ISTIO_META_UNPRIVILEGED_POD", "true".into());
        }
        for (key, value) in values.entries("env") {
            if let Some(text) = value.scalar_text() {
                variable(key, Value::String(text));
            }
        }
        let metadata = self.install.values.get("meshConfig").get("defaultConfig");
        for (key, value) in metadata.entries("proxyMetadata") {
            if let Some(text) = value.scalar_text() {
                variable(key, Value::String(text));
            }
        }
        for own in k8s.list("env") {
            env.retain(|e| e.get("name") != own.get("name"));
            env.push(own.clone());
        }
        let mut container = object([
            ("name", "istio-proxy".into()),
            (
                "image",
                if injected {
                    "auto".into()
                } else {
                    "proxyv2".into()
                },
            ),
            ("ports", Value::Seq(ports)),
            ("env", Value::Seq(env)),
        ]);
        if !injected {
            container.set("args", Value::Seq(vec!["proxy".into(), "router".into()]));
        }
        if !as_root {
            let dropped = object([("drop", Value::Seq(vec!["ALL".into()]))]);
            container.set("securityContext", object([("capabilities", dropped)]));
        }
        container
    }

    fn replicas(&self, k8s: &Value) -> Option<i64> {
        let values = self.install.values_of(self.chart);
        let scaled = values.bool("autoscaleEnabled") != Some(false);
        let by_chart = match scaled {
            true => values.int("autoscaleMin").filter(|n| *n != 1),
            false => values.int("replicaCount"),
        };
        let by_scaler = k8s.get("hpaSpec").int("minReplicas").filter(|_| scaled);
        by_scaler.or_else(|| k8s.int("replicaCount")).or(by_chart)
    }
}
