//! Findings for people, with the text they are about.

use super::{Outcome, brief};
use crate::words::count;
use ariadne::{Cache, Config, IndexType, Label, Report, ReportKind, Source};
use meshscope::Workspace;
use meshscope::finding::{Certainty, Finding, Location, Severity};
use std::collections::HashMap;
use std::fmt::{Debug, Display, Write};
use std::ops::Range;

/// All findings, and a line that sums up.
pub fn render(workspace: &Workspace, outcome: &Outcome, color: bool) -> String {
    let all = findings(workspace, &outcome.findings, color);
    format!("{all}{}\n", summary(outcome))
}

/// Findings, the worst last, where a terminal leaves off: infos and hints in a line, warnings and errors
/// with their sources.
pub fn findings(workspace: &Workspace, findings: &[Finding], color: bool) -> String {
    let mut sources = Sources {
        workspace,
        loaded: HashMap::new(),
    };
    let mut out = brief::render(findings).into_bytes();
    if !out.is_empty() {
        out.push(b'\n');
    }
    let mut shown: Vec<&Finding> = findings.iter().filter(|f| !brief::is_brief(f)).collect();
    shown.sort_by_key(|f| f.severity);
    for finding in shown {
        match &finding.location {
            Some(at) => {
                let report = report(finding, at, workspace, color);
                // Writing to memory cannot fail.
                let _ = report.write(&mut sources, &mut out);
            }
            None => out.extend(without_source(finding).into_bytes()),
        }
        out.push(b'\n');
    }
    let text = String::from_utf8_lossy(&out).into_owned();
    if color { text } else { without_colors(&text) }
}

fn report<'a>(
    finding: &Finding,
    at: &Location,
    workspace: &Workspace,
    color: bool,
) -> Report<'a, (String, Range<usize>)> {
    let (kind, shade) = match finding.severity {
        Severity::Error => (ReportKind::Error, ariadne::Color::Red),
        Severity::Warning => (ReportKind::Warning, ariadne::Color::Yellow),
        // Told in a line.
        Severity::Info | Severity::Hint => (ReportKind::Advice, ariadne::Color::Blue),
    };
    let config = Config::default()
        .with_index_type(IndexType::Byte)
        .with_color(color);
    let span = span(workspace, at);
    let mut report = Report::build(kind, span.clone())
        .with_config(config)
        .with_code(&finding.rule)
        .with_message(&finding.message);
    let subject = finding
        .resource
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let subject = match (subject.is_empty(), finding.path.is_empty()) {
        (true, _) => "here".to_owned(),
        (false, true) => subject,
        (false, false) => format!("{subject} {}", finding.path),
    };
    report = report.with_label(Label::new(span).with_message(subject).with_color(shade));
    for related in &finding.related {
        let who = related
            .resource
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let words = [who.as_str(), related.message.as_str()];
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        match &related.location {
            Some(place) => {
                let span = self::span(workspace, place);
                report = report.with_label(Label::new(span).with_message(words.join(": ")));
            }
            None => report = report.with_note(words.join(": ")),
        }
    }
    match finding.certainty {
        Certainty::Certain => {}
        Certainty::Ambiguous => report = report.with_note("istiod decides this by age or order"),
        Certainty::Assumed => {
            report = report.with_note("assumed: rests on what is not in the files")
        }
    }
    if let Some(help) = &finding.help {
        report = report.with_help(help);
    }
    if let Some(fix) = &finding.fix {
        report = report.with_help(format!("fix: {}", fix.title));
    }
    report.finish()
}

/// The bytes of a place, on character boundaries: the renderer cannot cope with anything else.
fn span(workspace: &Workspace, at: &Location) -> (String, Range<usize>) {
    let text = workspace
        .file(&at.file)
        .map(|f| f.text(workspace.db()).clone());
    let text = text.as_deref().unwrap_or_default();
    let snap = |offset: u32| {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let (start, end) = (snap(at.range.start.offset), snap(at.range.end.offset));
    (at.file.clone(), start..end.max(start))
}

/// A text without terminal colours: the renderer colours the words of its own kinds whatever it is told.
fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

/// A finding on an object that no file holds.
fn without_source(finding: &Finding) -> String {
    let who = finding
        .resource
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut text = format!(
        "[{}] {}: {}\n   = {who} {}\n",
        finding.rule,
        word(finding.severity),
        finding.message,
        finding.path
    );
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "   = help: {help}");
    }
    text
}

/// What was found in what, in a line.
pub fn summary(outcome: &Outcome) -> String {
    let severities = [
        Severity::Error,
        Severity::Warning,
        Severity::Info,
        Severity::Hint,
    ];
    let parts: Vec<String> = severities
        .into_iter()
        .filter(|severity| outcome.count(*severity) > 0)
        .map(|severity| count(outcome.count(severity), word(severity)))
        .collect();
    let found = if parts.is_empty() {
        "nothing found".to_owned()
    } else {
        parts.join(", ")
    };
    let suppressed = match outcome.suppressed {
        0 => String::new(),
        n => format!(", {n} suppressed"),
    };
    let known = match outcome.known.as_ref().map_or(0, |known| known.hidden) {
        0 => String::new(),
        n => format!(", {n} known"),
    };
    format!(
        "{found}{suppressed}{known} in {} of {} ({} ms)",
        count(outcome.resources, "resource"),
        count(outcome.files, "file"),
        outcome.duration_ms
    )
}

/// A severity in words.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
        Severity::Hint => "hint",
    }
}

/// Sources by path, read once.
struct Sources<'w> {
    workspace: &'w Workspace,
    loaded: HashMap<String, Source<String>>,
}

impl Cache<String> for &mut Sources<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &String) -> Result<&Source<String>, impl Debug> {
        let workspace = self.workspace;
        let source = self.loaded.entry(id.clone()).or_insert_with(|| {
            let text = workspace
                .file(id)
                .map(|f| f.text(workspace.db()).to_string());
            Source::from(text.unwrap_or_default())
        });
        Ok::<_, std::convert::Infallible>(&*source)
    }

    fn display<'a>(&self, id: &'a String) -> Option<impl Display + 'a> {
        Some(id)
    }
}
