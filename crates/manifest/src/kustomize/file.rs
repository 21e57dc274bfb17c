//! A kustomization file: its fields, whatever the case of their keys, and what is wrong with them.
//!
//! The types are kustomize's own (`api/types/kustomization.go`). Unknown fields and wrong types are
//! faults there, so they are faults here; what can be read is used all the same.

use meshscope_yaml::{Path, Segment};

use super::tree::{Is, Node};
use crate::value::Str;

/// What a field holds.
enum Type {
    Text,
    Bool,
    Number,
    Any,
    List(&'static Type),
    Texts,
    Map(&'static Type),
    Struct(&'static [(&'static str, Type)]),
}

use Type::{Any, Bool, List, Map, Number, Struct, Text, Texts};

static FIELD_SPEC: Type = Struct(&[
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("path", Text),
    ("create", Bool),
]);

const SELECTOR_FIELDS: &[(&str, Type)] = &[
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("name", Text),
    ("namespace", Text),
    ("annotationSelector", Text),
    ("labelSelector", Text),
];

static SELECTOR: Type = Struct(SELECTOR_FIELDS);

static PATCH: Type = Struct(&[
    ("path", Text),
    ("patch", Text),
    ("target", Struct(SELECTOR_FIELDS)),
    ("options", Map(&Bool)),
]);

static IMAGE: Type = Struct(&[
    ("name", Text),
    ("newName", Text),
    ("tagSuffix", Text),
    ("newTag", Text),
    ("digest", Text),
]);

const FIELD_OPTIONS: &[(&str, Type)] = &[
    ("delimiter", Text),
    ("index", Number),
    ("encoding", Text),
    ("create", Bool),
];

static REPLACEMENT_TARGET: Type = Struct(&[
    ("select", Struct(SELECTOR_FIELDS)),
    ("reject", List(&SELECTOR)),
    ("fieldPaths", Texts),
    ("options", Struct(FIELD_OPTIONS)),
]);

static REPLACEMENT: Type = Struct(&[
    ("path", Text),
    (
        "source",
        Struct(&[
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
            ("fieldPath", Text),
            ("options", Struct(FIELD_OPTIONS)),
        ]),
    ),
    ("targets", List(&REPLACEMENT_TARGET)),
]);

static VAR: Type = Struct(&[
    ("name", Text),
    (
        "objref",
        Struct(&[
            ("apiVersion", Text),
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
        ]),
    ),
    ("fieldref", Struct(&[("fieldPath", Text)])),
]);

const GENERATOR_OPTIONS: &[(&str, Type)] = &[
    ("labels", Map(&Text)),
    ("annotations", Map(&Text)),
    ("disableNameSuffixHash", Bool),
    ("immutable", Bool),
];

static GENERATOR: Type = Struct(&[
    ("namespace", Text),
    ("name", Text),
    ("behavior", Text),
    ("literals", Texts),
    ("files", Texts),
    ("envs", Texts),
    ("env", Text),
    ("type", Text),
    ("options", Struct(GENERATOR_OPTIONS)),
]);

static LABEL: Type = Struct(&[
    ("pairs", Map(&Text)),
    ("includeSelectors", Bool),
    ("includeTemplates", Bool),
    ("fields", List(&FIELD_SPEC)),
]);

static REPLICA: Type = Struct(&[("name", Text), ("count", Number)]);

static HELM_CHART: Type = Struct(&[
    ("name", Text),
    ("version", Text),
    ("repo", Text),
    ("releaseName", Text),
    ("namespace", Text),
    ("additionalValuesFiles", Texts),
    ("valuesFile", Text),
    ("valuesInline", Any),
    ("valuesMerge", Text),
    ("includeCRDs", Bool),
    ("skipHooks", Bool),
    ("apiVersions", Texts),
    ("kubeVersion", Text),
    ("nameTemplate", Text),
    ("skipTests", Bool),
    ("debug", Bool),
]);

static KUSTOMIZATION: &[(&str, Type)] = &[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", Any),
    ("openapi", Map(&Text)),
    ("namePrefix", Text),
    ("nameSuffix", Text),
    ("namespace", Text),
    ("commonLabels", Map(&Text)),
    ("labels", List(&LABEL)),
    ("commonAnnotations", Map(&Text)),
    ("patchesStrategicMerge", Texts),
    ("patchesJson6902", List(&PATCH)),
    ("patches", List(&PATCH)),
    ("images", List(&IMAGE)),
    ("imageTags", List(&IMAGE)),
    ("replacements", List(&REPLACEMENT)),
    ("replicas", List(&REPLICA)),
    ("vars", List(&VAR)),
    ("sortOptions", Any),
    ("resources", Texts),
    ("components", Texts),
    ("crds", Texts),
    ("bases", Texts),
    ("configMapGenerator", List(&GENERATOR)),
    ("secretGenerator", List(&GENERATOR)),
    ("helmGlobals", Any),
    ("helmCharts", List(&HELM_CHART)),
    ("helmChartInflationGenerator", Any),
    ("generatorOptions", Struct(GENERATOR_OPTIONS)),
    ("configurations", Texts),
    ("generators", Texts),
    ("transformers", Texts),
    ("validators", Texts),
    ("buildMetadata", Texts),
];

/// Names a kustomization file can have.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a path names a kustomization file.
pub fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    NAMES.contains(&name)
}

