//! Repairs: from edits of fields to edits of text.
//!
//! A repair that cannot be written without touching more than it should is left out.

use super::place::{Places, range};
use crate::finding::{Edit, Fix};
use meshscope_manifest::Value;
use meshscope_manifest::validate;
use meshscope_mesh::index::{self, Definition};
use meshscope_yaml::{Document, LineIndex, Path, Span};

impl Places<'_> {
    /// A repair as edits of one file; `None` when one of its edits cannot be written, or when the
    /// field it is for comes from elsewhere.
    pub(super) fn fix(&self, definition: &Definition, fix: &validate::Fix) -> Option<Fix> {
        let file = definition.file;
        if self.template_of(file, 0).is_some() {
            return None;
        }
        let document = index::document(self.db, file, definition.document).as_ref()?;
        let path = file.path(self.db).to_string();
        let text = file.text(self.db);
        let lines = index::line_index(self.db, file);
        let written = |path: &Path| definition.written(self.db, path);
        let edits = fix
            .edits
            .iter()
            .map(|edit| {
                let (span, new_text) = text_edit(text, document, &written, lines, edit)?;
                Some(Edit {
                    file: path.clone(),
                    range: range(lines, span),
                    new_text,
                })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Fix {
            title: fix.title.clone(),
            safe: fix.safe,
            edits,
        })
    }
}

fn text_edit(
    text: &str,
    document: &Document,
    written: &dyn Fn(&Path) -> Option<Path>,
    lines: &LineIndex,
    edit: &validate::Edit,
) -> Option<(Span, String)> {
    let find = |path: &Path| document.locate(&written(path)?);
    let slice = |span: Span| text.get(span.start as usize..span.end as usize);
    match edit {
        validate::Edit::Replace { path, value } => {
            let span = find(path)?.value;
            if slice(span)?.contains('\n') {
                return None;
            }
            let lead = if span.is_empty() { " " } else { "" };
            Some((span, format!("{lead}{}", inline(value)?)))
        }
        validate::Edit::RenameKey { path, key } => Some((find(path)?.key?, scalar(key))),
        validate::Edit::Insert { path, key, value } => {
            let mapping = document.node_at(&written(path)?)?;
            let first = mapping.entries().next()?;
            let column = lines.line_column(first.span.start).column as usize - 1;
            // Only block mappings: their entries stand at the start of a line but for blanks and
            // the dash of an item.
            let line_start = lines.line_start(lines.line_column(first.span.start).line)?;
            let lead = slice(Span::new(line_start, first.span.start))?;
            lead.chars().all(|c| c == ' ' || c == '-').then_some(())?;
            let entry = format!(
                "{}: {}\n{}",
                scalar(key),
                inline(value)?,
                " ".repeat(column)
            );
            Some((Span::empty(first.span.start), entry))
        }
        validate::Edit::Quote { path } => {
            let span = find(path)?.value;
            Some((span, format!("\"{}\"", slice(span)?)))
        }
        validate::Edit::Unquote { path } => {
            let span = find(path)?.value;
            Some((span, slice(span)?.trim_matches(['"', '\'']).to_owned()))
        }
        validate::Edit::Delete { path } => {
            let entry = find(path)?.entry;
            let span = whole_lines(text, entry).or_else(|| in_flow(text, entry))?;
            Some((span, String::new()))
        }
    }
}

/// An entry of a list or mapping in brackets, with the comma after it, or else the one before; `None` when
/// it has neither, or they stand on other lines.
fn in_flow(text: &str, entry: Span) -> Option<Span> {
    let (start, end) = (entry.start as usize, entry.end as usize);
    let blank = |c: char| c == ' ' || c == '\t';
    let before = text.get(..start)?.trim_end_matches(blank);
    let after = text.get(end..)?.trim_start_matches(blank);
    let offset = |at: usize| u32::try_from(at).ok();
    if let Some(rest) = after
        .strip_prefix(',')
        .filter(|_| before.ends_with(['[', '{', ',']))
    {
        let next = rest.trim_start_matches(blank);
        return Some(Span::new(entry.start, offset(text.len() - next.len())?));
    }
    let last = before.ends_with(',') && after.starts_with([']', '}']);
    last.then(|| Some(Span::new(offset(before.len() - 1)?, entry.end)))?
}

/// An entry with its lines; `None` when something else stands on them.
fn whole_lines(text: &str, entry: Span) -> Option<Span> {
    let (start, end) = (entry.start as usize, entry.end as usize);
    let line_start = text.get(..start)?.rfind('\n').map_or(0, |i| i + 1);
    let rest = text.get(end..)?;
    let line_end = rest.find('\n').map_or(text.len(), |i| end + i + 1);
    let before = text.get(line_start..start)?;
    let after = text.get(end..line_end)?;
    let blank =
        before.trim().is_empty() && (after.trim().is_empty() || after.trim().starts_with('#'));
    blank.then(|| {
        Span::new(
            u32::try_from(line_start).unwrap_or(0),
            u32::try_from(line_end).unwrap_or(0),
        )
    })
}

/// A value on one line.
fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        Value::String(s) => scalar(s),
        Value::Seq(items) => {
            let items = items.iter().map(inline).collect::<Option<Vec<_>>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|(k, v)| Some(format!("{}: {}", scalar(k), inline(v)?)))
                .collect::<Option<Vec<_>>>()?;
            format!("{{{}}}", entries.join(", "))
        }
    })
}

/// A string as a plain scalar where that reads back as itself, quoted otherwise.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    if starts && text.chars().all(plain) && !word {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
