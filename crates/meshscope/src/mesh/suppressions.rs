//! Suppressions by comment: `# meshscope: ignore RULE reason`.
//!
//! At the end of a line it speaks of that line, on a line of its own of the next one; before the first
//! key of a document of the whole document; `ignore-file` of the whole file. What suppresses nothing is
//! a finding itself.

use super::Mesh;
use super::place::range;
use crate::finding::{Certainty, Edit, Finding, Fix, Location, Severity};
use meshscope_mesh::db::{Db, SourceFile};
use meshscope_rules::registry;
use meshscope_yaml::{Document, LineIndex, Options, Span, parse_document, split};
use std::sync::Arc;

const MARK: &str = "meshscope: ignore";

/// One rule named by one comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suppression {
    rule: String,
    /// Whether the comment names no other rule.
    alone: bool,
    /// The bytes it speaks of: findings that start in them are kept back.
    reach: Span,
    comment: Span,
}

/// The suppressions of a file. Invalidated by its text; nothing for files without the mark.
#[salsa::tracked]
pub(super) fn suppressions(db: &dyn Db, file: SourceFile) -> Arc<[Suppression]> {
    let text = file.text(db);
    if !text.contains(MARK) {
        return Arc::default();
    }
    let lines = LineIndex::new(text);
    let mut found = Vec::new();
    for span in split(text) {
        let slice = text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        if slice.contains(MARK) {
            let document = parse_document(text, span, &Options::default());
            in_document(text, &document, &lines, &mut found);
        }
    }
    found.into()
}

fn in_document(text: &str, document: &Document, lines: &LineIndex, found: &mut Vec<Suppression>) {
    let content = document
        .root()
        .map_or(document.span().end, |root| root.span().start);
    for comment in document.comments() {
        let Some(words) = document
            .slice(comment.span)
            .trim_start_matches('#')
            .trim()
            .strip_prefix(MARK)
        else {
            continue;
        };
        let (whole_file, words) = match words.strip_prefix("-file") {
            Some(rest) => (true, rest),
            None => (false, words),
        };
        let Some(names) = words.split_whitespace().next() else {
            continue;
        };
        let line = lines.line_column(comment.span.start).line;
        let start = lines.line_start(line).unwrap_or(comment.span.start);
        let before = text
            .get(start as usize..comment.span.start as usize)
            .unwrap_or_default();
        let end_of = |line: u32| {
            lines
                .line_start(line + 1)
                .unwrap_or(u32::try_from(text.len()).unwrap_or(u32::MAX))
        };
        let reach = if whole_file {
            Span::new(0, u32::try_from(text.len()).unwrap_or(u32::MAX))
        } else if comment.span.end <= content {
            document.span()
        } else if before.trim().is_empty() {
            let next = next_content(text, lines, line + 1);
            Span::new(lines.line_start(next).unwrap_or(start), end_of(next))
        } else {
            Span::new(start, end_of(line))
        };
        let names: Vec<&str> = names.split(',').filter(|n| !n.is_empty()).collect();
        for rule in &names {
            found.push(Suppression {
                rule: (*rule).into(),
                alone: names.len() == 1,
                reach,
                comment: comment.span,
            });
        }
    }
}

/// The first line from `line` on that holds more than blanks and comments.
fn next_content(text: &str, lines: &LineIndex, mut line: u32) -> u32 {
    while let (Some(start), Some(end)) = (lines.line_start(line), lines.line_start(line + 1)) {
        let content = text
            .get(start as usize..end as usize)
            .unwrap_or_default()
            .trim();
        if !content.is_empty() && !content.starts_with('#') {
            break;
        }
        line += 1;
    }
    line
}

impl Mesh<'_> {
    /// Takes out what comments in some files suppress: how many were taken out, and what was suppressed
    /// in vain.
    pub(super) fn apply_suppressions(
        &self,
        files: &[SourceFile],
        findings: &mut Vec<Finding>,
    ) -> (usize, Vec<Finding>) {
        let db = self.db();
        let before = findings.len();
        let mut unused = Vec::new();
        for &file in files {
            let all = suppressions(db, file);
            if all.is_empty() {
                continue;
            }
            let path = file.path(db);
            let mut used = vec![false; all.len()];
            findings.retain(|finding| {
                let Some(at) = finding
                    .location
                    .as_ref()
                    .filter(|l| l.file == path.as_str())
                else {
                    return true;
                };
                let offset = at.range.start.offset;
                let mut kept = true;
                for (suppression, used) in all.iter().zip(&mut used) {
                    let covers =
                        suppression.reach.start <= offset && offset < suppression.reach.end;
                    if covers && suppression.rule == finding.rule {
                        *used = true;
                        kept = false;
                    }
                }
                kept
            });
            let lines = LineIndex::new(file.text(db));
            for (suppression, _) in all.iter().zip(used).filter(|(_, used)| !used) {
                unused.push(self.unused(file, &lines, suppression));
            }
        }
        (before - findings.len(), unused)
    }

    fn unused(&self, file: SourceFile, lines: &LineIndex, suppression: &Suppression) -> Finding {
        let rule = &suppression.rule;
        let path = file.path(self.db()).as_str();
        let known = registry::find(rule).is_some();
        // Of a name that is misspelled nobody knows what it was to keep back.
        let gone = (known && suppression.alone).then(|| Fix {
            title: "remove the comment".into(),
            safe: true,
            edits: vec![Edit {
                file: path.into(),
                range: range(
                    lines,
                    with_its_line(file.text(self.db()), suppression.comment),
                ),
                new_text: String::new(),
            }],
        });
        let message = if !known {
            format!("there is no rule {rule}: the suppression is unused")
        } else {
            format!("{rule} is not reported here: the suppression is unused")
        };
        let range = range(lines, suppression.comment);
        Finding {
            rule: "unused-suppression".into(),
            severity: Severity::Hint,
            certainty: Certainty::Certain,
            mesh: self.name().into(),
            resource: None,
            path: String::new(),
            location: Some(Location {
                file: path.into(),
                range,
            }),
            message,
            help: Some("remove the comment, or correct the rule's name".into()),
            related: Vec::new(),
            reach: None,
            meshes: Vec::new(),
            equivalents: Vec::new(),
            fix: gone,
        }
    }
}

/// A comment with the blanks before it, and with its line when nothing else is on it.
fn with_its_line(text: &str, comment: Span) -> Span {
    let (start, end) = (comment.start as usize, comment.end as usize);
    let before = text.get(..start).unwrap_or_default();
    let before = before.trim_end_matches([' ', '\t']);
    let after = text.get(end..).unwrap_or_default();
    let newline = ["\r\n", "\n"]
        .iter()
        .find(|newline| after.starts_with(**newline));
    let whole = before.is_empty() || before.ends_with('\n');
    let end = end + newline.filter(|_| whole).map_or(0, |newline| newline.len());
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(before.len()), offset(end))
}
