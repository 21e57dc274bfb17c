//! The transformers that set fields: namespace, prefix and suffix, labels, annotations, replicas.
//! What they write is written where the kustomization says so.

use std::sync::Arc;

use meshscope_yaml::{Path, Segment};

use super::build::Build;
use super::config::{self, FieldSpec, Sections};
use super::field::{Make, each_field};
use super::file;
use super::id::Gvk;
use super::place::{Place, Trail};
use super::problem::ProblemKind;
use super::resource::Resource;
use super::source::Kustomization;
use super::tree::{Is, Node};
use crate::value::Str;

impl Build<'_> {
    /// All transformers of a kustomization, in kustomize's order.
    pub(super) fn transform(&mut self, dir: &str, k: &Kustomization) {
        self.merge_patches(dir, k);
        self.patches(dir, k);
        self.namespace(k);
        self.affix(k, "namePrefix");
        self.affix(k, "nameSuffix");
        self.labels(k);
        self.annotations(k);
        self.json_patches(dir, k);
        self.replicas(k);
        self.images(k);
        self.replacements(dir, k);
    }

    /// Sets fields of every resource; says what failed, once per sort of fault.
    pub(super) fn each(
        &mut self,
        place: &Place,
        change: impl Fn(&mut Resource, &Sections) -> Result<(), String>,
    ) {
        let config = self.layer.config.clone();
        let mut faults: Vec<String> = Vec::new();
        for resource in self.layer.resources.iter_mut() {
            if let Err(fault) = change(resource, &config)
                && !faults.contains(&fault)
            {
                faults.push(fault);
            }
        }
        for fault in faults {
            self.layer
                .problem(place.clone(), ProblemKind::Invalid, fault);
        }
    }

    fn namespace(&mut self, k: &Kustomization) {
        let namespace = k.root.str_at("namespace");
        if namespace.is_empty() {
            return;
        }
        let place = k.place(&Path::root().join("namespace"));
        let from = Arc::new(place.clone());
        self.each(&place, |resource, config| {
            resource.remember();
            set_namespace(resource, config, &namespace, &from)
        });
        self.layer.check_identities(&place);
    }

    fn affix(&mut self, k: &Kustomization, field: &str) {
        let affix = k.root.str_at(field);
        if affix.is_empty() {
            return;
        }
        let place = k.place(&Path::root().join(field));
        let from = Arc::new(place.clone());
        self.each(&place, |resource, config| {
            let id = resource.original_id();
            if SKIPPED_BY_AFFIXES.iter().any(|(group, kind)| {
                id.gvk.kind == *kind && (group.is_empty() || id.gvk.group == *group)
            }) {
                return Ok(());
            }
            let prefix = field == "namePrefix";
            let specs = if prefix {
                &config.name_prefix
            } else {
                &config.name_suffix
            };
            for spec in specs.iter().filter(|s| id.gvk.is_selected(&s.gvk)) {
                if spec.path == "metadata/name" {
                    let affixes = if prefix {
                        &mut resource.prefixes
                    } else {
                        &mut resource.suffixes
                    };
                    affixes.push(affix.clone());
                    resource.remember();
                }
                each_field(resource, spec, Make::Scalar, &mut |node, _| {
                    let text = match prefix {
                        true => format!("{affix}{}", node.scalar()),
                        false => format!("{}{affix}", node.scalar()),
                    };
                    set_scalar(node, Is::Text(text.into()), &from)
                })?;
            }
            Ok(())
        });
    }

    fn labels(&mut self, k: &Kustomization) {
        for (at, entry) in file::entries(&k.root, "labels") {
            let own = entry
                .get("fields")
                .map(config::field_specs)
                .unwrap_or_default();
            let specs = label_specs(&self.layer.config, own, entry);
            let specs = match specs {
                Ok(specs) => specs,
                Err(fault) => {
                    self.layer
                        .problem(k.place(&at), ProblemKind::Invalid, fault);
                    continue;
                }
            };
            self.pairs(k, &at.join("pairs"), entry.get("pairs"), &specs);
        }
        let specs = self.layer.config.common_labels.clone();
        let at = Path::root().join("commonLabels");
        self.pairs(k, &at, k.root.get("commonLabels"), &specs);
    }

    fn annotations(&mut self, k: &Kustomization) {
        let specs = self.layer.config.common_annotations.clone();
        let at = Path::root().join("commonAnnotations");
        self.pairs(k, &at, k.root.get("commonAnnotations"), &specs);
    }

    /// Sets keys of the mappings that the specs name.
    pub(super) fn pairs(
        &mut self,
        k: &Kustomization,
        at: &Path,
        pairs: Option<&Node>,
        specs: &[FieldSpec],
    ) {
        let pairs = pairs.and_then(Node::fields).into_iter().flatten();
        let mut pairs: Vec<(&Str, Node)> = pairs
            .map(|(key, value)| {
                let from = Arc::new(k.place(&at.join(key)));
                (key, Node::text(value.scalar()).at(&from))
            })
            .collect();
        if pairs.is_empty() {
            return;
        }
        pairs.sort_by(|a, b| a.0.cmp(b.0));
        let from = Arc::new(k.place(at));
        self.each(&from, |resource, _| {
            for (key, value) in &pairs {
                for spec in specs {
                    each_field(resource, spec, Make::Map, &mut |node, _| {
                        let Some(fields) = node.fields_mut() else {
                            return Err("expected a mapping".to_owned());
                        };
                        match fields.get_mut(key.as_str()) {
                            Some(old) if old.is == value.is => {}
                            Some(old) => *old = value.clone(),
                            None => {
                                fields.insert((*key).clone(), value.clone());
                            }
                        }
                        Ok(())
                    })?;
                }
            }
            Ok(())
        });
    }

    fn replicas(&mut self, k: &Kustomization) {
        for (at, entry) in file::entries(&k.root, "replicas") {
            let name = entry.str_at("name");
            let Some(Is::Int(count)) = entry.get("count").map(|c| c.is.clone()) else {
                continue;
            };
            let from = Arc::new(k.place(&at.join("count")));
            let specs = self.layer.config.replicas.clone();
            let found = std::cell::Cell::new(false);
            self.each(&from, |resource, _| {
                for spec in &specs {
                    let named = |gvk: &Gvk, n: &Str| *n == name && gvk.is_selected(&spec.gvk);
                    if resource.ids().iter().any(|id| named(&id.gvk, &id.name)) {
                        found.set(true);
                        each_field(resource, spec, Make::Scalar, &mut |node, _| {
                            set_scalar(node, Is::Int(count), &from)
                        })?;
                    }
                }
                Ok(())
            });
            if !found.get() {
                let message = format!("there is nothing called `{name}` to scale");
                self.layer
                    .problem(k.place(&at), ProblemKind::NoTarget, message);
            }
        }
    }
}

