//! Roots: the last steps of a build, and builds that remember their bases themselves.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::build::build_one;
use super::layer::{Bases, Chart, Files, Layer, Read};
use super::nameref;
use super::place::Origin;
use super::problem::{Problem, ProblemKind, Use};
use super::tree::Node;
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
            let mut layer = Layer::default();
            let place = super::place::Place::document(&path::file_in(dir, file::NAMES[0]), 0);
            let message = format!("more than {MAX_DEPTH} bases inside each other");
            layer.problem(place, ProblemKind::TooLarge, message);
            return Some(Arc::new(layer));
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

/// The directories a kustomization uses as bases or components, without building anything: roots are
/// those that no other directory uses.
pub fn references(dir: &str, files: &dyn Files) -> Vec<String> {
    let mut layer = Layer::default();
    let Some(k) = source::kustomization(dir, files, &mut layer) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for field in ["resources", "bases", "components"] {
        for (_, entry) in file::texts(&k.root, field) {
            let target = path::join(dir, &entry).filter(|t| files.is_dir(t));
            found.extend(target.filter(|t| t != dir));
        }
    }
    found.sort();
    found.dedup();
    found
}
