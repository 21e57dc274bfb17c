//! A comment that suppresses a finding, where YAML takes one.
//!
//! Tried as people would write it, and read back: a place that changes what the file says, or that is
//! no comment, is not offered.

use crate::place::{Place, TextEdit};
use meshscope::Workspace;
use meshscope::finding::Finding;
use meshscope::rules::registry;
use meshscope::yaml::{Document, LineIndex, Options, Span, parse_document, split};

/// The edit that writes `# meshscope: ignore RULE` for a finding; `None` when there is no place for it.
pub(super) fn comment(workspace: &Workspace, finding: &Finding) -> Option<TextEdit> {
    // What is about files or settings is not in the reach of comments.
    if finding.mesh.is_empty() || finding.rule == "unused-suppression" {
        return None;
    }
    registry::find(&finding.rule)?;
    let at = finding.location.as_ref()?;
    // JSON reads as YAML here, but other readers know no comments.
    if at.file.ends_with(".json") {
        return None;
    }
    let file = workspace.file(&at.file)?;
    let text = file.text(workspace.db());
    let lines = LineIndex::new(text);
    let start = lines.line_start(at.range.start.line)? as usize;
    let line = text.get(start..)?.split('\n').next()?;
    let indent = &line[..line.len() - line.trim_start().len()];
    let words = format!("# meshscope: ignore {} (say why)", finding.rule);
    let document = document_of(text, start)?;
    let first = document.root()?.span().start as usize;
    let ending = if line.ends_with('\r') { "\r\n" } else { "\n" };
    let above = (start, format!("{indent}{words}{ending}"));
    let beside = (start + line.trim_end().len(), format!("  {words}"));
    // Above the first key a comment would speak of the whole document.
    let tries = match start <= first && first < start + line.len() + 1 {
        true => vec![beside],
        false => vec![above, beside],
    };
    let fits = tries.into_iter().find(|(offset, new)| {
        let mut changed = text.to_string();
        changed.insert_str(*offset, new);
        says_the_same(&document, &changed, start)
            && is_comment(&changed, offset + new.len(), &words)
    });
    fits.map(|(offset, new_text)| TextEdit {
        place: Place {
            path: at.file.clone(),
            range: offset..offset,
        },
        new_text,
    })
}

fn document_of(text: &str, offset: usize) -> Option<Document> {
    let spans = split(text);
    let after = spans.partition_point(|span| span.start as usize <= offset);
    let span: Span = *spans.get(after.checked_sub(1)?)?;
    Some(parse_document(text, span, &Options::default()))
}

/// Whether a document holds what it held before.
fn says_the_same(before: &Document, changed: &str, offset: usize) -> bool {
    let Some(after) = document_of(changed, offset) else {
        return false;
    };
    let value = |document: &Document| meshscope::manifest::read::document(document);
    after.errors().len() == before.errors().len() && value(&after) == value(before)
}

/// Whether what ends before `end` is a comment with these words.
fn is_comment(changed: &str, end: usize, words: &str) -> bool {
    let Some(document) = document_of(changed, end.saturating_sub(2)) else {
        return false;
    };
    document
        .comments()
        .iter()
        .any(|comment| document.slice(comment.span).trim_end() == words)
}
