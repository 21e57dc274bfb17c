//! Symbols of all meshes by name.

use super::{SymbolKind, WorkspaceSymbol, symbol_kind};
use crate::place::Place;
use crate::words;
use meshscope::engine::index::{self, is_unknown_namespace};
use meshscope::manifest::{Body, Resource, Str};
use meshscope::{Mesh, Workspace};
use std::collections::HashMap;

/// Objects, hosts and subsets whose name has the characters of `query` in this order, ignoring case;
/// best first, at most `limit`.
pub fn workspace_symbols(workspace: &Workspace, query: &str, limit: usize) -> Vec<WorkspaceSymbol> {
    let mut ranked: Vec<(u32, WorkspaceSymbol)> = Vec::new();
    let mut known: HashMap<(Place, String), usize> = HashMap::new();
    for mesh in workspace.meshes() {
        each_symbol(mesh, &mut |name, container, kind, find| {
            let Some(rank) = rank(name, query) else {
                return;
            };
            let Some(place) = find() else { return };
            let at = (place.clone(), name.to_owned());
            match known.get(&at) {
                Some(&index) => {
                    let meshes = &mut ranked[index].1.meshes;
                    if !meshes.iter().any(|m| m == mesh.name()) {
                        meshes.push(mesh.name().into());
                    }
                }
                None => {
                    known.insert(at, ranked.len());
                    let symbol = WorkspaceSymbol {
                        name: name.to_owned(),
                        container: container(),
                        kind,
                        place,
                        meshes: vec![mesh.name().into()],
                    };
                    ranked.push((rank, symbol));
                }
            }
        });
    }
    ranked.sort_by(|(a, x), (b, y)| {
        (a, &x.name, &x.container, &x.place.path).cmp(&(b, &y.name, &y.container, &y.place.path))
    });
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, symbol)| symbol).collect()
}

/// What is called for every symbol of a mesh: its name, how to write what it is in, what it is, and how
/// to find its place. The latter two cost something and are for symbols that fit.
type Each<'e> = dyn FnMut(&str, &dyn Fn() -> String, SymbolKind, &dyn Fn() -> Option<Place>) + 'e;

fn each_symbol(mesh: Mesh<'_>, each: &mut Each<'_>) {
    let (db, input) = (mesh.db(), mesh.input());
    for unit in input.units(db).iter() {
        for object in index::unit_objects(db, unit) {
            let Some(resource) = &object.resource else {
                continue;
            };
            let key = &resource.key;
            let place = |path: &str| {
                let path = path.parse().ok()?;
                let found = mesh.field_place(&object.definition, &path)?;
                Some(Place {
                    path: found.file.path(db).to_string(),
                    range: found.text.unwrap_or(found.value).range(),
                })
            };
            let inside = || match is_unknown_namespace(&key.namespace) || key.namespace.is_empty() {
                true => key.kind.to_string(),
                false => format!("{} in {}", key.kind, key.namespace),
            };
            each(&key.name, &inside, symbol_kind(key.kind), &|| {
                place("metadata.name")
            });
            let within = || words::object(key);
            for (path, name, kind) in parts(resource) {
                each(&name, &within, kind, &|| place(&path));
            }
        }
    }
}

/// The hosts and subsets of an object, with their paths.
fn parts(resource: &Resource) -> Vec<(String, Str, SymbolKind)> {
    let hosts = |hosts: &[Str]| -> Vec<(String, Str, SymbolKind)> {
        let numbered = hosts.iter().enumerate();
        numbered
            .map(|(i, host)| (format!("spec.hosts[{i}]"), host.clone(), SymbolKind::Host))
            .collect()
    };
    match &resource.body {
        Body::VirtualService(vs) => hosts(&vs.hosts),
        Body::ServiceEntry(entry) => hosts(&entry.hosts),
        Body::DestinationRule(rule) => {
            let subsets = rule.subsets.iter().enumerate();
            let named = subsets.map(|(i, subset)| {
                (
                    format!("spec.subsets[{i}].name"),
                    subset.name.clone(),
                    SymbolKind::Subset,
                )
            });
            named.collect()
        }
        _ => Vec::new(),
    }
}

/// How well a name fits a query, lower is better; `None` when it does not.
fn rank(name: &str, query: &str) -> Option<u32> {
    let (name, query) = (name.to_lowercase(), query.to_lowercase());
    if name == query {
        return Some(0);
    }
    if name.starts_with(&query) {
        return Some(1);
    }
    if name.contains(&query) {
        return Some(2);
    }
    let mut rest = name.chars();
    let all = query.chars().all(|wanted| rest.any(|c| c == wanted));
    all.then_some(3)
}
