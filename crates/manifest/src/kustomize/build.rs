//! One kustomization directory, step by step in kustomize's order: resources, configurations,
//! generators, components, transformers, variables.

use std::sync::Arc;

use super::additions::Additions;
use super::config::{self, Config};
use super::layer::{Bases, Files, Layer, Var};
use super::place::Place;
use super::problem::{ProblemKind, Role};
use super::resource::Resource;
use super::source::{self, Kustomization};
use super::tree::{Is, Node, Typing};
use super::{file, path};
use crate::value::Str;

/// Components inside each other, at most.
const MAX_DEPTH: usize = 64;
/// Components of one directory, at most.
const MAX_COMPONENTS: usize = 2_000;

/// A directory being built.
pub(super) struct Build<'a> {
    pub files: &'a dyn Files,
    pub bases: &'a dyn Bases,
    pub layer: Layer,
    /// The directory and the components being worked on, outermost first.
    active: Vec<String>,
    components: usize,
}

/// Builds one directory from its files and the layers of its bases.
pub fn build_one(dir: &str, files: &dyn Files, bases: &dyn Bases) -> Layer {
    build_with(dir, files, bases, &Additions::default())
}

/// The same with what whoever applies the directory adds to its kustomization.
pub fn build_with(dir: &str, files: &dyn Files, bases: &dyn Bases, additions: &Additions) -> Layer {
    let layer = Layer {
        dir: dir.into(),
        ..Layer::default()
    };
    let mut build = Build {
        files,
        bases,
        layer,
        active: Vec::new(),
        components: 0,
    };
    let has_own = || source::is_there(dir, files);
    let kustomization = if additions.file.is_empty() || has_own() {
        let mut own = source::kustomization(dir, files, &mut build.layer);
        if let Some(own) = &mut own {
            additions.add_to(own);
        }
        own
    } else {
        Some(additions.alone())
    };
    if let Some(kustomization) = kustomization {
        build.layer.is_component = kustomization.root.str_at("kind") == "Component";
        let role = match build.layer.is_component {
            true => Role::Component,
            false => Role::Kustomization,
        };
        build.layer.note_use(&kustomization.file, role);
        build.accumulate(dir, &kustomization);
    }
    build.layer.tidy();
    build.layer
}

