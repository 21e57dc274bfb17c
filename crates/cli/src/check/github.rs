//! Workflow commands of GitHub Actions: an annotation on the line each finding is about.

use super::Outcome;
use super::place::Places;
use meshscope::finding::{Finding, Severity};
use std::fmt::Write;

/// A command per finding, the worst first: GitHub shows only the first ones of each step.
pub fn render(places: &Places, outcome: &Outcome) -> String {
    let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut text = String::new();
    for finding in findings {
        command(places, finding, &mut text);
    }
    let _ = writeln!(text, "{}", super::human::summary(outcome));
    text
}

fn command(places: &Places, finding: &Finding, text: &mut String) {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Hint => "notice",
    };
    let _ = write!(text, "::{name} title={}", property(&finding.rule));
    if let Some(at) = places.of(finding) {
        let (start, end) = (at.range.start, at.range.end);
        let file = property(&places.path(&at.file));
        let _ = write!(
            text,
            ",file={file},line={},endLine={}",
            start.line, end.line
        );
        // Columns count only on one line.
        if start.line == end.line {
            let _ = write!(
                text,
                ",col={},endColumn={}",
                start.column,
                end.column.max(start.column)
            );
        }
    }
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        let _ = write!(message, "\n{help}");
    }
    let _ = writeln!(text, "::{}", data(&message));
}

/// A text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50%\r\n::error"), "50%25%0D%0A::error");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
