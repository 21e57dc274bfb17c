//! The meshes as JSON.

use meshscope::finding::ResourceId;
use meshscope::manifest::Str;
use meshscope::{Assumption, Origin, Profile};
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MeshList<'a> {
    schema_version: u32,
    settings_file: Option<&'a str>,
    meshes: Vec<MeshEntry<'a>>,
    /// Directories of no mesh.
    aside: Vec<Aside<'a>>,
}

/// What is left out, and why.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Aside<'a> {
    path: &'a str,
    reason: &'a str,
}

fn aside(entries: &[(Str, String)]) -> Vec<Aside<'_>> {
    let entries = entries.iter();
    entries
        .map(|(path, reason)| Aside { path, reason })
        .collect()
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct MeshEntry<'a> {
    name: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncertain: Option<&'a str>,
    roots: Vec<&'a str>,
    files: Vec<&'a str>,
    objects: usize,
    namespaces: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aside: Vec<Aside<'a>>,
    settings: Vec<MeshSetting<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct MeshSetting<'a> {
    key: &'a str,
    value: &'a str,
    /// `default`, `settings`, `object` or `release`.
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<ResourceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
}

/// All meshes.
pub fn listing<'a>(
    settings_file: Option<&'a str>,
    meshes: &'a [Profile],
    left_out: &'a [(Str, String)],
) -> MeshList<'a> {
    let entry = |mesh: &'a Profile| MeshEntry {
        name: &mesh.name,
        reason: &mesh.reason,
        uncertain: mesh.uncertain.as_deref(),
        roots: mesh.roots.iter().map(|root| root.as_str()).collect(),
        files: mesh.files.iter().map(|file| file.as_str()).collect(),
        objects: mesh.objects,
        namespaces: mesh.namespaces.iter().map(|ns| ns.as_str()).collect(),
        aside: aside(&mesh.aside),
        settings: mesh
            .assumptions
            .iter()
            .map(|a| setting(a, settings_file))
            .collect(),
    };
    MeshList {
        schema_version: 1,
        settings_file,
        meshes: meshes.iter().map(entry).collect(),
        aside: aside(left_out),
    }
}

fn setting<'a>(assumption: &'a Assumption, settings_file: Option<&'a str>) -> MeshSetting<'a> {
    let (from, resource, file) = match &assumption.origin {
        Origin::Default => ("default", None, None),
        Origin::Settings => ("settings", None, settings_file),
        Origin::Object(key, file) => ("object", Some(ResourceId::from(key)), file.as_deref()),
        Origin::Release(_, file) => ("release", None, file.as_deref()),
    };
    MeshSetting {
        key: &assumption.key,
        value: &assumption.value,
        from,
        resource,
        file,
    }
}
