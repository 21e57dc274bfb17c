//! Which fields the transformers touch: kustomize's defaults, and what `configurations:` and `crds:`
//! add to them.

use std::sync::{Arc, LazyLock};

use super::id::Gvk;
use super::tree::{Is, Node};
use crate::value::Str;

/// A field of some kinds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldSpec {
    pub gvk: Gvk,
    /// Keys joined by `/`; `\/` is a slash inside a key.
    pub path: Str,
    /// Whether the field is made when it is absent.
    pub create: bool,
}

/// The fields that hold names of resources of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NameReference {
    pub target: Gvk,
    pub referrers: Vec<FieldSpec>,
}

/// All of it. Cheap to clone while it is the default.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config {
    sections: Arc<Sections>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sections {
    pub name_prefix: Vec<FieldSpec>,
    pub name_suffix: Vec<FieldSpec>,
    pub namespace: Vec<FieldSpec>,
    pub common_labels: Vec<FieldSpec>,
    pub labels: Vec<FieldSpec>,
    pub template_labels: Vec<FieldSpec>,
    pub common_annotations: Vec<FieldSpec>,
    pub images: Vec<FieldSpec>,
    pub replicas: Vec<FieldSpec>,
    pub var_reference: Vec<FieldSpec>,
    pub name_reference: Vec<NameReference>,
}

impl std::ops::Deref for Config {
    type Target = Sections;

    fn deref(&self) -> &Sections {
        &self.sections
    }
}

static DEFAULT: LazyLock<Config> = LazyLock::new(|| {
    let mut sections = Sections::default();
    for line in include_str!("default_config.txt").lines() {
        let columns: Vec<&str> = line.split(' ').collect();
        let [section, create, path, kind, group, version] = columns[..] else {
            continue;
        };
        let any = |s: &str| if s == "*" { Str::default() } else { s.into() };
        let spec = FieldSpec {
            gvk: Gvk {
                group: any(group),
                version: any(version),
                kind: any(kind),
            },
            path: path.into(),
            create: create == "create",
        };
        if let Some(target) = section.strip_prefix("nameReference:") {
            let mut parts = target.splitn(3, ':').map(any);
            let target = Gvk {
                kind: parts.next().unwrap_or_default(),
                group: parts.next().unwrap_or_default(),
                version: parts.next().unwrap_or_default(),
            };
            let referrers = vec![spec];
            let _ = sections.add_reference(NameReference { target, referrers });
        } else if let Some(list) = sections.section(section) {
            list.push(spec);
        }
    }
    sections.sort();
    Config {
        sections: Arc::new(sections),
    }
});

impl Config {
    /// What kustomize starts from.
    pub(crate) fn kustomize() -> Config {
        DEFAULT.clone()
    }

    /// Adds what another has more. Says what contradicts.
    pub(crate) fn add(&mut self, other: &Config) -> Result<(), String> {
        if Arc::ptr_eq(&self.sections, &other.sections) || *other.sections == Sections::default() {
            return Ok(());
        }
        if *self.sections == Sections::default() {
            self.sections = other.sections.clone();
            return Ok(());
        }
        let mut result = Ok(());
        let sections = Arc::make_mut(&mut self.sections);
        for name in SECTIONS {
            let more = other.sections.section_ref(name).unwrap_or_default();
            if let Some(list) = sections.section(name) {
                result = result.and(merge_all(list, more));
            }
        }
        for reference in &other.name_reference {
            result = result.and(sections.add_reference(reference.clone()));
        }
        sections.sort();
        result
    }

    /// Reads a `configurations:` file.
    pub(crate) fn read(file: &Node) -> Result<Config, String> {
        let mut sections = Sections::default();
        let mut result = Ok(());
        for (key, list) in file.fields().into_iter().flatten() {
            let known = SECTIONS.iter().find(|s| s.eq_ignore_ascii_case(key));
            if key.eq_ignore_ascii_case("nameReference") {
                for item in list.items() {
                    let referrers = item.get("fieldSpecs").map(field_specs).unwrap_or_default();
                    let target = gvk(item);
                    let reference = NameReference { target, referrers };
                    result = result.and(sections.add_reference(reference));
                }
            } else if let Some(section) = known.and_then(|s| sections.section(s)) {
                result = result.and(merge_all(section, &field_specs(list)));
            } else {
                result = result.and(Err(format!("unknown field `{key}`")));
            }
        }
        sections.sort();
        let sections = Arc::new(sections);
        result.map(|()| Config { sections })
    }

    /// A configuration of one section, for `crds:`.
    pub(crate) fn sections_mut(&mut self) -> &mut Sections {
        Arc::make_mut(&mut self.sections)
    }
}

const SECTIONS: [&str; 10] = [
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "varReference",
];

