//! The documentation of a field, from the schema of its kind.

use super::Hover;
use crate::symbol::cursor::document_at;
use crate::words::coded;
use meshscope::Workspace;
use meshscope::manifest::validate::schema::{Node, schema};
use meshscope::manifest::{Kind, Value};
use meshscope::yaml::{Document, Path};
use std::fmt::Write;

/// The documentation of the field at `offset` from the schema of its kind: type, description, values,
/// default. For editors without another YAML server; needs no mesh.
pub fn field_help(workspace: &Workspace, file: &str, offset: usize) -> Option<Hover> {
    let file = workspace.file(file)?;
    let (_, document) = document_at(workspace, file, offset)?;
    let path = document.path_at(u32::try_from(offset).ok()?)?;
    let (kind, api_version, inner) = object_at(&document, &path)?;
    let node = schema().field(kind, &api_version, &inner)?;
    let name = inner.segments().iter().rev().find_map(|step| match step {
        meshscope::yaml::Segment::Key(key) => Some(key.as_str()),
        meshscope::yaml::Segment::Index(_) => None,
    })?;
    let found = document.locate(&path)?;
    let span = found.key.unwrap_or(found.value);
    Some(Hover {
        range: span.range(),
        markdown: text(name, node),
    })
}

/// The object that a path of a document is in: its kind, its apiVersion, and the path inside it.
pub(crate) fn object_at(document: &Document, path: &Path) -> Option<(Kind, String, Path)> {
    let steps = path.segments();
    for length in (0..=steps.len()).rev() {
        let prefix: Path = steps[..length].iter().cloned().collect();
        let Some(node) = document.node_at(&prefix) else {
            continue;
        };
        let written = |key: &str| node.get(key).and_then(|value| value.as_str());
        if let (Some(api), Some(kind)) = (written("apiVersion"), written("kind"))
            && let Some(kind) = Kind::from_api(&api, &kind)
        {
            let inner = steps[length..].iter().cloned().collect();
            return Some((kind, api.into_owned(), inner));
        }
    }
    None
}

/// What a field is, in Markdown.
pub(crate) fn text(name: &str, node: &Node) -> String {
    let mut text = format!("**`{name}`**: {}", node.type_name());
    if !node.description.is_empty() {
        let _ = write!(text, "\n\n{}", node.description);
    }
    let values: Vec<String> = node.values.iter().filter_map(shown).collect();
    if !values.is_empty() {
        let _ = write!(text, "\n\nOne of {}", coded(&values, 20));
    }
    if let Some(default) = node.default.as_ref().and_then(shown) {
        let _ = write!(text, "\n\nDefault: `{default}`");
    }
    text
}

/// A value of a field as it is written.
pub(crate) fn shown(value: &Value) -> Option<String> {
    value.scalar_text().map(|text| text.to_string())
}
