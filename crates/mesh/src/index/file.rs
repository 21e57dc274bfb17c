//! One file: its documents without positions, and its documents with them.
//!
//! [`file_summary`] is the first firewall: equal after any edit that only moves text, so nothing
//! above it runs. [`document`] is read only to point at bytes.

use super::stated::speaks_of_deployment;
use crate::db::{Db, SourceFile};
use meshscope_manifest::document::{decode_document, may_hold_resources, syntax_problems};
use meshscope_manifest::validate::{Context, Problem};
use meshscope_manifest::{Kind, Resource};
use meshscope_yaml::{Document, LineIndex, Options, Path, parse_document, split};
use std::sync::Arc;

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileSummary {
    /// The objects of kinds meshscope knows, in order.
    pub objects: Vec<FileObject>,
    /// Ordinals of the documents that have something wrong with their syntax.
    pub broken: Vec<u32>,
    /// How many documents the file has; none when it cannot hold an object.
    pub documents: u32,
    /// Whether one of them may say something about deployment.
    pub speaks: bool,
}

/// One object of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileObject {
    /// Ordinal of the YAML document in the file.
    pub document: u32,
    /// The path of the object in the document: `items[3]` in a List, else empty.
    pub prefix: Path,
    /// The kind.
    pub kind: Kind,
    /// Whether the kind was guessed.
    pub assumed: bool,
    /// The decoded resource; none without a name.
    pub resource: Option<Arc<Resource>>,
    /// What CRD schema and webhook say about it.
    pub problems: Arc<[Problem]>,
}

/// What a file holds, without positions. Invalidated by the text; documents that cannot hold an
/// object are not even parsed.
#[salsa::tracked]
pub fn file_summary(db: &dyn Db, file: SourceFile) -> Arc<FileSummary> {
    let text = file.text(db);
    if !may_hold_resources(text) {
        return Arc::default();
    }
    let options = options(db, file);
    let context = Context::default();
    let mut summary = FileSummary {
        speaks: speaks_of_deployment(text),
        ..FileSummary::default()
    };
    for (ordinal, span) in (0u32..).zip(split(text)) {
        summary.documents += 1;
        let slice = text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default();
        if !may_hold_resources(slice) {
            continue;
        }
        let document = parse_document(text, span, &options);
        if !syntax_problems(&document).is_empty() {
            summary.broken.push(ordinal);
        }
        for decoded in decode_document(&document, &context) {
            summary.objects.push(FileObject {
                document: ordinal,
                prefix: decoded.prefix,
                kind: decoded.kind,
                assumed: decoded.assumed,
                resource: decoded.resource.map(Arc::new),
                problems: decoded.problems.into(),
            });
        }
    }
    Arc::new(summary)
}

/// Whether a file may hold objects: one look at its text tells.
pub fn may_hold_objects(db: &dyn Db, file: SourceFile) -> bool {
    file_summary(db, file).documents > 0
}

/// One parsed document, for positions only. Kept for a few documents.
#[salsa::tracked(no_eq, lru = 128)]
pub fn document(db: &dyn Db, file: SourceFile, ordinal: u32) -> Option<Arc<Document>> {
    let text = file.text(db);
    let span = split(text).get(ordinal as usize).copied()?;
    Some(Arc::new(parse_document(text, span, &options(db, file))))
}

/// The lines of a file. Kept for a few files.
#[salsa::tracked(no_eq, lru = 128)]
pub fn line_index(db: &dyn Db, file: SourceFile) -> Arc<LineIndex> {
    Arc::new(LineIndex::new(file.text(db)))
}

pub(super) fn options(db: &dyn Db, file: SourceFile) -> Options {
    let edited_line = file.edited_line(db);
    Options {
        edited_line,
        recover: edited_line.is_some(),
        ..Options::default()
    }
}
