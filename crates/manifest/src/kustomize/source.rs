//! Reading what a kustomization names: files as trees with places, and what is wrong with them.

use std::sync::Arc;

use meshscope_yaml::{Document, ErrorKind, Segment, Stream};

use super::layer::{Files, Layer};
use super::place::{Place, Trail};
use super::problem::{ProblemKind, Role};
use super::resource::Resource;
use super::tree::{Is, Node, Typing};
use super::{additions, file, path};

/// A kustomization file that was found.
pub(crate) struct Kustomization {
    pub file: String,
    pub root: Node,
}

impl Kustomization {
    /// A place in the file.
    pub(crate) fn place(&self, at: &meshscope_yaml::Path) -> Place {
        let place = additions::place_in(&self.root, at);
        place.unwrap_or_else(|| Place::at(&self.file, at.clone()))
    }
}

/// Nodes of a document with its aliases written out, at most.
const MAX_NODES: usize = 2_000_000;

/// A document as a tree, or why it cannot be one.
pub(crate) fn tree(document: &Document, typing: Typing) -> Result<Option<Node>, String> {
    let fatal = |kind: &ErrorKind| kind.is_fatal() || *kind == ErrorKind::AliasBomb;
    if let Some(error) = document.errors().iter().find(|e| fatal(&e.kind)) {
        return Err(error.to_string());
    }
    if document.expanded_size(MAX_NODES).is_none() {
        return Err("its aliases expand to too much".to_owned());
    }
    Ok(document.root().map(|root| Node::read(root, typing)))
}

/// The documents of a stream that hold something, as trees with their places.
pub(crate) fn trees(
    stream: &Stream,
    typing: Typing,
    place: impl Fn(u32) -> Place,
) -> Result<Vec<Node>, (Place, String)> {
    let mut trees = Vec::new();
    for (index, document) in stream.documents.iter().enumerate() {
        let place = place(index as u32);
        match tree(document, typing) {
            Err(fault) => return Err((place, fault)),
            Ok(None) => {}
            Ok(Some(node)) if node.is_blank() => {}
            Ok(Some(node)) => trees.push(node.at(&Arc::new(place))),
        }
    }
    Ok(trees)
}

/// Whether a directory has a kustomization.
pub(crate) fn is_there(dir: &str, files: &dyn Files) -> bool {
    let mut names = file::NAMES.iter();
    names.any(|name| files.documents(&path::file_in(dir, name)).is_some())
}

/// Finds and reads the kustomization of a directory.
pub(crate) fn kustomization(
    dir: &str,
    files: &dyn Files,
    layer: &mut Layer,
) -> Option<Kustomization> {
    let mut found = Vec::new();
    for name in file::NAMES {
        let candidate = path::file_in(dir, name);
        let stream = files.documents(&candidate);
        layer.note_read(&candidate, stream.is_some());
        found.extend(stream.map(|stream| (candidate, stream)));
    }
    let mut found = found.into_iter();
    let Some((file, stream)) = found.next() else {
        let place = Place::document(&path::file_in(dir, file::NAMES[0]), 0);
        let message = format!("there is no kustomization in `{dir}`");
        layer.problem(place, ProblemKind::Missing, message);
        return None;
    };
    if let Some((other, _)) = found.next() {
        let message = format!("`{other}` is a kustomization of the same directory");
        layer.problem(Place::document(&file, 0), ProblemKind::Invalid, message);
    }
    let mut root = None;
    for (index, document) in stream.documents.iter().enumerate() {
        let place = Place::document(&file, index as u32);
        match tree(document, Typing::Json) {
            Ok(None) => continue,
            Ok(Some(node)) => root = Some(node.at(&Arc::new(place))),
            Err(fault) => layer.problem(place, ProblemKind::Invalid, fault),
        }
        break;
    }
    let mut root = root.unwrap_or_else(|| Node::null().at(&Arc::new(Place::document(&file, 0))));
    let mut faults = Vec::new();
    file::check(&mut root, &mut faults);
    let kustomization = Kustomization { file, root };
    for (at, message) in faults {
        layer.problem(kustomization.place(&at), ProblemKind::Invalid, message);
    }
    Some(kustomization)
}

/// Resources of a text: every document, lists taken apart. An error is what kustomize would stop at.
pub(crate) fn resources(
    stream: &Stream,
    place: impl Fn(u32) -> Place,
) -> Result<Vec<Resource>, (Place, String)> {
    let mut resources = Vec::new();
    for node in trees(stream, Typing::Resource, place)? {
        add_resource(node, &mut resources)?;
    }
    Ok(resources)
}

fn add_resource(mut node: Node, out: &mut Vec<Resource>) -> Result<(), (Place, String)> {
    let place = || node.from.as_deref().cloned().unwrap_or_default();
    let kind = node.str_at("kind");
    if kind.is_empty() {
        return Err((place(), "this is no resource: `kind` is missing".to_owned()));
    }
    let is_list = kind.ends_with("List");
    if is_list
        && node
            .get("items")
            .is_some_and(|i| matches!(i.is, Is::Seq(_) | Is::Null { .. }))
    {
        let trail = Trail::root(node.from.as_ref());
        let step = Segment::Key("items".into());
        let place = trail
            .down(step, node.get("items").and_then(|i| i.from.as_ref()))
            .place();
        if let Some(items) = node.get_mut("items") {
            items.pin_items(&Trail::root(Some(&Arc::new(place))), 0);
            if let Is::Seq(items) = &mut items.is {
                for item in items.drain(..).filter(|i| !i.is_blank()) {
                    add_resource(item, out)?;
                }
            }
        }
        return Ok(());
    }
    let resource = Resource::new(node);
    if !is_list && resource.name().is_empty() {
        let place = resource.node.from.as_deref().cloned().unwrap_or_default();
        return Err((place, format!("{kind} has no `metadata.name`")));
    }
    out.push(resource);
    Ok(())
}

/// Reads a file a kustomization names, noting the use; says so when it cannot be read.
pub(crate) fn open(
    dir: &str,
    entry: &str,
    role: Role,
    place: &Place,
    files: &dyn Files,
    layer: &mut Layer,
) -> Option<(String, Arc<Stream>)> {
    let file = resolve(dir, entry, place, layer)?;
    let stream = files.documents(&file);
    layer.note_read(&file, stream.is_some());
    let Some(stream) = stream else {
        let message = format!("there is no file `{file}`");
        layer.problem(place.clone(), ProblemKind::Missing, message);
        return None;
    };
    layer.note_use(&file, role);
    restricted(dir, &file, place, layer);
    Some((file, stream))
}

/// The path of an entry; a problem when it is remote or leaves the repository.
pub(crate) fn resolve(dir: &str, entry: &str, place: &Place, layer: &mut Layer) -> Option<String> {
    if path::is_remote(entry) {
        let message = format!("`{entry}` is fetched from elsewhere");
        layer.problem(place.clone(), ProblemKind::Remote, message);
        return None;
    }
    let joined = path::join(dir, entry).filter(|_| !entry.is_empty());
    if joined.is_none() {
        let message = format!("`{entry}` is outside of the repository");
        layer.problem(place.clone(), ProblemKind::Outside, message);
    }
    joined
}

/// Kustomize refuses files outside of the kustomization's directory unless told otherwise.
pub(crate) fn restricted(dir: &str, file: &str, place: &Place, layer: &mut Layer) {
    if !path::is_below(file, dir) {
        let message = format!("`{file}` is not in or below `{dir}`");
        layer.problem(place.clone(), ProblemKind::Restricted, message);
    }
}
