//! Patches: `patches`, `patchesStrategicMerge` and `patchesJson6902`, by path and inline.

use meshscope_yaml::Path;

use super::build::Build;
use super::file;
use super::json_patch::{self, Operation};
use super::merge;
use super::place::{Place, Trail};
use super::problem::{ProblemKind, Role};
use super::resource::Resource;
use super::schema::Schema;
use super::select::Target;
use super::source::{self, Kustomization};
use super::tree::{Is, Node, Typing};

/// A patch as it was read.
enum Loaded {
    Merge(Vec<Resource>),
    Json(Vec<Operation>),
}

/// `allowNameChange` and `allowKindChange`.
#[derive(Clone, Copy, Default)]
struct Options {
    name: bool,
    kind: bool,
}

impl Build<'_> {
    /// `patchesStrategicMerge`.
    pub(super) fn merge_patches(&mut self, dir: &str, k: &Kustomization) {
        for (path, entry) in file::texts(&k.root, "patchesStrategicMerge") {
            let place = k.place(&path);
            // Text that reads as resources is a patch itself; anything else names a file.
            let inline = meshscope_yaml::parse(&entry);
            let inline = source::resources(&inline, |i| place.within(i));
            let patches = match inline {
                Ok(patches) if !patches.is_empty() => Some(patches),
                _ => self.patch_file(dir, &entry, &place),
            };
            for patch in patches.into_iter().flatten() {
                self.apply_by_name(&patch, &place, Options::default());
            }
        }
        self.drop_gone();
    }

    fn patch_file(&mut self, dir: &str, entry: &str, place: &Place) -> Option<Vec<Resource>> {
        let opened = source::open(dir, entry, Role::Patch, place, self.files, &mut self.layer);
        let (file, stream) = opened?;
        match source::resources(&stream, |i| Place::document(&file, i)) {
            Ok(patches) => Some(patches),
            Err((at, fault)) => {
                self.layer.problem(at, ProblemKind::Invalid, fault);
                None
            }
        }
    }

    /// `patches`.
    pub(super) fn patches(&mut self, dir: &str, k: &Kustomization) {
        for (path, entry) in file::entries(&k.root, "patches") {
            self.one_patch(dir, k, &path, entry, true);
            self.drop_gone();
        }
    }

    /// `patchesJson6902`.
    pub(super) fn json_patches(&mut self, dir: &str, k: &Kustomization) {
        for (path, entry) in file::entries(&k.root, "patchesJson6902") {
            let target = entry.get("target");
            if target.is_none_or(|t| t.str_at("name").is_empty()) {
                let message = "the target has no name";
                self.layer
                    .problem(k.place(&path), ProblemKind::Invalid, message);
                continue;
            }
            self.one_patch(dir, k, &path, entry, false);
        }
    }

    fn one_patch(
        &mut self,
        dir: &str,
        k: &Kustomization,
        path: &Path,
        entry: &Node,
        remember: bool,
    ) {
        let place = k.place(path);
        let invalid = |build: &mut Self, message: String| {
            build
                .layer
                .problem(place.clone(), ProblemKind::Invalid, message);
        };
        let target = match entry
            .get("target")
            .filter(|t| !t.is_null())
            .map(Target::read)
        {
            Some(Err(fault)) => return invalid(self, fault),
            Some(Ok(target)) => Some(target),
            None => None,
        };
        let options = entry.get("options");
        let allows = |key: &str| options.is_some_and(|o| o.bool_at(key));
        let options = Options {
            name: allows("allowNameChange"),
            kind: allows("allowKindChange"),
        };
        let Some(loaded) = self.load(dir, k, path, entry) else {
            return;
        };
        match (loaded, target) {
            (Loaded::Json(_), None) => invalid(self, "a JSON patch needs a target".to_owned()),
            (Loaded::Json(operations), Some(target)) => {
                for at in target.select(&self.layer.resources) {
                    let resource = self.layer.resources.get_mut(at);
                    if remember {
                        resource.remember();
                    }
                    let id = resource.id();
                    if let Err(fault) = json_patch::apply(&mut resource.node, &operations) {
                        invalid(self, format!("the patch does not apply to {id}: {fault}"));
                    }
                }
            }
            (Loaded::Merge(patches), Some(target)) => {
                let [patch] = patches.as_slice() else {
                    let message = "a patch with a target holds one document";
                    return invalid(self, message.to_owned());
                };
                let patch = stringified(patch);
                for at in target.select(&self.layer.resources) {
                    self.apply(at, &patch, &place, options);
                }
                self.drop_gone();
                self.layer.check_identities(&place);
            }
            (Loaded::Merge(patches), None) => {
                for patch in &patches {
                    self.apply_by_name(patch, &place, options);
                }
            }
        }
    }

    fn load(&mut self, dir: &str, k: &Kustomization, path: &Path, entry: &Node) -> Option<Loaded> {
        let (text, file) = (entry.str_at("patch"), entry.str_at("path"));
        let place = k.place(path);
        let fault = match (text.trim().is_empty(), file.is_empty()) {
            (true, true) => Some("the patch has neither `patch` nor `path`"),
            (false, false) => Some("the patch has both `patch` and `path`"),
            _ => None,
        };
        if let Some(fault) = fault {
            self.layer.problem(place, ProblemKind::Invalid, fault);
            return None;
        }
        let loaded = if file.is_empty() {
            let at = k.place(&path.join("patch"));
            let stream = meshscope_yaml::parse(&text);
            parse(&stream, |i| at.within(i))
        } else {
            let at = k.place(&path.join("path"));
            let role = Role::Patch;
            let (file, stream) = source::open(dir, &file, role, &at, self.files, &mut self.layer)?;
            parse(&stream, |i| Place::document(&file, i))
        };
        match loaded {
            Ok(loaded) => Some(loaded),
            Err((at, fault)) => {
                self.layer.problem(at, ProblemKind::Invalid, fault);
                None
            }
        }
    }

    fn apply_by_name(&mut self, patch: &Resource, place: &Place, options: Options) {
        let id = patch.id();
        match self.layer.resources.matching_any_id(&id)[..] {
            [at] => self.apply(at, patch, place, options),
            [] => {
                let message = format!("there is no {id} to patch");
                let at = patch.node.from.as_deref().unwrap_or(place).clone();
                self.layer.problem(at, ProblemKind::NoTarget, message);
            }
            _ => {
                let message = format!("{id} is several resources");
                self.layer
                    .problem(place.clone(), ProblemKind::NoTarget, message);
            }
        }
    }

    /// Lays a patch over one resource. What identifies it stays, unless the options say otherwise.
    fn apply(&mut self, at: usize, patch: &Resource, place: &Place, options: Options) {
        let resource = self.layer.resources.get_mut(at);
        if options.name || options.kind {
            resource.remember();
        }
        let mut patch = patch.node.clone();
        if let Some(fields) = patch.fields_mut() {
            fields.shift_remove("apiVersion");
            if !options.kind {
                fields.shift_remove("kind");
            }
        }
        if let Some(metadata) = patch.get_mut("metadata").and_then(Node::fields_mut) {
            metadata.shift_remove("namespace");
            if !options.name {
                metadata.shift_remove("name");
            }
        }
        let schema = Schema::of(&resource.gvk());
        let id = resource.id();
        let node = std::mem::replace(&mut resource.node, Node::null());
        let mut faults = Vec::new();
        if let Some(merged) = merge::merge(node, &patch, schema, &mut faults) {
            resource.node = merged;
        }
        for fault in faults {
            let message = format!("the patch does not fit {id}: {fault}");
            self.layer
                .problem(place.clone(), ProblemKind::Invalid, message);
        }
    }

    /// Forgets resources of which a patch left nothing.
    fn drop_gone(&mut self) {
        self.layer.resources.list.retain(|r| !r.is_gone());
    }
}

