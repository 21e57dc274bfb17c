//! What editors show and do, from the plain data of `meshscope-ide` to the protocol: bytes become
//! positions, paths become names. Nothing is computed here.

mod calls;
mod change;
mod complete;
mod navigate;
mod show;
mod symbols;

pub use calls::{incoming_calls, outgoing_calls, prepare_call_hierarchy};
pub use change::{code_actions, prepare_rename, rename};
pub use complete::complete;
pub use navigate::{definition, highlights, references};
pub use show::{document_of, hover, inlay_hints, lenses, resolve_lens};
pub use symbols::{document_symbols, workspace_symbols};

use tower_lsp::jsonrpc::{Error, ErrorCode};
use tower_lsp::ls_types::{Documentation, MarkupContent, MarkupKind};

/// The request was understood and cannot be fulfilled.
const REQUEST_FAILED: i64 = -32803;

/// Why a request cannot be fulfilled, for people.
pub fn refusal(reason: impl ToString) -> Error {
    Error {
        code: ErrorCode::ServerError(REQUEST_FAILED),
        message: reason.to_string().into(),
        data: None,
    }
}

fn markdown(text: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value: text,
    }
}

fn documentation(text: String) -> Option<Documentation> {
    (!text.is_empty()).then(|| Documentation::MarkupContent(markdown(text)))
}