/// A fault of a kustomization file, at a path of it.
pub(crate) type FileFault = (Path, String);

/// Gives the keys of a kustomization their usual case and says what is wrong with it. Values that
/// cannot be used are left out.
pub(crate) fn check(root: &mut Node, faults: &mut Vec<FileFault>) {
    if root.fields().is_none() {
        if !root.is_null() {
            faults.push((Path::root(), "a kustomization is a mapping".to_owned()));
        }
        *root = Node {
            is: Node::map().is,
            from: root.from.take(),
        };
    }
    check_fields(root, KUSTOMIZATION, &mut Path::root(), faults);
    let says_something = |(key, value): (&Str, &Node)| {
        let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
        !(empty || key == "apiVersion" || key == "kind")
    };
    if !root.fields().into_iter().flatten().any(says_something) {
        faults.push((Path::root(), "the kustomization is empty".to_owned()));
    }
    let kind = root.str_at("kind");
    let (kind, version) = match kind.as_str() {
        "Component" => ("Component", "kustomize.config.k8s.io/v1alpha1"),
        _ => (kind.as_str(), "kustomize.config.k8s.io/v1beta1"),
    };
    if !matches!(kind, "" | "Kustomization" | "Component") {
        let path = Path::root().join("kind");
        faults.push((path, "kind should be Kustomization or Component".to_owned()));
    }
    let written = root.str_at("apiVersion");
    if !written.is_empty() && written != version {
        let path = Path::root().join("apiVersion");
        faults.push((path, format!("apiVersion should be {version}")));
    }
}

/// A single replacement or a list of them, as a `path:` of `replacements` leads to.
pub(crate) fn check_replacements(file: &mut Node, faults: &mut Vec<FileFault>) {
    let mut path = Path::root();
    match &mut file.is {
        Is::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push(Segment::Index(index as u32));
                check_type(item, &REPLACEMENT, &mut path, faults);
                path.pop();
            }
        }
        _ => {
            check_type(file, &REPLACEMENT, &mut path, faults);
        }
    }
}

fn check_fields(
    node: &mut Node,
    known: &'static [(&'static str, Type)],
    path: &mut Path,
    faults: &mut Vec<FileFault>,
) {
    let Is::Map(fields) = &mut node.is else {
        return;
    };
    let written = std::mem::take(fields);
    for (key, mut value) in written {
        let same = |name: &str| name == key || name.eq_ignore_ascii_case(&key);
        path.push(Segment::Key(key.clone()));
        match known.iter().find(|(name, _)| same(name)) {
            None => faults.push((path.clone(), format!("unknown field `{key}`"))),
            Some((name, kind)) => {
                if check_type(&mut value, kind, path, faults) {
                    fields.insert((*name).into(), value);
                }
            }
        }
        path.pop();
    }
}

/// Checks one value; false when nothing can be made of it.
fn check_type(
    node: &mut Node,
    kind: &'static Type,
    path: &mut Path,
    faults: &mut Vec<FileFault>,
) -> bool {
    if node.is_null() {
        return true;
    }
    let mut wrong = |what: &str| {
        faults.push((path.clone(), format!("expected {what}")));
    };
    match (kind, &mut node.is) {
        (Any, _) | (Text, Is::Text(_)) | (Bool, Is::Bool(_)) | (Number, Is::Int(_)) => true,
        (Text, Is::Bool(_) | Is::Int(_) | Is::Float(_)) => {
            wrong("a string");
            node.is = Is::Text(node.scalar());
            true
        }
        (Struct(known), Is::Map(_)) => {
            check_fields(node, known, path, faults);
            true
        }
        (Map(inner), Is::Map(fields)) => {
            fields.retain(|key, value| {
                path.push(Segment::Key(key.clone()));
                let good = check_type(value, inner, path, faults);
                path.pop();
                good
            });
            true
        }
        (List(_) | Texts, Is::Seq(items)) => {
            let inner = match kind {
                List(inner) => inner,
                _ => &Text,
            };
            for (index, item) in items.iter_mut().enumerate() {
                path.push(Segment::Index(index as u32));
                if !check_type(item, inner, path, faults) {
                    item.is = Is::Null { written: true };
                }
                path.pop();
            }
            true
        }
        (Text, _) => {
            wrong("a string");
            false
        }
        (Bool, _) => {
            wrong("a boolean");
            false
        }
        (Number, _) => {
            wrong("a number");
            false
        }
        (List(_) | Texts, _) => {
            wrong("a list");
            false
        }
        (Struct(_) | Map(_), _) => {
            wrong("a mapping");
            false
        }
    }
}

/// The entries of a list field, each with its path.
pub(crate) fn entries<'a>(root: &'a Node, field: &str) -> impl Iterator<Item = (Path, &'a Node)> {
    let path = Path::root().join(field);
    let items = root.get(field).map(Node::items).unwrap_or_default();
    let numbered = items.iter().enumerate();
    numbered
        .filter(|(_, item)| !item.is_null())
        .map(move |(index, item)| (path.index(index as u32), item))
}

/// The texts of a list field, each with its path.
pub(crate) fn texts(root: &Node, field: &str) -> Vec<(Path, Str)> {
    entries(root, field)
        .map(|(path, item)| (path, item.scalar()))
        .collect()
}