/// A patch with a target has its labels and annotations read as texts, null included.
fn stringified(patch: &Resource) -> Resource {
    let mut patch = patch.clone();
    for key in ["labels", "annotations"] {
        let metadata = patch.node.get_mut("metadata");
        let fields = metadata
            .and_then(|m| m.get_mut(key))
            .and_then(Node::fields_mut);
        for value in fields.into_iter().flat_map(|f| f.values_mut()) {
            value.is = match &value.is {
                Is::Null { written: true } => Is::Text("null".into()),
                _ => Is::Text(value.scalar()),
            };
        }
    }
    patch
}

/// Resources, or a list of operations.
fn parse(
    stream: &meshscope_yaml::Stream,
    place: impl Fn(u32) -> Place,
) -> Result<Loaded, (Place, String)> {
    let resources = source::resources(stream, &place);
    let fault = match resources {
        Ok(resources) if resources.is_empty() => (place(0), "the patch is empty".to_owned()),
        Ok(resources) => return Ok(Loaded::Merge(resources)),
        Err(fault) => fault,
    };
    let lists = source::trees(stream, Typing::Json, &place)?;
    match lists.first() {
        Some(list) if matches!(list.is, Is::Seq(_)) => {
            let at = Trail::root(list.from.as_ref()).place();
            let operations = json_patch::read(list).map_err(|fault| (at, fault))?;
            Ok(Loaded::Json(operations))
        }
        _ => Err(fault),
    }
}
