//! Where what is meant is written.

use super::Symbol;
use super::owner::{Owner, definitions_of};
use super::resolve::{name_path, part_name};
use crate::words::object;
use meshscope::Mesh;
use meshscope::engine::SourceFile;
use meshscope::engine::visibility::declared_in;
use meshscope::manifest::ResourceKey;
use meshscope::yaml::{Path, Segment};
use std::ops::Range;

/// One place that defines something.
pub(crate) struct Written {
    /// The file.
    pub file: SourceFile,
    /// The name, or the field that makes it.
    pub name: Range<usize>,
    /// All of the object or part.
    pub whole: Range<usize>,
    /// What it is.
    pub label: String,
}

/// The places that define a symbol; none for what no file holds.
pub(crate) fn written(mesh: Mesh<'_>, symbol: &Symbol) -> Vec<Written> {
    match symbol {
        Symbol::Host { owner: None, .. } => Vec::new(),
        Symbol::Host {
            host,
            owner: Some(owner),
        } => host_of(mesh, owner, host),
        Symbol::Object(key) => definitions_of(mesh, key)
            .iter()
            .filter_map(object_of)
            .collect(),
        Symbol::Part { object, path } => {
            let last = definitions_of(mesh, object).pop();
            last.and_then(|owner| part_of(&owner, path))
                .into_iter()
                .collect()
        }
    }
}

/// The objects that make a host in a namespace: the name of a Service, the host of a ServiceEntry.
fn host_of(mesh: Mesh<'_>, namespace: &str, host: &str) -> Vec<Written> {
    let services = declared_in(mesh.db(), mesh.input(), namespace, host);
    let mut seen: Vec<(&ResourceKey, usize)> = Vec::new();
    let mut found = Vec::new();
    for service in &services {
        // A ServiceEntry makes a service per address; they are written in one place.
        if seen.contains(&(&service.object, service.host_index)) {
            continue;
        }
        seen.push((&service.object, service.host_index));
        for owner in definitions_of(mesh, &service.object) {
            found.extend(match service.is_kubernetes() {
                true => object_of(&owner),
                false => {
                    let index = u32::try_from(service.host_index).unwrap_or(u32::MAX);
                    let path = Path::root().join("spec").join("hosts").index(index);
                    field_of(&owner, &path, &path)
                }
            });
        }
    }
    found
}

/// An object at its name.
pub(crate) fn object_of(owner: &Owner<'_>) -> Option<Written> {
    let name = Path::root().join("metadata").join("name");
    field_of(owner, &name, &Path::root()).or_else(|| field_of(owner, &Path::root(), &Path::root()))
}

/// A part of an object at its name.
pub(crate) fn part_of(owner: &Owner<'_>, path: &Path) -> Option<Written> {
    let name = name_path(&owner.value, path);
    let found = field_of(owner, &name, path).or_else(|| field_of(owner, path, path))?;
    let word = part_word(path);
    let name = part_name(&owner.value, path).unwrap_or_default();
    Some(Written {
        label: format!("{word} {name} of {}", object(&owner.key())),
        ..found
    })
}

/// What a part is called.
pub(crate) fn part_word(path: &Path) -> &'static str {
    let list = path.segments().iter().rev().find_map(|step| match step {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    match list {
        Some("subsets") => "subset",
        Some("ports") => "port",
        Some("listeners") => "listener",
        _ => "part",
    }
}

fn field_of(owner: &Owner<'_>, path: &Path, whole: &Path) -> Option<Written> {
    let name = owner.place(path)?;
    let outer = owner.place(whole).filter(|outer| outer.file == name.file);
    let range = name.text.unwrap_or(name.value).range();
    let mut all = outer.map_or(range.clone(), |outer| outer.entry.range());
    if !(all.start <= range.start && range.end <= all.end) {
        // The name is written elsewhere in the same file: a patch.
        all = range.clone();
    }
    Some(Written {
        file: name.file,
        name: range,
        whole: all,
        label: object(&owner.key()),
    })
}
