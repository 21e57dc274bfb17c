//! Editor features as plain data: definition, hover, completion and the others.
//!
//! Every function takes a [`meshscope::Workspace`], the path of a file relative to its root and byte
//! offsets, and returns owned values with byte ranges. What a name means is asked of the engine, from
//! the place it is written in, never found by comparing texts. Nothing here fails: a file that is not
//! there, an offset beyond its end or half-typed text give less, or nothing. This crate must not know
//! the language server protocol, lines and columns, or an editor.
//!
//! A file may be part of several meshes, and mean something else in each: answers say for which meshes
//! they hold (`meshes`), and answers that are equal are merged.

mod actions;
mod calls;
mod commands;
mod completion;
mod definition;
mod diagnostics;
mod hints;
mod hover;
mod lenses;
mod outline;
mod place;
mod references;
mod rename;
mod symbol;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod words;

pub use actions::{ActionKind, CodeAction, actions_for, code_actions};
pub use calls::{CallItem, CallLink, call_hierarchy, incoming_calls, outgoing_calls};
pub use commands::{
    Caller, CommandError, FrozenPart, GraphFormat, Impact, ListedMesh, ReachedProxy, Reason,
    RouteGraphRequest, TraceAnswer, TraceRequest, TraceStep, blast_radius, blast_radius_of,
    callers, meshes, route_graph, trace,
};
pub use completion::{Completion, CompletionKind, Completions, complete};
pub use definition::{Definitions, Target, definition};
pub use diagnostics::{Diagnostic, DiagnosticOptions, Related, Tag, diagnostics, diagnostics_of};
pub use hints::{InlayHint, inlay_hints};
pub use hover::{Hover, field_help, hover};
pub use lenses::{Lens, LensCommand, LensKind, LensTitle, lenses, resolve_lens};
pub use outline::{
    DocumentSymbol, SymbolKind, WorkspaceSymbol, document_symbols, workspace_symbols,
};
pub use place::{Place, TextEdit};
pub use references::{Reference, highlights, references};
pub use rename::{RenameError, RenameTarget, prepare_rename, rename};