impl Build<'_> {
    fn accumulate(&mut self, dir: &str, k: &Kustomization) {
        self.active.push(dir.to_owned());
        self.layer.forget_identities();
        for field in ["resources", "bases"] {
            for (at, entry) in file::texts(&k.root, field) {
                self.resource(dir, &entry, &k.place(&at));
            }
        }
        self.configure(dir, k);
        self.layer.forget_identities();
        self.generate(dir, k);
        self.charts(dir, k);
        self.plugins(dir, k, "generators");
        for (at, entry) in file::texts(&k.root, "components") {
            self.component(dir, &entry, &k.place(&at));
        }
        self.layer.forget_identities();
        self.transform(dir, k);
        self.plugins(dir, k, "transformers");
        self.vars(k);
        self.layer.forget_identities();
        self.active.pop();
    }

    /// One entry of `resources`: a file of resources, or the directory of another kustomization.
    fn resource(&mut self, dir: &str, entry: &str, place: &Place) {
        let Some(target) = self.entry(dir, entry, place) else {
            return;
        };
        if self.files.is_dir(&target) {
            self.base(dir, &target, place);
            return;
        }
        let stream = self.files.documents(&target);
        self.layer.note_read(&target, stream.is_some());
        let Some(stream) = stream else {
            let message = format!("there is no file or directory `{target}`");
            self.layer
                .problem(place.clone(), ProblemKind::Missing, message);
            return;
        };
        source::restricted(dir, &target, place, &mut self.layer);
        self.layer.note_use(&target, Role::Resource);
        match source::resources(&stream, |i| Place::document(&target, i)) {
            Ok(resources) => {
                let resources = resources.into_iter().map(Arc::new).collect();
                self.layer.append(resources, place);
            }
            Err((at, fault)) => {
                self.layer.problem(at, ProblemKind::Invalid, fault);
                self.readable_rest(&stream, &target, place);
            }
        }
    }

    /// Of a file that kustomize refuses: the documents that are resources all the same.
    fn readable_rest(&mut self, stream: &meshscope_yaml::Stream, file: &str, place: &Place) {
        for (index, document) in stream.documents.iter().enumerate() {
            let one = meshscope_yaml::Stream {
                documents: vec![document.clone()],
                errors: Vec::new(),
            };
            let at = |_| Place::document(file, index as u32);
            if let Ok(resources) = source::resources(&one, at) {
                let resources = resources.into_iter().map(Arc::new).collect();
                self.layer.append(resources, place);
            }
        }
    }

    /// The path of an entry that may be a directory; remote only when nothing local fits.
    fn entry(&mut self, dir: &str, entry: &str, place: &Place) -> Option<String> {
        let local = path::join(dir, entry).filter(|_| !entry.is_empty());
        match local.filter(|l| self.files.is_dir(l) || !path::is_remote(entry)) {
            Some(local) => Some(local),
            None => source::resolve(dir, entry, place, &mut self.layer),
        }
    }

    fn base(&mut self, dir: &str, target: &str, place: &Place) {
        let above = path::is_below(dir, target);
        let layer = match above || self.active.iter().any(|a| a == target) {
            true => None,
            false => self.bases.layer(target),
        };
        let Some(layer) = layer else {
            let message = format!("`{target}` leads back to itself");
            self.layer
                .problem(place.clone(), ProblemKind::Cycle, message);
            return;
        };
        if layer.is_component {
            let message = format!("`{target}` is a component: it belongs under `components`");
            self.layer
                .problem(place.clone(), ProblemKind::Invalid, message);
        }
        self.layer.absorb(&layer, place);
    }

    /// A component works on what its user has got so far.
    fn component(&mut self, dir: &str, entry: &str, place: &Place) {
        let Some(target) = self.entry(dir, entry, place) else {
            return;
        };
        if !self.files.is_dir(&target) {
            self.layer.note_read(&target, false);
            let message = format!("there is no directory `{target}`");
            self.layer
                .problem(place.clone(), ProblemKind::Missing, message);
            return;
        }
        if self.active.contains(&target) || path::is_below(dir, &target) {
            let message = format!("`{target}` leads back to itself");
            self.layer
                .problem(place.clone(), ProblemKind::Cycle, message);
            return;
        }
        self.components += 1;
        if self.active.len() > MAX_DEPTH || self.components > MAX_COMPONENTS {
            let message = format!("too many components; `{target}` is left out");
            self.layer
                .problem(place.clone(), ProblemKind::TooLarge, message);
            return;
        }
        let files = self.files;
        if let Some(k) = source::kustomization(&target, files, &mut self.layer) {
            self.layer.note_use(&k.file, Role::Component);
            if k.root.str_at("kind") != "Component" {
                let message = format!("`{target}` is no component: it belongs under `resources`");
                self.layer
                    .problem(place.clone(), ProblemKind::Invalid, message);
            }
            self.accumulate(&target, &k);
        }
    }

    fn configure(&mut self, dir: &str, k: &Kustomization) {
        let mut own = Config::kustomize();
        for field in ["configurations", "crds"] {
            for (at, entry) in file::texts(&k.root, field) {
                let place = k.place(&at);
                if let Some(node) = self.config_file(dir, &entry, &place) {
                    let read = match field {
                        "crds" => Ok(config::read_crds(&node)),
                        _ => Config::read(&node),
                    };
                    if let Err(fault) = read.and_then(|more| own.add(&more)) {
                        self.layer
                            .problem(place.clone(), ProblemKind::Invalid, fault);
                    }
                }
            }
        }
        if let Err(fault) = self.layer.config.add(&own) {
            let place = k.place(&meshscope_yaml::Path::root());
            self.layer.problem(place, ProblemKind::Invalid, fault);
        }
        let schema = k.root.get("openapi").map(|o| o.str_at("path"));
        if let Some(schema) = schema.filter(|s| !s.is_empty()) {
            let at = meshscope_yaml::Path::root().join("openapi").join("path");
            let place = k.place(&at);
            let read = self.config_file(dir, &schema, &place);
            let patches = ["patches", "patchesStrategicMerge"];
            if read.is_some_and(|schema| has_merge_keys(&schema))
                && patches.iter().any(|field| k.root.get(field).is_some())
            {
                let message =
                    "merge keys of custom kinds are not read: patches replace their lists";
                self.layer.problem(place, ProblemKind::Limited, message);
            }
        }
    }

    /// The first document of a configuration file.
    pub(super) fn config_file(&mut self, dir: &str, entry: &str, place: &Place) -> Option<Node> {
        let role = Role::Configuration;
        let (file, stream) = source::open(dir, entry, role, place, self.files, &mut self.layer)?;
        let trees = source::trees(&stream, Typing::Json, |i| Place::document(&file, i));
        match trees {
            Ok(trees) => trees.into_iter().next(),
            Err((at, fault)) => {
                self.layer.problem(at, ProblemKind::Invalid, fault);
                None
            }
        }
    }

    fn vars(&mut self, k: &Kustomization) {
        for (at, entry) in file::entries(&k.root, "vars") {
            let place = k.place(&at);
            let target = entry.get("objref").cloned().unwrap_or_else(Node::map);
            let mut gvk = config::gvk(&target);
            let api = target.str_at("apiVersion");
            if !api.is_empty() {
                let (group, version) = api.split_once('/').unwrap_or(("", &api));
                if !group.is_empty() {
                    gvk.group = group.into();
                }
                gvk.version = version.into();
            }
            let (name, namespace) = (target.str_at("name"), target.str_at("namespace"));
            let strict = !namespace.is_empty() || gvk.is_cluster_scoped();
            let wanted = gvk.effective_namespace(&namespace);
            let fits = |r: &Resource| {
                r.ids().iter().any(|id| {
                    id.gvk == gvk && id.name == name && (!strict || id.namespace == wanted)
                })
            };
            let all = self.layer.resources.list.iter().enumerate();
            let matched: Vec<usize> = all.filter(|(_, r)| fits(r)).map(|(at, _)| at).collect();
            let var = Var {
                name: entry.str_at("name"),
                field_path: field_path(entry),
                place: place.clone(),
            };
            match matched[..] {
                [] => {}
                [one] => self
                    .layer
                    .resources
                    .get_mut(one)
                    .vars
                    .push(var.name.clone()),
                _ => {
                    let message = format!("var `{}` reads from several resources", var.name);
                    self.layer.problem(place, ProblemKind::Invalid, message);
                }
            }
            self.layer.add_var(var);
        }
    }
}

fn field_path(var: &Node) -> Str {
    let path = var.get("fieldref").map(|f| f.str_at("fieldPath"));
    path.filter(|p| !p.is_empty())
        .unwrap_or_else(|| "metadata.name".into())
}

/// Whether a schema says how lists of a kind merge.
fn has_merge_keys(schema: &Node) -> bool {
    match &schema.is {
        Is::Map(fields) => {
            fields.contains_key("x-kubernetes-patch-merge-key")
                || fields.values().any(has_merge_keys)
        }
        Is::Seq(items) => items.iter().any(has_merge_keys),
        _ => false,
    }
}
