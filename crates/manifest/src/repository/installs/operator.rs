//! What an IstioOperator installs: its gateways, and the mesh config of its istiod.
//!
//! The order is istioctl's: the `default` profile, the named profile over it, the resource over
//! both (lists replace), then Helm values, then `k8s` settings and overlays on what was rendered.

use super::istiod::env_of;
use super::operator_gateways::{EGRESS, INGRESS, Install};
use super::release::port;
use crate::edit::object;
use crate::value::{Str, Value};

/// What an IstioOperator leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstallOutcome {
    /// Workloads, Services and ServiceAccounts of its gateways.
    pub objects: Vec<Value>,
    /// For each of `objects`, the step in `spec.components` it stems from, as list name and index;
    /// `None` when the profile alone asks for it.
    pub asked_by: Vec<Option<(&'static str, usize)>>,
    /// The mesh config, when the resource installs an istiod; null otherwise.
    pub mesh_config: Value,
    /// The environment of its istiod.
    pub env: Vec<(Str, Str)>,
    /// Whether the profile is one Istio does not ship: gateways that are not named may exist too.
    pub unknown_profile: bool,
}

/// The objects and the mesh config of an IstioOperator document.
pub fn istio_operator(document: &Value) -> (Vec<Value>, Value) {
    let outcome = istio_operator_install(document);
    (outcome.objects, outcome.mesh_config)
}

/// The same, with what is needed to point at the lines that asked for each object.
pub fn istio_operator_install(document: &Value) -> InstallOutcome {
    let spec = document.get("spec");
    let named = spec.str_or_empty("profile");
    let profile = Profile::of(&named);
    let values = merged_values(spec, &profile);
    let install = Install {
        namespace: install_namespace(document, &values),
        revision: revision(spec, &values),
        values,
    };
    let mut outcome = InstallOutcome {
        unknown_profile: !profile.known,
        ..InstallOutcome::default()
    };
    for gateway in [&INGRESS, &EGRESS] {
        let enabled_by_value = install.values_of(gateway).bool("enabled") == Some(true);
        let written = spec.get("components").get(gateway.component);
        if written.is_null() {
            let by_profile = match gateway.component {
                "ingressGateways" => profile.ingress,
                _ => profile.egress,
            };
            if by_profile || enabled_by_value {
                let named = object([("name", gateway.chart.into())]);
                let made = install.gateway(gateway, &named);
                outcome.asked_by.extend(made.iter().map(|_| None));
                outcome.objects.extend(made);
            }
            continue;
        }
        for (index, component) in written.as_list().iter().enumerate() {
            let off = matches!(
                component.get("enabled").scalar_text().as_deref(),
                Some("false")
            );
            if off && !enabled_by_value {
                continue;
            }
            let made = install.gateway(gateway, component);
            let asked = Some((gateway.component, index));
            outcome.asked_by.extend(made.iter().map(|_| asked));
            outcome.objects.extend(made);
        }
    }
    let pilot = spec
        .get("components")
        .get("pilot")
        .get("enabled")
        .scalar_text();
    let installs_istiod = match pilot.as_deref() {
        Some(text) => text != "false",
        None => profile.pilot,
    };
    if installs_istiod {
        outcome.mesh_config = install.mesh_config();
        outcome.env = env_of(install.values.get("pilot").get("env"));
        let k8s = spec.get("components").get("pilot").get("k8s");
        let written = k8s.list("env").iter();
        outcome.env.extend(written.filter_map(|entry| {
            let value = entry.get("value").scalar_text()?;
            Some((entry.str("name")?, value))
        }));
    }
    outcome
}

struct Profile {
    known: bool,
    pilot: bool,
    ingress: bool,
    egress: bool,
    values: Value,
}

impl Profile {
    fn of(name: &str) -> Profile {
        let (known, pilot, ingress, egress) = match name {
            "" | "default" | "preview" | "stable" | "openshift" => (true, true, true, false),
            "demo" => (true, true, true, true),
            "minimal" | "remote" | "ambient" | "openshift-ambient" => (true, true, false, false),
            "empty" => (true, false, false, false),
            _ => (false, true, false, false),
        };
        Profile {
            known,
            pilot,
            ingress,
            egress,
            values: profile_values(name),
        }
    }
}

/// What the profile changes in the Helm values, as far as it decides anything here.
fn profile_values(name: &str) -> Value {
    match name {
        "demo" => object([(
            "gateways",
            object([
                (
                    "istio-egressgateway",
                    object([("autoscaleEnabled", Value::Bool(false))]),
                ),
                (
                    "istio-ingressgateway",
                    object([
                        ("autoscaleEnabled", Value::Bool(false)),
                        (
                            "ports",
                            Value::Seq(vec![
                                port("status-port", 15021, 15021),
                                port("http2", 80, 8080),
                                port("https", 443, 8443),
                                port("tcp", 31400, 31400),
                                port("tls", 15443, 15443),
                            ]),
                        ),
                    ]),
                ),
            ]),
        )]),
        "preview" => proxy_metadata("ISTIO_META_DNS_CAPTURE"),
        "ambient" | "openshift-ambient" => proxy_metadata("ISTIO_META_ENABLE_HBONE"),
        _ => Value::empty(),
    }
}