impl Sections {
    fn section(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match name {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "labels" => &mut self.labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            "varReference" => &mut self.var_reference,
            _ => return None,
        })
    }

    fn section_ref(&self, name: &str) -> Option<&[FieldSpec]> {
        Some(match name {
            "namePrefix" => &self.name_prefix,
            "nameSuffix" => &self.name_suffix,
            "namespace" => &self.namespace,
            "commonLabels" => &self.common_labels,
            "labels" => &self.labels,
            "templateLabels" => &self.template_labels,
            "commonAnnotations" => &self.common_annotations,
            "images" => &self.images,
            "replicas" => &self.replicas,
            "varReference" => &self.var_reference,
            _ => return None,
        })
    }

    pub(crate) fn add_reference(&mut self, reference: NameReference) -> Result<(), String> {
        let known = self.name_reference.iter_mut();
        match known.into_iter().find(|r| r.target == reference.target) {
            Some(known) => merge_all(&mut known.referrers, &reference.referrers),
            None => {
                self.name_reference.push(reference);
                Ok(())
            }
        }
    }

    fn sort(&mut self) {
        for name in SECTIONS {
            if let Some(list) = self.section(name) {
                list.sort_by_cached_key(|spec| spec.gvk.sort_key());
            }
        }
        self.name_reference
            .sort_by_cached_key(|reference| reference.target.sort_key());
    }
}

/// Adds the specs that are new. Two that differ only in `create` contradict each other.
pub(crate) fn merge_all(list: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    let mut result = Ok(());
    for spec in more {
        let known = list
            .iter()
            .find(|own| own.path == spec.path && own.gvk.is_selected(&spec.gvk));
        match known {
            None => list.push(spec.clone()),
            Some(known) if known.create == spec.create => {}
            Some(_) => result = Err(format!("conflicting field specs for `{}`", spec.path)),
        }
    }
    result
}

/// Reads a list of field specs.
pub(crate) fn field_specs(list: &Node) -> Vec<FieldSpec> {
    let spec = |item: &Node| FieldSpec {
        gvk: gvk(item),
        path: item.str_at("path"),
        create: item.bool_at("create"),
    };
    list.items().iter().map(spec).collect()
}

/// The `group`, `version` and `kind` of a selector.
pub(crate) fn gvk(item: &Node) -> Gvk {
    Gvk {
        group: item.str_at("group"),
        version: item.str_at("version"),
        kind: item.str_at("kind"),
    }
}

/// Reads a `crds:` file: OpenAPI definitions by type name, whose extensions say which fields are
/// annotations, labels, names or references.
pub(crate) fn read_crds(file: &Node) -> Config {
    let mut config = Config::default();
    for (name, definition) in file.fields().into_iter().flatten() {
        let properties = |d: &Node| d.dig(&["Schema", "properties"]).cloned();
        let Some(top) = properties(definition) else {
            continue;
        };
        let typed = ["kind", "apiVersion", "metadata"];
        if typed.iter().all(|key| top.get(key).is_some()) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            let gvk = Gvk {
                kind: kind.into(),
                ..Gvk::default()
            };
            let mut path = Vec::new();
            crd_fields(file, definition, &gvk, &mut path, config.sections_mut());
        }
    }
    config
}

fn crd_fields(file: &Node, definition: &Node, gvk: &Gvk, path: &mut Vec<Str>, out: &mut Sections) {
    // A definition may hold itself; nobody nests references deeper than this.
    if path.len() > 16 {
        return;
    }
    let properties = definition.dig(&["Schema", "properties"]);
    for (name, property) in properties.and_then(Node::fields).into_iter().flatten() {
        path.push(name.clone());
        let spec = |more: &[Str]| FieldSpec {
            gvk: gvk.clone(),
            path: [path.as_slice(), more].concat().join("/").into(),
            create: false,
        };
        let has = |key: &str| {
            property
                .get(key)
                .is_some_and(|n| matches!(n.is, Is::Text(_)))
        };
        if has("x-kubernetes-annotation") {
            let _ = merge_all(&mut out.common_annotations, &[spec(&[])]);
        }
        if has("x-kubernetes-label-selector") {
            let _ = merge_all(&mut out.common_labels, &[spec(&[])]);
        }
        if has("x-kubernetes-identity") {
            let _ = merge_all(&mut out.name_prefix, &[spec(&[])]);
        }
        if has("x-kubernetes-object-ref-api-version") && has("x-kubernetes-object-ref-kind") {
            let key = property.str_at("x-kubernetes-object-ref-name-key");
            let key = if key.is_empty() { "name".into() } else { key };
            let target = Gvk {
                version: property.str_at("x-kubernetes-object-ref-api-version"),
                kind: property.str_at("x-kubernetes-object-ref-kind"),
                ..Gvk::default()
            };
            let referrers = vec![spec(&[key])];
            let _ = out.add_reference(NameReference { target, referrers });
        }
        let reference = property.str_at("$ref");
        if let Some(next) = file.get(&reference).filter(|_| !reference.is_empty()) {
            crd_fields(file, next, gvk, path, out);
        }
        path.pop();
    }
}
