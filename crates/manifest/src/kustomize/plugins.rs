//! `generators` and `transformers`: the built-in label and annotation transformers are known; what
//! other plugins do is not.

use std::sync::Arc;

use meshscope_yaml::Path;

use super::build::Build;
use super::config;
use super::file;
use super::place::{Place, Trail};
use super::problem::{ProblemKind, Role};
use super::source::{self, Kustomization};
use super::tree::Node;

impl Build<'_> {
    /// Runs what is known of the plugins a field names, by path or inline.
    pub(super) fn plugins(&mut self, dir: &str, k: &Kustomization, field: &str) {
        for (at, entry) in file::texts(&k.root, field) {
            let place = k.place(&at);
            for config in self.plugin_configs(dir, &entry, &place) {
                if field != "transformers" || !self.built_in(&config) {
                    let kind = config.str_at("kind");
                    let message = format!("what {kind} of `{field}` does is not known here");
                    self.layer
                        .problem(place.clone(), ProblemKind::Unsupported, message);
                }
            }
        }
    }

    fn plugin_configs(&mut self, dir: &str, entry: &str, place: &Place) -> Vec<Node> {
        let inline = meshscope_yaml::parse(entry);
        let read = source::resources(&inline, |i| place.within(i));
        let read = match read {
            Ok(resources) if !resources.is_empty() => Ok(resources),
            _ => {
                let role = Role::Plugin;
                let opened = source::open(dir, entry, role, place, self.files, &mut self.layer);
                let Some((file, stream)) = opened else {
                    return Vec::new();
                };
                source::resources(&stream, |i| Place::document(&file, i))
            }
        };
        match read {
            Ok(resources) => resources.into_iter().map(|r| r.node).collect(),
            Err((at, fault)) => {
                self.layer.problem(at, ProblemKind::Invalid, fault);
                Vec::new()
            }
        }
    }

    /// Runs a built-in transformer; false when it is none of those known here.
    fn built_in(&mut self, config: &Node) -> bool {
        if config.str_at("apiVersion") != "builtin" {
            return false;
        }
        let specs = config
            .get("fieldSpecs")
            .map(config::field_specs)
            .unwrap_or_default();
        let key = match config.str_at("kind").as_str() {
            "LabelTransformer" => "labels",
            "AnnotationsTransformer" => "annotations",
            _ => return false,
        };
        // A file of its own stands in for the kustomization: places lead into it.
        let at = Trail::root(config.from.as_ref()).place();
        let own = Kustomization {
            file: at.file.to_string(),
            root: Node::map().at(&Arc::new(at)),
        };
        self.pairs(&own, &Path::root().join(key), config.get(key), &specs);
        true
    }
}