fn proxy_metadata(key: &str) -> Value {
    let metadata = object([("proxyMetadata", object([(key, "true".into())]))]);
    object([("meshConfig", object([("defaultConfig", metadata)]))])
}

/// `spec.values` over `spec.meshConfig` over the profile's values.
fn merged_values(spec: &Value, profile: &Profile) -> Value {
    let mut values = profile.values.clone();
    let config = spec.get("meshConfig");
    if !config.is_null() {
        values.overlay(&object([("meshConfig", config.clone())]));
    }
    values.overlay(spec.get("values"));
    values.overlay(spec.get("unvalidatedValues"));
    values
}

/// Where components land that name no namespace of their own.
fn install_namespace(document: &Value, values: &Value) -> Str {
    let metadata = document.get("metadata").str("namespace");
    let set = values.get("global").str("istioNamespace").or(metadata);
    set.filter(|n| !n.is_empty())
        .unwrap_or("istio-system".into())
}

fn revision(spec: &Value, values: &Value) -> Str {
    let written = spec.get("revision").scalar_text();
    written
        .or_else(|| values.get("revision").scalar_text())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(spec: Value) -> Value {
        object([("kind", "IstioOperator".into()), ("spec", spec)])
    }

    fn gateway(name: &str, more: &[(&str, Value)]) -> Value {
        let mut gateway = object([("name", name.into())]);
        for (key, value) in more {
            gateway.set(key, value.clone());
        }
        gateway
    }

    fn names(objects: &[Value]) -> Vec<String> {
        let metadata = objects
            .iter()
            .map(|o| (o.str_or_empty("kind"), o.get("metadata")));
        metadata
            .map(|(kind, m)| {
                format!(
                    "{kind} {}/{}",
                    m.str_or_empty("namespace"),
                    m.str_or_empty("name")
                )
            })
            .collect()
    }

    #[test]
    fn the_default_profile_brings_an_ingress_gateway() {
        let (objects, config) = istio_operator(&operator(Value::empty()));
        assert_eq!(
            names(&objects),
            [
                "Deployment istio-system/istio-ingressgateway",
                "Service istio-system/istio-ingressgateway",
                "ServiceAccount istio-system/istio-ingressgateway-service-account",
            ]
        );
        assert_eq!(config.str("rootNamespace").as_deref(), Some("istio-system"));
    }

    #[test]
    fn the_demo_profile_brings_both_and_more_ports() {
        let spec = object([("profile", "demo".into())]);
        let (objects, _) = istio_operator(&operator(spec));
        assert_eq!(objects.len(), 6);
        assert_eq!(objects[1].get("spec").list("ports").len(), 5);
        assert_eq!(
            objects[4].get("spec").str("type").as_deref(),
            Some("ClusterIP")
        );
    }

    #[test]
    fn a_written_list_replaces_that_of_the_profile() {
        let label = object([("istio", "internal".into())]);
        let service = object([("ports", Value::Seq(vec![port("tls", 443, 9443)]))]);
        let written = gateway(
            "internal-gateway",
            &[
                ("namespace", "edge".into()),
                ("label", label),
                (
                    "k8s",
                    object([("service", service), ("replicaCount", Value::Int(2))]),
                ),
            ],
        );
        let off = gateway("istio-ingressgateway", &[("enabled", Value::Bool(false))]);
        let list = Value::Seq(vec![off, written]);
        let spec = object([("components", object([("ingressGateways", list)]))]);
        let outcome = istio_operator_install(&operator(spec));
        assert_eq!(
            names(&outcome.objects)[0],
            "Deployment edge/internal-gateway"
        );
        assert_eq!(outcome.asked_by[0], Some(("ingressGateways", 1)));
        let deployment = outcome.objects[0].get("spec");
        assert_eq!(deployment.int("replicas"), Some(2));
        // The chart's `app` label stays: `label` is merged over the defaults.
        let selected = deployment.get("selector").get("matchLabels");
        assert_eq!(selected.str("app").as_deref(), Some("istio-ingressgateway"));
        assert_eq!(selected.str("istio").as_deref(), Some("internal"));
        let ports = outcome.objects[1].get("spec").list("ports");
        assert_eq!(ports.len(), 1);
    }

    #[test]
    fn overlays_patch_what_was_rendered() {
        let patch = object([
            ("path", "spec.template.metadata.labels.istio".into()),
            ("value", "edge".into()),
        ]);
        let over = object([
            ("kind", "Deployment".into()),
            ("name", "gw".into()),
            ("patches", Value::Seq(vec![patch])),
        ]);
        let k8s = object([("overlays", Value::Seq(vec![over]))]);
        let list = Value::Seq(vec![gateway("gw", &[("k8s", k8s)])]);
        let spec = object([
            ("profile", "empty".into()),
            ("components", object([("egressGateways", list)])),
        ]);
        let (objects, config) = istio_operator(&operator(spec));
        let template = objects[0].get("spec").get("template").get("metadata");
        assert_eq!(template.get("labels").str("istio").as_deref(), Some("edge"));
        assert!(config.is_null(), "the empty profile installs no istiod");
    }

    #[test]
    fn a_profile_of_somebody_else_is_said_to_be_unknown() {
        let spec = object([("profile", "asm-gcp".into())]);
        let outcome = istio_operator_install(&operator(spec));
        assert!(outcome.unknown_profile && outcome.objects.is_empty());
    }
}
