//! Requests for the findings of the workspace: they wait until there is something to say.
//!
//! Clients ask again as soon as they are answered, so an answer that says nothing new would make them
//! ask without end. No world is held meanwhile.

use super::Owner;
use std::collections::BTreeMap;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    FullDocumentDiagnosticReport, UnchangedDocumentDiagnosticReport, Uri,
    WorkspaceDiagnosticReport, WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport,
    WorkspaceFullDocumentDiagnosticReport, WorkspaceUnchangedDocumentDiagnosticReport,
};

/// A request that waits.
pub struct Pull {
    previous: BTreeMap<Uri, String>,
    to: oneshot::Sender<Result<WorkspaceDiagnosticReportResult>>,
}

impl Pull {
    /// A request of a client that has these results, and its answer to come.
    pub fn new(
        previous: impl IntoIterator<Item = (Uri, String)>,
    ) -> (
        Pull,
        oneshot::Receiver<Result<WorkspaceDiagnosticReportResult>>,
    ) {
        let (to, answer) = oneshot::channel();
        let previous = previous.into_iter().collect();
        (Pull { previous, to }, answer)
    }
}

impl Owner {
    pub(super) fn pull(&mut self, pull: Pull) {
        self.pulls.push(pull);
        self.answer_pulls();
    }

    /// Answers the requests that have something new to learn.
    pub(super) fn answer_pulls(&mut self) {
        // Before everything was looked at once nothing can be said.
        if self.folders.iter().any(|folder| folder.report.is_none()) {
            return;
        }
        for pull in std::mem::take(&mut self.pulls) {
            if pull.to.is_closed() {
                continue;
            }
            match self.news(&pull.previous) {
                Some(items) => {
                    let report = WorkspaceDiagnosticReport { items };
                    let _ = pull
                        .to
                        .send(Ok(WorkspaceDiagnosticReportResult::Report(report)));
                }
                None => self.pulls.push(pull),
            }
        }
    }

    fn news(
        &self,
        previous: &BTreeMap<Uri, String>,
    ) -> Option<Vec<WorkspaceDocumentDiagnosticReport>> {
        let current = &self.checks.current;
        let version = |uri: &Uri| {
            self.documents
                .get(uri)
                .map(|document| i64::from(document.version))
        };
        let known = current.iter().map(|(uri, published)| {
            if previous.get(uri) == Some(&published.result_id) {
                let report = UnchangedDocumentDiagnosticReport {
                    result_id: published.result_id.clone(),
                };
                WorkspaceDocumentDiagnosticReport::Unchanged(
                    WorkspaceUnchangedDocumentDiagnosticReport {
                        uri: uri.clone(),
                        version: version(uri),
                        unchanged_document_diagnostic_report: report,
                    },
                )
            } else {
                let report = FullDocumentDiagnosticReport {
                    result_id: Some(published.result_id.clone()),
                    items: published.diagnostics.clone(),
                };
                full(uri, version(uri), report)
            }
        });
        let clean = previous.keys().filter(|uri| !current.contains_key(uri));
        let clean =
            clean.map(|uri| full(uri, version(uri), FullDocumentDiagnosticReport::default()));
        let items: Vec<_> = known.chain(clean).collect();
        let is_new = |item: &WorkspaceDocumentDiagnosticReport| {
            matches!(item, WorkspaceDocumentDiagnosticReport::Full(_))
        };
        items.iter().any(is_new).then_some(items)
    }
}

fn full(
    uri: &Uri,
    version: Option<i64>,
    report: FullDocumentDiagnosticReport,
) -> WorkspaceDocumentDiagnosticReport {
    WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
        uri: uri.clone(),
        version,
        full_document_diagnostic_report: report,
    })
}
