//! A finding as plain data: what the formats of the CLI and the editors are made from.
//!
//! Its JSON is the contract's. It must not know how it was computed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// The mesh it holds in.
    pub mesh: String,
    /// The other meshes it holds in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub meshes: Vec<String>,
    /// The object it sits on; none for a text that is no object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// The field; empty for the object itself.
    pub path: String,
    /// Where the field is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The fact.
    pub message: String,
    /// The action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The other parties.
    pub related: Vec<Related>,
    /// How many proxies it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// Codes of other tools for the same fault.
    pub equivalents: Vec<String>,
    /// A repair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Style.
    Hint,
    /// Advice.
    Info,
    /// Something written has no effect, or not the one it seems to have.
    Warning,
    /// Rejected, or certainly broken.
    Error,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It follows from the files.
    Certain,
    /// istiod itself decides by creation time or map order.
    Ambiguous,
    /// It rests on something outside the repository, named in the message.
    Assumed,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceId {
    /// The kind.
    pub kind: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The namespace; empty for cluster-scoped kinds, or when nothing says it.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// `Kind namespace/name`.
impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// A field of an object and where it is written: `Kind namespace/name spec.field (file:line)`, with
/// `(in no file)` for a default of istiod and for what an install makes.
pub fn written_at(resource: &ResourceId, path: &str, at: Option<&Location>) -> String {
    let field = match path {
        "" => String::new(),
        path => format!(" {path}"),
    };
    match at {
        Some(at) => format!("{resource}{field} ({}:{})", at.file, at.range.start.line),
        None => format!("{resource}{field} (in no file)"),
    }
}

/// A range of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Location {
    /// The file, relative to the root.
    pub file: String,
    /// The range.
    pub range: Range,
}

/// A range of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Range {
    /// Its start.
    pub start: Position,
    /// Its end, exclusive.
    pub end: Position,
}

/// A position in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    /// 1-based.
    pub line: u32,
    /// 1-based, in Unicode scalar values.
    pub column: u32,
    /// In UTF-8 bytes.
    pub offset: u32,
}

/// Another party of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Related {
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// The field.
    pub path: String,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it has to do with it.
    pub message: String,
}

/// How many proxies a finding reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reach {
    /// Sidecars.
    pub workloads: usize,
    /// Gateway workloads.
    pub gateways: usize,
}

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fix {
    /// What applying it does, as an order.
    pub title: String,
    /// Whether it can be applied without a person looking at it.
    pub safe: bool,
    /// The edits; all or none.
    pub edits: Vec<Edit>,
}

/// One edit of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// The file.
    pub file: String,
    /// What is replaced.
    pub range: Range,
    /// By what.
    pub new_text: String,
}
