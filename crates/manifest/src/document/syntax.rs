//! Rule yaml-syntax-error: what the YAML reader could not read, as findings.
//!
//! These have byte ranges and not paths: where there is no tree there are no fields.

use crate::validate::Severity;
use meshscope_yaml::{Document, ErrorKind, Span};

/// A finding about the text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxProblem {
    /// The rule: always `yaml-syntax-error`.
    pub rule: &'static str,
    /// Error, or hint for what is probably an unrendered template.
    pub severity: Severity,
    /// Bytes of the whole text.
    pub span: Span,
    /// The first of two equal keys.
    pub related: Option<Span>,
    /// The fact.
    pub message: String,
    /// Whether the document could not be read because of it.
    pub skipped: bool,
}

/// What is wrong with the text of a document. The caller knows whether the file is a Kubernetes
/// manifest at all, and asks only then.
pub fn syntax_problems(document: &Document) -> Vec<SyntaxProblem> {
    let template = is_template(document.text());
    document
        .errors()
        .iter()
        .map(|error| {
            let fatal = error.kind.is_fatal() && document.root().is_none();
            let consequence = if fatal {
                "this document is skipped, the others of the file are analysed"
            } else {
                "the rest of the document is analysed"
            };
            let unrendered = template && error.kind.is_fatal();
            SyntaxProblem {
                rule: "yaml-syntax-error",
                severity: match error.kind {
                    ErrorKind::Template => Severity::Hint,
                    _ if unrendered => Severity::Hint,
                    _ => Severity::Error,
                },
                span: error.span,
                related: error.related,
                message: format!("not valid YAML: {}; {consequence}", error.message),
                skipped: fatal,
            }
        })
        .collect()
}

/// Whether a text looks like a template that nobody has rendered.
fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("${") || text.contains("<%")
}
