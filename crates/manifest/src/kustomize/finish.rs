//! Roots: the last steps of a build, and builds that remember their bases themselves.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::build::build_one;
use super::layer::{Bases, Chart, Files, Layer, Read};
use super::nameref;
use super::place::Origin;
use super::problem::{Problem, ProblemKind, Use};
use super::tree::{Is, Node};
use super::{file, hash, path, source, vars};
use crate::value::Value;

/// A built object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// What the API server would get.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// What a root comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The objects, in kustomize's order.
    pub objects: Vec<Object>,
    /// What went wrong in the root or a base.
    pub problems: Vec<Problem>,
    /// Every file read, and every file looked for and not found.
    pub read: Vec<Read>,
    /// What the files served as: a file only used as a patch is no resource.
    pub uses: Vec<Use>,
    /// Charts it renders.
    pub charts: Vec<Chart>,
}

impl Built {
    /// Whether resources may exist that are not among the objects.
    pub fn hides_resources(&self) -> bool {
        self.charts.iter().any(|c| !c.synthesised)
            || self.problems.iter().any(|p| p.kind.hides_resources())
    }
}

const LOCAL: &str = "config.kubernetes.io/local-config";

/// Takes the last steps for a root.
pub fn finish(layer: &Layer) -> Built {
    let mut layer = layer.clone();
    for at in 0..layer.resources.list.len() {
        if !layer.resources.list[at].hashed {
            continue;
        }
        let resource = layer.resources.get_mut(at);
        let hash = hash::of(resource);
        resource.remember();
        let from = resource.node.dig(&["metadata", "name"]);
        let from = from.and_then(|n| n.from.clone());
        let mut name = Node::text(format!("{}-{hash}", resource.name()));
        name.from = from;
        resource.set_meta("name", Some(name));
    }
    let config = layer.config.clone();
    for (place, fault) in nameref::fix(&mut layer.resources, &config) {
        layer.problem(place, ProblemKind::Invalid, fault);
    }
    vars::resolve(&mut layer);
    for at in 0..layer.resources.list.len() {
        rewrite_annotations(&mut layer, at);
    }
    layer.tidy();
    let is_local = |node: &Node| {
        let mark = node.dig(&["metadata", "annotations", LOCAL]);
        mark.is_some_and(|m| m.scalar() != "false")
    };
    let nodes = layer.resources.iter().map(|r| &r.node);
    Built {
        objects: nodes
            .filter(|node| !is_local(node))
            .map(|node| Object {
                value: node.to_value(),
                origin: node.origin(),
            })
            .collect(),
        problems: layer.problems,
        read: layer.read,
        uses: layer.uses,
        charts: layer.charts,
    }
}

/// Kustomize takes its notes out of the annotations of every resource, and writes the rest anew: as
/// texts, and not at all when nothing is left.
fn rewrite_annotations(layer: &mut Layer, at: usize) {
    let node = &layer.resources.list[at].node;
    let Some(annotations) = node.dig(&["metadata", "annotations"]) else {
        return;
    };
    if annotations.is_blank() {
        layer.resources.get_mut(at).set_meta("annotations", None);
        return;
    }
    let is_text = |n: &Node| matches!(n.is, Is::Text(_));
    if annotations.fields().is_none_or(|f| f.values().all(is_text)) {
        return;
    }
    let metadata = layer.resources.get_mut(at).node.get_mut("metadata");
    let annotations = metadata.and_then(|m| m.get_mut("annotations"));
    for value in annotations
        .and_then(Node::fields_mut)
        .into_iter()
        .flat_map(|f| f.values_mut())
    {
        value.is = match &value.is {
            Is::Null { written: true } => Is::Text("null".into()),
            _ => Is::Text(value.scalar()),
        };
    }
}

/// Builds a root and everything it uses.
pub fn build(root: &str, files: &dyn Files) -> Built {
    let memory = Memory {
        files,
        layers: RefCell::default(),
        depth: RefCell::new(0),
    };
    match memory.layer(root) {
        Some(layer) => finish(&layer),
        None => Built::default(),
    }
}

/// Bases inside each other, at most: each takes a piece of the stack.
const MAX_DEPTH: usize = 100;

/// Layers of one build, remembered by directory; `None` while one is being built.
struct Memory<'a> {
    files: &'a dyn Files,
    layers: RefCell<FxHashMap<String, Option<Arc<Layer>>>>,
    depth: RefCell<usize>,
}

impl Bases for Memory<'_> {
    fn layer(&self, dir: &str) -> Option<Arc<Layer>> {
        if let Some(known) = self.layers.borrow().get(dir) {
            return known.clone();
        }
        if *self.depth.borrow() >= MAX_DEPTH {
            return Some(Arc::new(Layer::too_deep(dir, MAX_DEPTH as u32)));
        }
        self.layers.borrow_mut().insert(dir.to_owned(), None);
        *self.depth.borrow_mut() += 1;
        let layer = Arc::new(build_one(dir, self.files, self));
        *self.depth.borrow_mut() -= 1;
        let known = Some(layer.clone());
        self.layers.borrow_mut().insert(dir.to_owned(), known);
        Some(layer)
    }
}

/// What a kustomization names, without building anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The directories it uses as bases or components. Roots are those no other directory uses.
    pub directories: Vec<String>,
    /// The files it uses, as whatever: they are no plain manifests.
    pub files: Vec<String>,
    /// Whether it is a component, which is never a root.
    pub is_component: bool,
    /// `namespace`.
    pub namespace: crate::Str,
}

/// What the kustomization of a directory names.
pub fn references(dir: &str, files: &dyn Files) -> References {
    let mut layer = Layer::default();
    let Some(k) = source::kustomization(dir, files, &mut layer) else {
        return References::default();
    };
    let mut found = References {
        is_component: k.root.str_at("kind") == "Component",
        namespace: k.root.str_at("namespace"),
        ..References::default()
    };
    let mut name = |entry: &str| {
        let Some(target) = path::join(dir, entry).filter(|t| t != dir && !entry.contains('\n'))
        else {
            return;
        };
        if files.is_dir(&target) {
            found.directories.push(target);
        } else {
            found.files.push(target);
        }
    };
    for field in TEXT_LISTS {
        for (_, entry) in file::texts(&k.root, field) {
            name(&entry);
        }
    }
    for field in ["patches", "patchesJson6902", "replacements"] {
        for (_, entry) in file::entries(&k.root, field) {
            name(&entry.str_at("path"));
        }
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        for (_, entry) in file::entries(&k.root, field) {
            let lists = ["files", "envs"].map(|list| file::texts(entry, list));
            for (_, source) in lists.into_iter().flatten() {
                name(
                    source
                        .split_once('=')
                        .map_or(source.as_str(), |(_, file)| file),
                );
            }
        }
    }
    for (_, entry) in file::entries(&k.root, "helmCharts") {
        name(&entry.str_at("valuesFile"));
        for (_, values) in file::texts(entry, "additionalValuesFiles") {
            name(&values);
        }
    }
    found.directories.sort();
    found.directories.dedup();
    found.files.sort();
    found.files.dedup();
    found
}

const TEXT_LISTS: [&str; 9] = [
    "resources",
    "bases",
    "components",
    "patchesStrategicMerge",
    "configurations",
    "crds",
    "generators",
    "transformers",
    "validators",
];
