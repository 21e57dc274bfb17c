//! Istio's annotations: rule invalid-annotation, deprecated-field for those with a successor, and
//! invalid-export-to for the annotation of a Service, which istiod does not check (O:1.4, O:18.3,
//! V:R1.4).
//!
//! Owns the registry, generated from istio.io/api. Must not know what an annotation does.

use super::annotation_values as values;
use super::problem::{Edit, Severity};
use super::report::At;
use super::similar;
use crate::kind::Kind;
use serde_json::Value as Json;
use std::sync::LazyLock;

/// One annotation of the registry.
struct Known {
    name: String,
    deprecated: bool,
    /// The kinds whose annotation is read; `Any` for all.
    read_on: Vec<String>,
}

static REGISTRY: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let json: Json = serde_json::from_str(include_str!("annotations.json")).unwrap_or_default();
    let entries = json.get("annotations").and_then(Json::as_array);
    let known = |entry: &Json| {
        let read_on = entry.get(2)?.as_array()?.iter();
        Some(Known {
            name: entry.get(0)?.as_str()?.into(),
            deprecated: entry.get(1)?.as_bool()?,
            read_on: read_on
                .filter_map(|r| r.as_str().map(String::from))
                .collect(),
        })
    };
    entries.into_iter().flatten().filter_map(known).collect()
});

/// Prefixes under which every name is in the registry, so that another one is a slip.
const CLOSED: &[&str] = &[
    "sidecar.istio.io/",
    "traffic.sidecar.istio.io/",
    "readiness.status.sidecar.istio.io/",
    "status.sidecar.istio.io/",
    "networking.istio.io/",
    "proxy.istio.io/",
    "inject.istio.io/",
    "prometheus.istio.io/",
];

/// Names that are no slips though the registry lacks them: read by older injectors or by add-ons.
const UNLISTED: &[&str] = &[
    "sidecar.istio.io/enableCoreDump",
    "sidecar.istio.io/controlPlaneAuthPolicy",
    "sidecar.istio.io/proxyImagePullPolicy",
    "networking.istio.io/tunnel",
];

/// Written by Istio itself, wherever they are.
const WRITTEN_BY_ISTIO: &[&str] = &[
    "sidecar.istio.io/status",
    "gateway.istio.io/controller-version",
    "istio.io/rev",
];

/// Checks the annotations of an object and of the pod template in it.
pub(super) fn check(document: At<'_>) {
    let kind = document.report.kind;
    let examined = kind.is_workload() || matches!(kind, Kind::Namespace | Kind::Service);
    if !examined {
        return;
    }
    if let Some(metadata) = document.field("metadata") {
        of_metadata(metadata, kind.name(), false);
    }
    let template = match kind {
        Kind::Pod | Kind::Namespace | Kind::Service => return,
        Kind::CronJob => document
            .get("spec")
            .get("jobTemplate")
            .get("spec")
            .get("template"),
        _ => document.get("spec").get("template"),
    };
    if let Some(metadata) = template.field("metadata") {
        of_metadata(metadata, "Pod", true);
    }
}

fn of_metadata(metadata: At<'_>, reader: &str, template: bool) {
    for (name, at) in metadata.map("annotations") {
        let prefix = name.split('/').next().unwrap_or(name);
        let ours = prefix.ends_with("istio.io") || name == "kubernetes.io/ingress.class";
        if !ours || WRITTEN_BY_ISTIO.contains(&name) {
            continue;
        }
        match REGISTRY.iter().find(|known| known.name == name) {
            Some(known) => of_registry(known, at, reader, metadata, template),
            None => unknown(name, at),
        }
    }
}

fn report(at: At<'_>, name: &str, reason: &str) {
    let message = format!("annotation {name}: {reason}");
    at.report(
        "invalid-annotation",
        Severity::Warning,
        "ANNOTATION",
        message,
    );
}

fn unknown(name: &str, at: At<'_>) {
    if UNLISTED.contains(&name) || !CLOSED.iter().any(|prefix| name.starts_with(prefix)) {
        return;
    }
    let names = REGISTRY.iter().map(|known| known.name.as_str());
    let near = similar::nearest(name, names);
    let hint = near
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    let message = format!("annotation {name}: no Istio component knows it{hint}");
    let found = at
        .report("invalid-annotation", Severity::Warning, "", message)
        .at_key();
    if let Some(near) = near {
        let edit = Edit::RenameKey {
            path: at.path(),
            key: near.into(),
        };
        found.fix(format!("rename to {near}"), false, vec![edit]);
    }
}

fn of_registry(known: &Known, at: At<'_>, reader: &str, metadata: At<'_>, template: bool) {
    let name = known.name.as_str();
    let label = metadata.get("labels").has("sidecar.istio.io/inject");
    if known.deprecated && !(name == "sidecar.istio.io/inject" && label) {
        let new = match name {
            "sidecar.istio.io/inject" => "use the label of the same name",
            "sidecar.istio.io/discoveryAddress" => "use proxy.istio.io/config",
            name if name.starts_with("sidecar.istio.io/stats") => {
                "use proxyStatsMatcher in proxy.istio.io/config"
            }
            "sidecar.istio.io/extraStatTags" => "use Telemetry",
            _ => "it may stop working with any version",
        };
        let message = format!("annotation {name} is deprecated; {new}");
        // istioctl does not look into templates, and half of all charts still write these.
        let severity = if template {
            Severity::Info
        } else {
            Severity::Warning
        };
        at.report("deprecated-field", severity, "", message)
            .at_key();
    }
    let anywhere = known.read_on.iter().any(|kind| kind == "Any");
    if !anywhere && !known.read_on.iter().any(|kind| kind == reader) {
        misplaced(known, at, reader);
        return;
    }
    if let Err(fact) = values::check(name, at.text()) {
        report(at, name, &fact);
    }
    if name == "networking.istio.io/exportTo" && reader == "Service" {
        exported_to_nobody(at);
    }
}

fn misplaced(known: &Known, at: At<'_>, reader: &str) {
    let name = &known.name;
    let readers = known.read_on.join(", ");
    let for_pods = known.read_on.iter().any(|kind| kind == "Pod");
    let advice = match reader {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" if for_pods => {
            "; move it to spec.template.metadata.annotations"
        }
        "CronJob" if for_pods => "; move it to the pod template",
        _ => "",
    };
    let message =
        format!("annotation {name}: nothing reads it on a {reader}, only on {readers}{advice}");
    at.report("invalid-annotation", Severity::Warning, "", message)
        .at_key();
}

/// Rule invalid-export-to: entries of the annotation that no namespace can be called by.
fn exported_to_nobody(at: At<'_>) {
    for entry in at.text().split(',').map(str::trim) {
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let name = !entry.is_empty() && entry.len() <= 63 && entry.bytes().all(label);
        if name || matches!(entry, "." | "*" | "~") {
            continue;
        }
        let message = format!(
            "exportTo \"{entry}\": only `.`, `*`, `~` or the name of a namespace can match; istiod would \
             treat it as a namespace that cannot exist"
        );
        at.report("invalid-export-to", Severity::Warning, "EXP-2", message);
    }
}
