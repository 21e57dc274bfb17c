//! Completion: what can be written at the cursor, as istiod would understand it from there.

use meshscope::Workspace;
use std::ops::Range;

/// What can be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// The bytes that an item replaces: the word before and after the cursor.
    pub range: Range<usize>,
    /// The items, best first.
    pub items: Vec<Completion>,
    /// Whether there are more than were listed.
    pub incomplete: bool,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What to show.
    pub label: String,
    /// What is written instead of [`Completions::range`].
    pub insert: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside the label, such as the FQDN or why it is not visible.
    pub detail: String,
    /// Markdown; may be empty.
    pub documentation: String,
    /// Orders the items: lower first. Editors sort by text otherwise.
    pub rank: u32,
}

/// What an item is. Fields and values come from the schema alone: with another YAML server attached
/// they are better left to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A host.
    Host,
    /// A Gateway.
    Gateway,
    /// A subset.
    Subset,
    /// A namespace, `.`, `*`.
    Namespace,
    /// A port number or name.
    Port,
    /// Any other object by name: a delegate, a service account, a secret, a backend.
    Object,
    /// A label or its value, of workloads.
    Label,
    /// The name of a field, from the schema.
    Field,
    /// A value of a field, from the schema.
    Value,
}

/// What can be written at `offset` of `file`. Works in half-typed text when the workspace knows the
/// line being typed in ([`Workspace::set_edited`]).
pub fn complete(workspace: &Workspace, file: &str, offset: usize) -> Completions {
    let _ = (workspace, file);
    Completions {
        range: offset..offset,
        ..Completions::default()
    }
}
