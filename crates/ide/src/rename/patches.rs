//! Names of an object that are no fields of it: what kustomizations call it in patches.

use meshscope::Mesh;
use meshscope::engine::index::{document, unit_files};
use meshscope::engine::{Source, SourceFile};
use meshscope::manifest::{Kind, ResourceKey};
use meshscope::yaml::{Document, Node, split};
use std::ops::Range;

/// The places in kustomizations and their patches that name an object: `target.name` of patches, and
/// the `metadata.name` of patches that are documents.
pub(super) fn names(mesh: Mesh<'_>, key: &ResourceKey) -> Vec<(String, Range<usize>)> {
    let db = mesh.db();
    let mut files: Vec<SourceFile> = Vec::new();
    for unit in mesh.input().units(db).iter() {
        if matches!(unit.source, Source::Kustomization(_)) {
            files.extend(unit_files(db, unit).iter().copied());
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(*file) && file.text(db).contains(key.name.as_str()));
    let mut found = Vec::new();
    for file in files {
        let spans = split(file.text(db));
        for ordinal in (0u32..).take(spans.len()) {
            let Some(document) = document(db, file, ordinal) else {
                continue;
            };
            let mut add = |range: Range<usize>| found.push((file.path(db).to_string(), range));
            in_document(document, key, &mut add);
        }
    }
    found
}

fn in_document(document: &Document, key: &ResourceKey, add: &mut dyn FnMut(Range<usize>)) {
    let Some(root) = document.root() else { return };
    if let Some(range) = own_name(root, key) {
        add(range);
    }
    for list in ["patches", "patchesJson6902"] {
        let patches = root.get(list);
        for patch in patches.iter().flat_map(|patches| patches.items()) {
            let Some(target) = patch.get("target") else {
                continue;
            };
            let kind = target.get("kind").and_then(|kind| kind.as_str());
            let group = target.get("group").and_then(|group| group.as_str());
            let fits = kind.is_none_or(|kind| kind == key.kind.name())
                && group.is_none_or(|group| group == key.kind.group());
            let name = target.get("name").filter(|_| fits);
            if let Some(name) = name.filter(|name| name.text() == Some(key.name.as_str())) {
                add(name.text_span().unwrap_or(name.span()).range());
            }
        }
    }
}

/// The name in a document that is about the object: a patch, or the object itself.
fn own_name(root: Node<'_>, key: &ResourceKey) -> Option<Range<usize>> {
    let api = root.get("apiVersion")?.as_str()?;
    let kind = root.get("kind")?.as_str()?;
    let metadata = root.get("metadata")?;
    let name = metadata.get("name")?;
    let namespace = metadata.get("namespace").and_then(|ns| ns.as_str());
    let same = Kind::from_api(&api, &kind) == Some(key.kind)
        && name.text() == Some(key.name.as_str())
        && namespace.is_none_or(|ns| ns == key.namespace.as_str());
    same.then(|| name.text_span().unwrap_or(name.span()).range())
}
