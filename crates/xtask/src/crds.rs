//! Where the CustomResourceDefinitions come from: the Go modules that istiod 1.30.3 is built with,
//! through the Go module proxy.
//!
//! Owns the versions. Must not know what is done with a definition.

use meshscope_manifest::{Kind, Value, read};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The module with Istio's own kinds.
pub const ISTIO: &str = "istio.io/api@v1.30.3";
/// The module with the Gateway API, at the version that Istio 1.30.3's go.mod names. Its
/// experimental channel is a superset of the standard one, so it refuses nothing the other accepts.
pub const GATEWAY_API: &str = "sigs.k8s.io/gateway-api@v1.5.1";

/// One version of a kind.
pub struct Version {
    /// `v1`, `v1beta1`, …
    pub name: String,
    /// Its `openAPIV3Schema`.
    pub schema: Value,
}

/// The served versions of one kind, the preferred one first.
pub struct Definition {
    /// The kind.
    pub kind: Kind,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// The definitions of all kinds we know, in the order of [`Kind::ALL`].
pub fn definitions() -> Result<Vec<Definition>, String> {
    let istio = module(ISTIO)?.join("kubernetes/customresourcedefinitions.gen.yaml");
    let mut files = vec![istio];
    let gateway_api = module(GATEWAY_API)?.join("config/crd/experimental");
    let listing = std::fs::read_dir(&gateway_api).map_err(|e| format!("{gateway_api:?}: {e}"))?;
    files.extend(
        listing
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "yaml")),
    );
    let mut definitions = Vec::new();
    for file in &files {
        read_file(file, &mut definitions)?;
    }
    definitions.sort_by_key(|d: &Definition| d.kind);
    Ok(definitions)
}

fn read_file(file: &Path, definitions: &mut Vec<Definition>) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file:?}: {e}"))?;
    for document in &meshscope_yaml::parse(&text).documents {
        let crd = read::document(document).unwrap_or_default();
        let spec = crd.get("spec");
        let group = spec.str_or_empty("group");
        let name = spec.get("names").str_or_empty("kind");
        let is_crd = crd.str_or_empty("kind") == "CustomResourceDefinition";
        let Some(kind) = Kind::from_api(&format!("{group}/v1"), &name).filter(|_| is_crd) else {
            continue;
        };
        let mut versions: Vec<Version> = spec
            .list("versions")
            .iter()
            .filter(|v| v.bool("served") == Some(true))
            .map(|v| Version {
                name: v.str_or_empty("name").to_string(),
                schema: v.get("schema").get("openAPIV3Schema").clone(),
            })
            .collect();
        versions.sort_by_key(|v| rank(&v.name));
        definitions.push(Definition { kind, versions });
    }
    Ok(())
}

/// v1 before v1beta1 before v1alpha3.
fn rank(version: &str) -> (u8, std::cmp::Reverse<String>) {
    let stability = match version {
        v if v.contains("alpha") => 2,
        v if v.contains("beta") => 1,
        _ => 0,
    };
    (stability, std::cmp::Reverse(version.to_string()))
}

/// The folder of a Go module, downloaded when it is not there yet.
pub fn module(name: &str) -> Result<PathBuf, String> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", name])
        .current_dir(std::env::temp_dir())
        .output()
        .map_err(|e| format!("go, which fetches {name}, does not run: {e}"))?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("go mod download {name}: {e}"))?;
    match answer.get("Dir").and_then(|dir| dir.as_str()) {
        Some(dir) => Ok(dir.into()),
        None => Err(format!("go mod download {name}: {answer}")),
    }
}
