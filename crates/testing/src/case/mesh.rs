//! The `mesh` and `helm_releases` of a case as the settings of a mesh.

use super::{Inputs, read_yaml};
use camino::Utf8Path;
use meshscope::MeshSpec;
use meshscope::manifest::{Str, Value};
use meshscope::settings::HelmRelease;

const KEYS: [&str; 7] = [
    "mesh_config",
    "env",
    "domain",
    "default_namespace",
    "istio_config_domain",
    "istio",
    "revision",
];

pub(super) fn spec(case: &Value, folder: &Utf8Path, inputs: &Inputs) -> Result<MeshSpec, String> {
    let mesh = case.get("mesh");
    if let Some(map) = mesh.as_map()
        && let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str()))
    {
        return Err(format!("unknown key {key:?} in mesh"));
    }
    let defaults = MeshSpec::default();
    let default_namespace = mesh.str("default_namespace");
    Ok(MeshSpec {
        include: inputs.paths.clone(),
        default_namespace: Some(default_namespace.unwrap_or_else(|| "default".into())),
        mesh_config: mesh.field("mesh_config").into_iter().cloned().collect(),
        env: mesh
            .entries("env")
            .map(|(k, v)| (k.clone(), text(v)))
            .collect(),
        domain: mesh.str("domain").unwrap_or(defaults.domain.clone()),
        istio_config_domain: mesh.str("istio_config_domain"),
        revision: mesh.str_or_empty("revision"),
        helm_releases: releases(case, folder, inputs)?,
        ..defaults
    })
}

/// A scalar as an environment variable has it.
fn text(value: &Value) -> Str {
    match value {
        Value::Bool(b) => Str::new(b.to_string()),
        Value::Int(i) => Str::new(i.to_string()),
        Value::Float(f) => Str::new(f.to_string()),
        Value::String(s) => s.clone(),
        _ => Str::default(),
    }
}

fn releases(case: &Value, folder: &Utf8Path, inputs: &Inputs) -> Result<Vec<HelmRelease>, String> {
    let release = |value: &Value| {
        let values = match value.get("values") {
            Value::Null => Value::default(),
            Value::String(path) => values_file(path, folder, inputs)?,
            inline => inline.clone(),
        };
        Ok(HelmRelease {
            release: value.str_or_empty("release"),
            namespace: value.str_or_empty("namespace"),
            values,
        })
    };
    case.list("helm_releases").iter().map(release).collect()
}

/// A values file: beside the case, or in one of its inputs.
fn values_file(path: &str, folder: &Utf8Path, inputs: &Inputs) -> Result<Value, String> {
    let in_inputs = inputs
        .paths
        .iter()
        .map(|i| inputs.root.join(i.as_str()).join(path));
    let mut places = std::iter::once(folder.join(path)).chain(in_inputs);
    match places.find(|place| place.is_file()) {
        Some(place) => read_yaml(&place),
        None => Err(format!("values file {path} is not there")),
    }
}
