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
    text.contains("{{") || text.contains("${") || text.contains("<%") || has_bracketed_part(text)
}

/// Whether a name holds a part in brackets, `[TEAM_NAME]-api`: what follows a YAML sequence is never
/// more of a name.
fn has_bracketed_part(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| {
        let Some((name, after)) = rest.split_once(']') else {
            return false;
        };
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        name.len() >= 2
            && name.chars().all(upper)
            && after
                .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(text: &str) -> Severity {
        let stream = meshscope_yaml::parse(text);
        syntax_problems(&stream.documents[0])[0].severity
    }

    #[test]
    fn what_waits_for_a_tool_is_a_hint() {
        assert_eq!(severity("metadata:\n  name: a: b\n"), Severity::Error);
        assert_eq!(
            severity("metadata:\n  name: [TEAM_NAME]-api\n"),
            Severity::Hint
        );
        assert_eq!(
            severity("drop: [ALL]\nmetadata:\n  name: a: b\n"),
            Severity::Error
        );
    }
}
