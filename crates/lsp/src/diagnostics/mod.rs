//! Findings as the client is shown them.

mod carry;
mod convert;
mod look;
mod pull;

pub use carry::carried;
pub use convert::{of_findings, result_id};
pub use look::{Found, FoundInFile, Look, OneFile, look, report};

pub use pull::{ask_again, document_report, of_file};

use crate::places::FolderId;
use tower_lsp::ls_types::Diagnostic;

/// The findings of a file that the client is shown.
#[derive(Clone, Debug)]
pub struct Published {
    /// The folder of the file.
    pub folder: FolderId,
    /// What is shown.
    pub diagnostics: Vec<Diagnostic>,
    /// The same for the same findings.
    pub result_id: String,
}

impl Published {
    /// What is shown of a file of a folder.
    pub fn new(folder: FolderId, diagnostics: Vec<Diagnostic>) -> Published {
        Published {
            folder,
            result_id: result_id(&diagnostics),
            diagnostics,
        }
    }
}
