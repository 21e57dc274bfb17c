//! Completion: what can be written at the cursor, as istiod would understand it from there.
//!
//! `site` finds the field that is being typed, in half-typed text too; `values` asks the engine what
//! fits it; `schema` adds the fields and enum values of the kind.

mod schema;
mod site;
mod values;

use crate::symbol::cursor::owners_at;
use meshscope::engine::index::unit_files;
use meshscope::manifest::Str;
use meshscope::{Mesh, Workspace};
use site::Site;
use std::ops::Range;

/// Items of one answer, at most.
const LIMIT: usize = 500;

/// What can be written at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The bytes that an item replaces: the word before and after the cursor.
    pub range: Range<usize>,
    /// The items, best first.
    pub items: Vec<Completion>,
    /// Whether there are more than were listed.
    pub incomplete: bool,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What to show.
    pub label: String,
    /// What is written instead of [`Completions::range`].
    pub insert: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside the label, such as the FQDN or why it is not visible.
    pub detail: String,
    /// Markdown; may be empty.
    pub documentation: String,
    /// Orders the items: lower first. Editors sort by text otherwise.
    pub rank: u32,
}

/// What an item is. Fields and values come from the schema alone: with another YAML server attached
/// they are better left to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A host.
    Host,
    /// A Gateway.
    Gateway,
    /// A subset.
    Subset,
    /// A namespace, `.`, `*`.
    Namespace,
    /// A port number or name.
    Port,
    /// Any other object by name: a delegate, a service account, a secret, a backend.
    Object,
    /// A label or its value, of workloads.
    Label,
    /// The name of a field, from the schema.
    Field,
    /// A value of a field, from the schema.
    Value,
}

/// What can be written at `offset` of `file`. Works in half-typed text when the workspace knows the
/// line being typed in ([`Workspace::set_edited`]).
pub fn complete(workspace: &Workspace, file: &str, offset: usize) -> Completions {
    let nothing = Completions {
        range: offset..offset,
        ..Completions::default()
    };
    let Some(source) = workspace.file(file) else {
        return nothing;
    };
    if workspace.is_chart_template(source.path(workspace.db())) {
        return nothing;
    }
    let text = source.text(workspace.db());
    let Some(site) = Site::find(text, offset) else {
        return nothing;
    };
    let mut items = Vec::new();
    for (mesh, namespace) in viewpoints(workspace, source, offset, &site) {
        values::add(mesh, &namespace, &site, &mut items);
    }
    schema::add(&site, &mut items);
    finish(items, &site)
}

/// The meshes and namespaces the object being typed is in.
fn viewpoints<'w>(
    workspace: &'w Workspace,
    file: meshscope::engine::SourceFile,
    offset: usize,
    site: &Site,
) -> Vec<(Mesh<'w>, Str)> {
    let mut found: Vec<(Mesh<'w>, Str)> = Vec::new();
    let owners = owners_at(workspace, file, offset).into_iter();
    for owner in owners.filter(|owner| owner.kind == site.kind) {
        let known = found
            .iter()
            .any(|(mesh, ns)| mesh.name() == owner.mesh.name() && *ns == owner.namespace);
        if !known {
            found.push((owner.mesh, owner.namespace));
        }
    }
    if found.is_empty() {
        // The object is no object yet: it is in the meshes of its file.
        let db = workspace.db();
        let reads = |mesh: &Mesh<'_>| {
            let units = mesh.input().units(db);
            units
                .iter()
                .any(|unit| unit_files(db, unit).contains(&file))
        };
        let namespace = site.object.get("metadata").str_or_empty("namespace");
        let meshes = workspace.meshes().filter(reads);
        found.extend(meshes.map(|mesh| (mesh, namespace.clone())));
    }
    found
}

/// Items of the word that is typed, each once, in order.
fn finish(mut items: Vec<Completion>, site: &Site) -> Completions {
    let typed = site.typed.to_lowercase();
    items.retain(|item| item.label.to_lowercase().contains(&typed));
    let mut seen = std::collections::HashSet::new();
    items.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    items.retain(|item| seen.insert((item.kind, item.insert.clone())));
    let incomplete = items.len() > LIMIT;
    items.truncate(LIMIT);
    Completions {
        range: site.word.clone(),
        items,
        incomplete,
    }
}

#[cfg(test)]
mod tests;
