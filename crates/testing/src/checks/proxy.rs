//! `workload:`, `gateway:` or `proxy:` of a claim: the proxy it is about.

use meshscope::engine::workloads::{Proxy, ProxyKind};
use meshscope::manifest::spec::Labels;
use meshscope::manifest::{Str, Value};
use meshscope::{Mesh, Who};

/// The proxy a claim names, or why there is none.
pub fn proxy(mesh: Mesh<'_>, claim: &Value) -> Result<Proxy, String> {
    for role in ["workload", "gateway"] {
        if let Some(label) = claim.str(role) {
            let who: Who = format!("{role}:{label}").parse().map_err(to_string)?;
            return mesh.proxy(&who).map_err(to_string);
        }
    }
    match claim.get("proxy") {
        Value::Null => Err("the claim names no workload, gateway or proxy".into()),
        spec => Ok(described(spec)),
    }
}

fn to_string(error: meshscope::WhoError) -> String {
    error.to_string()
}

/// A proxy given by its properties.
fn described(spec: &Value) -> Proxy {
    let namespace = spec.str_or_empty("namespace");
    let metadata = spec.entries("metadata");
    Proxy {
        kind: match spec.str("type").as_deref() {
            Some("router") => ProxyKind::Router,
            _ => ProxyKind::Sidecar,
        },
        config_namespace: spec
            .str("config_namespace")
            .unwrap_or_else(|| namespace.clone()),
        namespace,
        labels: Labels::decode(spec.get("labels")),
        ips: spec.strings("ips"),
        metadata: metadata.map(|(k, v)| (k.clone(), text(v))).collect(),
        workload: Str::default(),
        container_ports: Vec::new(),
    }
}

fn text(value: &Value) -> Str {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => Str::new(b.to_string()),
        Value::Int(i) => Str::new(i.to_string()),
        other => Str::new(crate::json::json(other).to_string()),
    }
}
