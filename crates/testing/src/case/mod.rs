//! A case file read: which files make its mesh, what holds there, and its claims as values.

mod mesh;
mod object;

pub use object::ObjectRef;

use camino::{Utf8Path, Utf8PathBuf};
use meshscope::Settings;
use meshscope::manifest::{Str, Value};

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// One line.
    pub title: String,
    /// Whether its expectation is disputed: run, not counted.
    pub contested: bool,
    /// The folder its manifests are in or below.
    pub root: Utf8PathBuf,
    /// Which of them make the mesh, and what holds there.
    pub settings: Settings,
    /// The namespace of objects that write none.
    pub default_namespace: Str,
    /// The whole file.
    pub value: Value,
}

/// Every key a case may have.
const KEYS: [&str; 24] = [
    "title",
    "source",
    "input",
    "istio",
    "mesh",
    "helm_releases",
    "attachments",
    "visibility",
    "traces",
    "blast_radius",
    "isolation",
    "egress_assurance",
    "gateway_clusters",
    "findings",
    "notes",
    "applies_to",
    "confidence",
    "status",
    "reason",
    "reason_kind",
    "validity",
    "virtual_host_domains",
    "clusters",
    "listeners",
];

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// In words, when it is no case: not readable, not YAML, or with keys nobody knows, which would
    /// be claims that nobody checks.
    pub fn read(file: &Utf8Path) -> Result<Case, String> {
        let value = read_yaml(file)?;
        let Some(map) = value.as_map() else {
            return Err("the case file is no mapping".into());
        };
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("unknown key {key:?} in the case file"));
        }
        let folder = file.parent().filter(|dir| !dir.as_str().is_empty());
        let folder = folder.unwrap_or(Utf8Path::new("."));
        let inputs = Inputs::new(folder, &value)?;
        let spec = mesh::spec(&value, folder, &inputs)?;
        let default_namespace = spec.default_namespace.clone().unwrap_or_default();
        Ok(Case {
            title: value.str_or_empty("title").to_string(),
            contested: value.str("status").as_deref() == Some("contested"),
            root: inputs.root,
            settings: Settings {
                meshes: vec![spec],
                ..Settings::default()
            },
            default_namespace,
            value,
        })
    }
}

/// The manifests of a case.
struct Inputs {
    /// A folder that holds them all.
    root: Utf8PathBuf,
    /// Files or folders relative to it, in load order.
    paths: Vec<Str>,
}

impl Inputs {
    fn new(folder: &Utf8Path, case: &Value) -> Result<Inputs, String> {
        let written = match case.get("input") {
            Value::Null => vec!["input".into()],
            Value::String(one) => vec![one.clone()],
            _ => case.strings("input"),
        };
        for path in &written {
            if !folder.join(path.as_str()).exists() {
                return Err(format!("input {path} is not there"));
            }
        }
        // An input above the case's folder moves the root up.
        let above = |path: &Str| path.split('/').take_while(|part| *part == "..").count();
        let up = written.iter().map(above).max().unwrap_or(0);
        if up == 0 {
            return Ok(Inputs {
                root: folder.to_owned(),
                paths: written,
            });
        }
        let absolute = folder.canonicalize_utf8().map_err(|e| e.to_string())?;
        let root = absolute.ancestors().nth(up).unwrap_or(&absolute).to_owned();
        let paths = written.iter().map(|path| {
            let full = absolute.join(path.as_str()).canonicalize_utf8();
            let full = full.map_err(|e| format!("input {path}: {e}"))?;
            let relative = full.strip_prefix(&root).map_err(|e| e.to_string())?;
            Ok(Str::new(relative.as_str()))
        });
        Ok(Inputs {
            paths: paths.collect::<Result<_, String>>()?,
            root,
        })
    }
}

/// The first document of a YAML file.
fn read_yaml(file: &Utf8Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let stream = meshscope_yaml::parse(&text);
    let Some(document) = stream.documents.first() else {
        return Ok(Value::Null);
    };
    if let Some(error) = document.errors().first() {
        let line = meshscope_yaml::LineIndex::new(&text).line_column(error.span.start);
        return Err(format!("{file}:{}: {}", line.line, error.message));
    }
    Ok(meshscope::manifest::read::document(document).unwrap_or_default())
}