static SKIPPED_BY_AFFIXES: &[(&str, &str)] = &[
    ("", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("", "Namespace"),
];

/// Sets a scalar; the place stays where it was when nothing changes.
pub(super) fn set_scalar(node: &mut Node, value: Is, from: &Arc<Place>) -> Result<(), String> {
    if !node.is_scalar() {
        return Err("expected a scalar".to_owned());
    }
    if node.is != value {
        *node = Node::new(value).at(from);
    }
    Ok(())
}

fn set_namespace(
    resource: &mut Resource,
    config: &Sections,
    namespace: &Str,
    from: &Arc<Place>,
) -> Result<(), String> {
    let gvk = resource.gvk();
    let mut set =
        |node: &mut Node, _: &Trail<'_>| set_scalar(node, Is::Text(namespace.clone()), from);
    if !gvk.is_cluster_scoped() {
        let spec = FieldSpec {
            gvk: Gvk::default(),
            path: "metadata/namespace".into(),
            create: true,
        };
        each_field(resource, &spec, Make::Scalar, &mut set)?;
    }
    let binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    if binding {
        let subjects = resource.node.get_mut("subjects").map(|s| &mut s.is);
        if let Some(Is::Seq(subjects)) = subjects {
            for subject in subjects
                .iter_mut()
                .filter(|s| s.str_at("name") == "default")
            {
                let text = Is::Text(namespace.clone());
                if let Some(fields) = subject.fields_mut() {
                    let field = fields.entry("namespace".into()).or_insert_with(Node::null);
                    set_scalar(field, text, from)?;
                }
            }
        }
    }
    let core = resource.node.str_at("apiVersion") == "v1";
    for spec in &config.namespace {
        let handled = spec.path == "metadata/namespace"
            || (spec.path == "metadata/name" && !core)
            || (binding
                && matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding")
                && spec.path == "subjects/namespace");
        if !handled {
            each_field(resource, spec, Make::Scalar, &mut set)?;
        }
    }
    Ok(())
}

fn label_specs(
    config: &Sections,
    own: Vec<FieldSpec>,
    entry: &Node,
) -> Result<Vec<FieldSpec>, String> {
    let mut specs = own;
    config::merge_all(&mut specs, &config.labels)?;
    if entry.bool_at("includeSelectors") {
        config::merge_all(&mut specs, &config.common_labels)?;
        return Ok(specs);
    }
    if entry.bool_at("includeTemplates") {
        config::merge_all(&mut specs, &config.template_labels)?;
    }
    let metadata = FieldSpec {
        gvk: Gvk::default(),
        path: "metadata/labels".into(),
        create: true,
    };
    config::merge_all(&mut specs, &[metadata])?;
    Ok(specs)
}

/// The step of a key.
pub(super) fn key(name: &str) -> Segment {
    Segment::Key(name.into())
}
