//! Where findings are: from files, documents and paths to ranges.

use super::Mesh;
use crate::finding::{Location, Position, Range};
use crate::workspace::Workspace;
use meshscope_manifest::ResourceKey;
use meshscope_manifest::kustomize::Inside;
use meshscope_mesh::SourceFile;
use meshscope_mesh::db::{Db, Mesh as MeshInput};
use meshscope_mesh::index::{self, Definition, Spot};
use meshscope_yaml::{Document, LineIndex, Path, Span};

/// Where a field is written, as far as bytes tell.
#[derive(Clone, Debug)]
pub struct FieldPlace {
    /// The file.
    pub file: SourceFile,
    /// The key, when the field has one.
    pub key: Option<Span>,
    /// The value, quotes included.
    pub value: Span,
    /// The text of a scalar that is written as it reads: without its quotes. None for collections and
    /// where escapes, folding or an anchor keep the text from being one piece of the file.
    pub text: Option<Span>,
    /// All of `key: value` or `- item`.
    pub entry: Span,
}

impl Mesh<'_> {
    /// Where a field of an object is written; `None` when it is not, or in a way that has no bytes of
    /// its own. Unlike findings, which then point at the nearest field above.
    pub fn field_place(&self, definition: &Definition, path: &Path) -> Option<FieldPlace> {
        let spot = definition.spot(self.db(), path);
        let document = index::document(self.db(), spot.file, spot.document).as_ref()?;
        let place = |document: &Document, path: &Path, shift: &dyn Fn(u32) -> Option<u32>| {
            let found = document.locate(path)?;
            let span = |span: Span| Some(Span::new(shift(span.start)?, shift(span.end)?));
            let node = document.node_at(path)?;
            let text = node.text_span().filter(|text| found.value.covers(*text));
            Some(FieldPlace {
                file: spot.file,
                key: found.key.and_then(span),
                value: span(found.value)?,
                text: text.and_then(span),
                entry: span(found.entry)?,
            })
        };
        match &spot.inside {
            None => place(document, &spot.path, &Some),
            Some(inside) => {
                let block = Block::at(document, &spot.path)?;
                let inner = meshscope_yaml::parse(&block.text);
                let shift = |offset| block.outside(offset);
                let document = inner.documents.get(inside.document as usize)?;
                place(document, &inside.path, &shift)
            }
        }
    }

    /// Where the objects of the mesh and their fields are.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            db: self.db(),
            mesh: self.input(),
            workspace: Some(self.workspace()),
        }
    }
}

/// Finds where the objects of a mesh and their fields are written.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub db: &'a dyn Db,
    pub mesh: MeshInput,
    /// Who knows the templates that rendered files come from; queries ask without.
    pub workspace: Option<&'a Workspace>,
}

impl Places<'_> {
    /// The definition of an object that counts: the last in load order.
    pub fn definition(&self, key: &ResourceKey) -> Option<Definition> {
        index::definitions(self.db, self.mesh, key).pop()
    }

    /// The place of a field of an object, or of the nearest one above it that is written; of an installed
    /// object, where it is asked for; `None` for objects no file holds.
    pub fn of(&self, key: &ResourceKey, path: &Path, at_key: bool) -> Option<Location> {
        if let Some(definition) = self.definition(key) {
            return self.of_field(&definition, path, at_key);
        }
        // What is installed is asked for in one place, whatever the field.
        let (asker, at) = index::install_spot(self.db, self.mesh, key)?;
        self.of_field(&asker, &at, true)
    }

    /// The place of a field of a definition, or of the nearest one above it that is written.
    pub fn of_field(&self, definition: &Definition, path: &Path, at_key: bool) -> Option<Location> {
        self.of_spot(&definition.spot(self.db, path), at_key)
    }

    /// The place of a spot, or of the nearest one above it that is written.
    pub fn of_spot(&self, spot: &Spot, at_key: bool) -> Option<Location> {
        let db = self.db;
        let (path, inside) = (spot.path.clone(), spot.inside.clone());
        let range = range_at(
            db,
            Asked::new(db, spot.file, spot.document, path, inside, at_key),
        )?;
        if let Some(template) = self.template_of(spot.file, range.start.offset) {
            return Some(template);
        }
        Some(Location {
            file: spot.file.path(db).to_string(),
            range,
        })
    }

    /// A range of a file.
    pub fn of_text(&self, file: SourceFile, lines: &LineIndex, span: Span) -> Location {
        if let Some(template) = self.template_of(file, span.start) {
            return template;
        }
        Location {
            file: file.path(self.db).to_string(),
            range: range(lines, span),
        }
    }

    /// The template a place in a rendered file comes from.
    pub fn template_of(&self, file: SourceFile, offset: u32) -> Option<Location> {
        self.workspace?.template_of(file, offset)
    }
}

