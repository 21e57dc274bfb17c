//! Where findings are: from files, documents and paths to ranges.

use super::Mesh;
use crate::finding::{Location, Position, Range};
use meshscope_mesh::SourceFile;
use meshscope_mesh::index::{self, FileObject};
use meshscope_yaml::{Document, LineIndex, Path, Span};

impl Mesh<'_> {
    /// The place of a field of an object, or of the nearest one above it that is written.
    pub(super) fn place_of_field(
        &self,
        file: SourceFile,
        object: &FileObject,
        lines: &LineIndex,
        path: &Path,
        at_key: bool,
    ) -> Option<Location> {
        let document = index::document(self.db(), file, object.document).as_ref()?;
        let span = span_of(document, &joined(&object.prefix, path), at_key)?;
        Some(self.place(file, lines, span))
    }

    /// A range of a file.
    pub(super) fn place(&self, file: SourceFile, lines: &LineIndex, span: Span) -> Location {
        let range = Range {
            start: position(lines, span.start),
            end: position(lines, span.end),
        };
        Location {
            file: file.path(self.db()).to_string(),
            range,
        }
    }
}

/// A path under another.
pub(super) fn joined(prefix: &Path, path: &Path) -> Path {
    prefix
        .segments()
        .iter()
        .chain(path.segments())
        .cloned()
        .collect()
}

/// The bytes of a field: its value, its key when that is asked for or the value is empty, or the
/// same of the nearest field above it that is written.
pub(super) fn span_of(document: &Document, path: &Path, at_key: bool) -> Option<Span> {
    let mut path = path.clone();
    let mut exact = true;
    loop {
        if let Some(found) = document.locate(&path) {
            // What stands for a missing field points at the key above, not at all of its value.
            let key = found
                .key
                .filter(|_| at_key || !exact || found.value.is_empty());
            let span = key.unwrap_or(found.value);
            return Some(if path.is_empty() {
                first_line(document, span)
            } else {
                span
            });
        }
        exact = false;
        path.pop()?;
    }
}

/// The first line of a span: an object as a whole is pointed at by its first line.
fn first_line(document: &Document, span: Span) -> Span {
    let text = document.slice(span);
    let length = text.find(['\n', '\r']).unwrap_or(text.len());
    Span::new(span.start, span.start + u32::try_from(length).unwrap_or(0))
}

/// A position in a text.
pub(super) fn position(lines: &LineIndex, offset: u32) -> Position {
    let at = lines.line_column(offset);
    Position {
        line: at.line,
        column: at.column,
        offset,
    }
}
