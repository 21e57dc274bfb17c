//! The findings of one document, for clients that ask for them.

use super::{of_findings, report, result_id};
use crate::features::refusal;
use crate::world::File;
use meshscope::Report;
use tower_lsp::jsonrpc::{Error, ErrorCode};
use tower_lsp::ls_types::{
    Diagnostic, DiagnosticServerCancellationData, DocumentDiagnosticReport,
    FullDocumentDiagnosticReport, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport, Uri,
};

/// The server gave up for now.
const SERVER_CANCELLED: i64 = -32802;

/// The findings of a file.
pub fn of_file(file: &File<'_>, uri: &Uri) -> Vec<Diagnostic> {
    if !file.world.settings.diagnostics.enable {
        return Vec::new();
    }
    let mut report: Report = report(file.folder);
    let here = |path: &str| path == file.path;
    report
        .findings
        .retain(|finding| finding.location.as_ref().is_some_and(|at| here(&at.file)));
    let mut files = of_findings(file.world, file.folder, &report);
    files.remove(uri).unwrap_or_default()
}

/// The answer; that nothing changed when the client has the same already.
pub fn document_report(
    items: Vec<Diagnostic>,
    previous: Option<String>,
) -> DocumentDiagnosticReport {
    let result_id = result_id(&items);
    if previous.as_ref() == Some(&result_id) {
        let report = UnchangedDocumentDiagnosticReport { result_id };
        return DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: report,
        });
    }
    let result_id = Some(result_id);
    DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id, items },
    })
}

/// Nothing can be said before the folder is read; the client is to ask again.
pub fn ask_again() -> Error {
    let data = DiagnosticServerCancellationData::default();
    Error {
        code: ErrorCode::ServerError(SERVER_CANCELLED),
        data: serde_json::to_value(data).ok(),
        ..refusal("the folder is still being read")
    }
}