/// A spot whose range is asked for, as a query key.
#[salsa::interned]
struct Asked<'db> {
    #[returns(copy)]
    file: SourceFile,
    #[returns(copy)]
    document: u32,
    path: Path,
    inside: Option<Box<Inside>>,
    #[returns(copy)]
    at_key: bool,
}

/// The range of a spot, or of the nearest one above it that is written. Kept, so that an edit places
/// the findings of its file again and no others: those would have to parse every file with a finding.
#[salsa::tracked(returns(copy))]
fn range_at<'db>(db: &'db dyn Db, asked: Asked<'db>) -> Option<Range> {
    let (file, path, at_key) = (asked.file(db), asked.path(db), asked.at_key(db));
    let document = index::document(db, file, asked.document(db)).as_ref()?;
    let inside = asked.inside(db).as_ref();
    let inside = inside.and_then(|at| span_inside(document, path, at, at_key));
    let span = inside.or_else(|| span_of(document, path, at_key))?;
    Some(range(index::line_index(db, file), span))
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

/// The bytes of a field inside a block scalar that holds YAML itself; `None` for scalars of other
/// styles, whose text is not written as it reads.
fn span_inside(document: &Document, path: &Path, at: &Inside, at_key: bool) -> Option<Span> {
    let block = Block::at(document, path)?;
    let inner = meshscope_yaml::parse(&block.text);
    let found = span_of(inner.documents.get(at.document as usize)?, &at.path, at_key)?;
    Some(Span::new(
        block.outside(found.start)?,
        block.outside(found.end)?,
    ))
}

/// A literal block scalar: its text, and where the bytes of its text are in the file.
struct Block<'d> {
    text: std::borrow::Cow<'d, str>,
    /// As written, from its header on.
    written: &'d str,
    /// Where `written` begins in the file.
    start: u32,
    /// Where the lines of the text begin in `written`.
    content: usize,
    /// How far every line stands to the right.
    indent: usize,
}

impl<'d> Block<'d> {
    fn at(document: &'d Document, path: &Path) -> Option<Block<'d>> {
        let scalar = document.locate(path)?.value;
        let written = document.slice(scalar);
        if !written.starts_with('|') {
            return None;
        }
        let text = document.node_at(path)?.as_str()?;
        let content = written.find('\n')? + 1;
        let first = written[content..].lines().find(|l| !l.trim().is_empty())?;
        Some(Block {
            text,
            written,
            start: scalar.start,
            content,
            indent: first.len() - first.trim_start_matches(' ').len(),
        })
    }

    /// The byte of the file that is at a byte of the text.
    fn outside(&self, offset: u32) -> Option<u32> {
        let before = self.text.get(..offset as usize)?;
        let lines = before.matches('\n').count();
        let content = &self.written[self.content..];
        let start = match lines {
            0 => 0,
            _ => content.match_indices('\n').nth(lines - 1)?.0 + 1,
        };
        let column = before.len() - before.rfind('\n').map_or(0, |i| i + 1);
        let inside = self.content + start + self.indent + column;
        Some(self.start + u32::try_from(inside).ok()?)
    }
}

/// The first line of a span: an object as a whole is pointed at by its first line.
fn first_line(document: &Document, span: Span) -> Span {
    let text = document.slice(span);
    let length = text.find(['\n', '\r']).unwrap_or(text.len());
    Span::new(span.start, span.start + u32::try_from(length).unwrap_or(0))
}

/// A range of a text.
pub(crate) fn range(lines: &LineIndex, span: Span) -> Range {
    Range {
        start: position(lines, span.start),
        end: position(lines, span.end),
    }
}

/// A position in a text.
fn position(lines: &LineIndex, offset: u32) -> Position {
    let at = lines.line_column(offset);
    Position {
        line: at.line,
        column: at.column,
        offset,
    }
}
