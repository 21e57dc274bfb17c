//! The shape of a finding about one document: rule, place, text and repair, free of positions.
//!
//! Must not know which rules exist (the catalogue does) nor how findings are shown.

use crate::value::{Str, Value};
use meshscope_yaml::Path;

/// How bad a finding is; the catalogue's default of its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Style.
    Hint,
    /// Advice, or a harmless consequence.
    Info,
    /// Something written has no effect, or not the one it seems to have.
    Warning,
    /// Rejected, or certainly broken.
    Error,
}

/// One finding about one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The rule's name in the catalogue, such as `unknown-field`.
    pub rule: &'static str,
    /// The row of validation-rules.md that it breaks, such as `PORT`; `CRD` for the schema, `CEL` for
    /// its expressions; empty where the rule says it all.
    pub reason: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The field, from the root of the object (in a `List`, from the item). It may name a field that
    /// is not written; the finding then sits on the nearest one above that is.
    pub path: Path,
    /// Whether the finding is about the key and not its value.
    pub at_key: bool,
    /// The fact, for the operator.
    pub message: String,
    /// The action, where the message does not say it.
    pub help: Option<String>,
    /// Whether the API server or istiod's webhook refuses the object because of it.
    pub rejected: bool,
    /// Other fields involved, such as the first of two equal names.
    pub related: Vec<Path>,
    /// A repair.
    pub fix: Option<Fix>,
}

/// A repair of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What applying it does, as an order: `rename to hosts`.
    pub title: String,
    /// Whether it can be applied without a person looking at it.
    pub safe: bool,
    /// The edits; all or none.
    pub edits: Vec<Edit>,
}

/// One change of a document, by path.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Writes another value at `path`.
    Replace {
        /// The field or item.
        path: Path,
        /// Its new value.
        value: Value,
    },
    /// Gives the entry at `path` another key.
    RenameKey {
        /// The entry.
        path: Path,
        /// Its new key.
        key: Str,
    },
    /// Adds an entry to the mapping at `path`.
    Insert {
        /// The mapping; empty for the object itself.
        path: Path,
        /// The new key.
        key: Str,
        /// Its value.
        value: Value,
    },
    /// Puts quotes around the scalar at `path`, as it is written.
    Quote {
        /// The scalar.
        path: Path,
    },
    /// Takes the quotes off the scalar at `path`.
    Unquote {
        /// The scalar.
        path: Path,
    },
    /// Removes the entry or item at `path`.
    Delete {
        /// The entry or item.
        path: Path,
    },
}

/// What the verdict depends on besides the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// The namespace that an object without one lands in; empty when nobody knows.
    pub default_namespace: Str,
    /// istiod's PILOT_ENABLE_IP_AUTOALLOCATE; on since 1.25.
    pub ip_autoallocate: bool,
    /// Also say what the webhook warns about from one object and what meshscope's own rules say
    /// better from the whole mesh: routes that others take, HTTP attributes in DENY policies.
    pub webhook_warnings: bool,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            default_namespace: Str::default(),
            ip_autoallocate: true,
            webhook_warnings: false,
        }
    }
}
