//! The meshes for people.

use crate::words::{count, some};
use meshscope::manifest::Str;
use meshscope::{Assumption, Origin, Profile};
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many roots of a mesh are named.
const ROOTS: usize = 6;

/// Every mesh with what is assumed of it.
pub fn render(settings: Option<&str>, meshes: &[Profile], aside: &[(Str, String)]) -> String {
    let mut text = match settings {
        Some(file) => format!("Settings are read from {file}.\n"),
        None => "There is no meshscope.yaml; `meshscope init` writes one.\n".to_owned(),
    };
    for mesh in meshes {
        let _ = writeln!(text, "\n{}: {}", mesh.name, mesh.reason);
        if let Some(why) = &mesh.uncertain {
            let _ = writeln!(text, "  uncertain: {why}");
        }
        let _ = writeln!(
            text,
            "  {} with {} in {}",
            count(mesh.files.len(), "file"),
            count(mesh.objects, "object"),
            count(mesh.namespaces.len(), "namespace"),
        );
        if !mesh.roots.is_empty() {
            let shown: Vec<&str> = mesh.roots.iter().take(ROOTS).map(AsRef::as_ref).collect();
            let more = match mesh.roots.len().saturating_sub(ROOTS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let _ = writeln!(text, "  under {}{more}", shown.join(", "));
        }
        list_aside("  ", &mesh.aside, &mut text);
        let width = mesh.assumptions.iter().map(|a| a.key.len()).max();
        let width = width.unwrap_or_default();
        for assumption in &mesh.assumptions {
            let Assumption { key, value, .. } = assumption;
            let from = from(&assumption.origin, settings);
            let _ = writeln!(text, "    {key:width$}  {value}  ({from})");
        }
    }
    if !aside.is_empty() {
        text += "\nOf no mesh:\n";
        list_aside("  ", aside, &mut text);
    }
    text
}

/// What is left out, a line for each reason.
fn list_aside(indent: &str, aside: &[(Str, String)], text: &mut String) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, reason) in aside {
        reasons.entry(reason).or_default().push(path);
    }
    for (reason, paths) in reasons {
        let _ = writeln!(text, "{indent}set aside: {}: {reason}", some(&paths, ROOTS));
    }
}

fn from(origin: &Origin, settings: Option<&str>) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::Settings => settings.unwrap_or("settings").to_owned(),
        Origin::Object(key, Some(file)) => format!("{key} in {file}"),
        Origin::Object(key, None) => key.to_string(),
        Origin::Release(release, Some(file)) => format!("{release} in {file}"),
        Origin::Release(release, None) => release.to_string(),
    }
}
