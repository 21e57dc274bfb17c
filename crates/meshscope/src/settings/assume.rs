//! Objects that somebody says exist, as the manifests they would have.
//!
//! It must not know what a mesh does with them.

use super::SettingsProblem;
use super::keys::{AssumeKeys, NamespaceKeys, PortKeys, ServiceKeys, WorkloadKeys};
use super::read::{Either, Named, Problems, Spanned, Text};
use meshscope_manifest::edit::object;
use meshscope_manifest::{Str, Value};

/// The manifests of what is assumed. `domain` is the cluster domain, `root` the namespace of external
/// hosts that name none.
pub(super) fn objects(
    assume: &AssumeKeys,
    domain: &str,
    root: &str,
    problems: &mut Problems,
) -> Vec<Value> {
    let mut objects = Vec::new();
    for namespace in assume.namespaces.iter().flatten() {
        objects.extend(match namespace {
            Either::Short(name) => Some(namespace_object(name, None)),
            Either::Long(NamespaceKeys { name, labels }) => name
                .as_ref()
                .map(|name| namespace_object(name, labels.as_ref())),
        });
    }
    for service in assume.services.iter().flatten() {
        objects.extend(service_object(service, domain, root, problems));
    }
    for workload in assume.workloads.iter().flatten() {
        objects.extend(workload_object(workload, problems));
    }
    objects
}

fn namespace_object(name: &str, labels: Option<&Named<Text>>) -> Value {
    let mut metadata = object([("name", name.into())]);
    if let Some(labels) = labels {
        metadata.set("labels", texts(labels));
    }
    manifest("v1", "Namespace", metadata)
}

fn service_object(
    service: &Spanned<ServiceKeys>,
    domain: &str,
    root: &str,
    problems: &mut Problems,
) -> Option<Value> {
    let cluster = format!(".svc.{domain}");
    let inside = match (&service.host, &service.name, &service.namespace) {
        (None, Some(name), Some(namespace)) => Some((name.clone(), namespace.clone())),
        (Some(host), ..) => host.strip_suffix(&cluster).and_then(|short| {
            let (name, namespace) = short.split_once('.')?;
            Some((Str::new(name), Str::new(namespace)))
        }),
        _ => {
            let message = "a service needs its host, or name and namespace";
            problems.push(SettingsProblem::new(service.span, message));
            return None;
        }
    };
    let ports: Vec<Port> = service.ports.iter().flatten().filter_map(port).collect();
    if let Some((name, namespace)) = inside {
        let mut spec = object([(
            "ports",
            Value::Seq(ports.iter().map(Port::of_service).collect()),
        )]);
        if let Some(selector) = &service.selector {
            spec.set("selector", texts(selector));
        }
        let mut manifest = manifest("v1", "Service", named(&name, &namespace));
        manifest.set("spec", spec);
        return Some(manifest);
    }
    let host = service.host.as_ref()?;
    let namespace = service.namespace.as_deref().unwrap_or(root);
    let name = format!("assumed-{}", host.replace('*', "any"));
    // Nothing resolves a wildcard.
    let resolution = if host.contains('*') { "NONE" } else { "DNS" };
    let spec = object([
        ("hosts", Value::Seq(vec![Value::String(host.clone())])),
        ("location", "MESH_EXTERNAL".into()),
        ("resolution", resolution.into()),
        (
            "ports",
            Value::Seq(ports.iter().map(Port::of_entry).collect()),
        ),
    ]);
    let mut manifest = manifest(
        "networking.istio.io/v1",
        "ServiceEntry",
        named(&name, namespace),
    );
    manifest.set("spec", spec);
    Some(manifest)
}

/// A port with everything known about it.
struct Port {
    number: i64,
    name: Str,
    protocol: Str,
}

fn port(port: &Either<i64, PortKeys>) -> Option<Port> {
    let (number, name, protocol) = match port {
        Either::Short(number) => (*number, None, None),
        Either::Long(keys) => (keys.number?, keys.name.clone(), keys.protocol.clone()),
    };
    let protocol = protocol.unwrap_or_else(|| {
        let by_name = name.as_deref().and_then(|n| n.split('-').next());
        match (by_name, number) {
            (Some(word), _) => word.to_ascii_uppercase().into(),
            (None, 80) => "HTTP".into(),
            (None, 443) => "TLS".into(),
            _ => "TCP".into(),
        }
    });
    let name =
        name.unwrap_or_else(|| Str::new(format!("{}-{number}", protocol.to_ascii_lowercase())));
    Some(Port {
        number,
        name,
        protocol,
    })
}

impl Port {
    fn of_service(&self) -> Value {
        object([
            ("name", Value::String(self.name.clone())),
            ("port", self.number.into()),
            (
                "appProtocol",
                Value::String(self.protocol.to_ascii_lowercase().into()),
            ),
        ])
    }

    fn of_entry(&self) -> Value {
        object([
            ("name", Value::String(self.name.clone())),
            ("number", self.number.into()),
            ("protocol", Value::String(self.protocol.clone())),
        ])
    }
}

fn workload_object(workload: &Spanned<WorkloadKeys>, problems: &mut Problems) -> Option<Value> {
    let (Some(name), Some(namespace)) = (&workload.name, &workload.namespace) else {
        let message = "a workload needs name and namespace";
        problems.push(SettingsProblem::new(workload.span, message));
        return None;
    };
    let kind = workload.kind.as_deref().unwrap_or("Deployment");
    let api_version = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
        "Pod" => "v1",
        _ => {
            let message = format!(
                "{kind} is no kind of workload that can be assumed; there are Deployment, StatefulSet, \
                 DaemonSet, ReplicaSet and Pod"
            );
            problems.push(SettingsProblem::new(workload.span, message));
            return None;
        }
    };
    let mut labels = match &workload.labels {
        Some(labels) => texts(labels),
        None => object([("app", Value::String(name.clone()))]),
    };
    if let Some(sidecar) = workload.sidecar {
        labels.set(
            "sidecar.istio.io/inject",
            sidecar.to_string().as_str().into(),
        );
    }
    let mut spec = object([(
        "containers",
        Value::Seq(vec![object([("name", Value::String(name.clone()))])]),
    )]);
    if let Some(account) = &workload.service_account {
        spec.set("serviceAccountName", Value::String(account.clone()));
    }
    let mut metadata = named(name, namespace);
    if kind == "Pod" {
        metadata.set("labels", labels);
        let mut pod = manifest(api_version, kind, metadata);
        pod.set("spec", spec);
        return Some(pod);
    }
    let template = object([
        ("metadata", object([("labels", labels.clone())])),
        ("spec", spec),
    ]);
    let selector = object([("matchLabels", labels)]);
    let mut manifest = manifest(api_version, kind, metadata);
    manifest.set(
        "spec",
        object([("selector", selector), ("template", template)]),
    );
    Some(manifest)
}

fn manifest(api_version: &str, kind: &str, metadata: Value) -> Value {
    object([
        ("apiVersion", api_version.into()),
        ("kind", kind.into()),
        ("metadata", metadata),
    ])
}

fn named(name: &str, namespace: &str) -> Value {
    object([("name", name.into()), ("namespace", namespace.into())])
}

fn texts(named: &Named<Text>) -> Value {
    let entries = named.0.iter();
    Value::Map(
        entries
            .map(|(key, text)| (key.value.clone(), Value::String(text.0.clone())))
            .collect(),
    )
}
