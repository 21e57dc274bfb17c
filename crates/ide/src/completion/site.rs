//! The field that is being typed.
//!
//! A stand-in is written where the word under the cursor is, and the document read again, mended where
//! needed: where the stand-in turns up in the tree is what is being typed. It must not know what fits.

use crate::hover::object_at;
use crate::symbol::fields::{self, Field};
use crate::symbol::owner::at;
use meshscope::manifest::validate::schema::{Type, schema};
use meshscope::manifest::{Kind, Str, Value, read};
use meshscope::yaml::{Content, Document, LineIndex, Node, Options, Path, Segment};
use meshscope::yaml::{Span, parse_document, split};
use std::ops::Range;

/// A word no manifest has.
const STAND_IN: &str = "mEsHsCoPeStAnDiN";

/// What may close what the line leaves open, tried in this order.
const CLOSINGS: [&str; 12] = [
    "", "]", "}", "\"", "'", "]}", "}]", "\"]", "']", "\"}", "'}", "}}",
];

/// Nodes that are looked at for the stand-in.
const MAX_NODES: usize = 200_000;

/// A field being typed.
pub(super) struct Site {
    /// The bytes of the word under the cursor.
    pub word: Range<usize>,
    /// What of the word is before the cursor.
    pub typed: String,
    /// The kind of the object.
    pub kind: Kind,
    /// Its apiVersion.
    pub api_version: String,
    /// The object, with the stand-in in it.
    pub object: Value,
    /// The field in the object; for a key, the mapping it is a key of.
    pub path: Path,
    /// Whether a key is being typed.
    pub is_key: bool,
    /// Whether quotes are open around the word.
    pub is_quoted: bool,
}

impl Site {
    /// What is typed at a byte of a text; `None` outside of objects of known kinds.
    pub(super) fn find(text: &str, offset: usize) -> Option<Site> {
        if !text.is_char_boundary(offset) {
            return None;
        }
        let word = word_at(text, offset);
        let typed = text.get(word.start..offset)?.to_owned();
        let spans = split(text);
        let after = spans.partition_point(|span| span.start as usize <= offset);
        let span: Span = *spans.get(after.checked_sub(1)?)?;
        let (start, end) = (span.start as usize, span.end as usize);
        let (before, rest) = (text.get(start..word.start)?, text.get(word.end..end)?);
        let line = LineIndex::new(before).lines();
        let open = before
            .rsplit('\n')
            .next()
            .is_some_and(|l| l.contains(['[', '{', '"', '\'']));
        let closings = if open { &CLOSINGS[..] } else { &CLOSINGS[..1] };
        for closing in closings {
            let changed = format!("{before}{STAND_IN}{closing}{rest}");
            let whole = Span::new(0, u32::try_from(changed.len()).ok()?);
            // Mending is dear, and what needs no closing is mended well.
            let options = Options {
                edited_line: Some(line),
                recover: closing.is_empty(),
                ..Options::default()
            };
            let document = parse_document(&changed, whole, &options);
            if let Some((path, mut is_key)) = find(&document) {
                let (kind, api_version, inner) = object_at(&document, &path)?;
                // Alone where a mapping belongs, a word is its first key.
                let node = schema().field(kind, &api_version, &inner);
                is_key |= node.is_some_and(|node| node.type_ == Type::Object) && may_be_key(before);
                let steps = path.len() - inner.len();
                let prefix: Vec<Segment> = path.segments()[..steps].to_vec();
                let whole = read::document(&document)?;
                return Some(Site {
                    word,
                    typed,
                    kind,
                    api_version,
                    object: at(&whole, &prefix).clone(),
                    path: inner,
                    is_key,
                    is_quoted: before.ends_with(['\'', '"']),
                });
            }
        }
        None
    }

    /// What the field names, when it is one of those that do.
    pub(super) fn field(&self) -> Option<Field> {
        fields::of_kind(self.kind)
            .find(|(pattern, _)| fits(pattern, self.path.segments()))
            .map(|(_, field)| field)
    }

    /// Whether the field is inside a map of labels that selects workloads; its last key then, when a
    /// value is typed.
    pub(super) fn label(&self) -> Option<Option<Str>> {
        let steps = self.path.segments();
        let selector = |steps: &[Segment]| {
            let of_kind = fields::of_kind(self.kind);
            let mut rows = of_kind.filter(|(_, field)| *field == Field::Selector);
            let plain = matches!(self.kind, Kind::Service | Kind::Gateway);
            let (last, above) = steps.split_last()?;
            let nested = matches!(last, Segment::Key(k) if k == "labels" || k == "matchLabels");
            let steps = match (plain, nested) {
                (true, _) => steps,
                (false, true) => above,
                (false, false) => return None,
            };
            rows.find(|(pattern, _)| fits(pattern, steps))
        };
        if self.is_key {
            return selector(steps).map(|_| None);
        }
        let (last, above) = steps.split_last()?;
        selector(above)?;
        match last {
            Segment::Key(key) => Some(Some(key.clone())),
            Segment::Index(_) => None,
        }
    }

    /// The mapping that the field is in.
    pub(super) fn beside(&self) -> &Value {
        let steps = self.path.segments();
        let above = steps.len().saturating_sub(1);
        at(&self.object, &steps[..above])
    }

    /// The mapping that one is in.
    pub(super) fn above(&self) -> &Value {
        let steps = self.path.segments();
        let above = steps.len().saturating_sub(2);
        at(&self.object, &steps[..above])
    }
}

/// Whether a key may stand behind a text: it begins a line, an item or a flow mapping.
fn may_be_key(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line.ends_with(['-', '{', ','])
}

/// Whether a pattern of field paths fits a path.
fn fits(pattern: &str, steps: &[Segment]) -> bool {
    let mut rest = steps;
    for step in pattern.split('.') {
        let (key, items) = match step.strip_suffix("[]") {
            Some(key) => (key, true),
            None => (step, false),
        };
        let key = if key == "@exportTo" {
            fields::EXPORT_TO
        } else {
            key
        };
        match rest {
            [Segment::Key(own), more @ ..] if own == key => rest = more,
            _ => return false,
        }
        if items {
            match rest {
                [Segment::Index(_), more @ ..] => rest = more,
                _ => return false,
            }
        }
    }
    rest.is_empty()
}

/// The word around a byte: what a scalar without blanks would be.
fn word_at(text: &str, offset: usize) -> Range<usize> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '*' | '~');
    let before = &text[..offset];
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| !part(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    // The dash of an item is none of the word.
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let is_dash = text[start..].starts_with('-') && before[line..start].trim().is_empty();
    let start = if is_dash && start < offset {
        start + 1
    } else {
        start
    };
    let length = text[offset..]
        .find(|c| !part(c))
        .unwrap_or(text.len() - offset);
    start..offset + length
}

/// Where the stand-in is: the path of its field, or of the mapping it is a key of.
fn find(document: &Document) -> Option<(Path, bool)> {
    let mut left = MAX_NODES;
    walk(document.root()?, Path::root(), &mut left)
}

fn walk(node: Node<'_>, path: Path, left: &mut usize) -> Option<(Path, bool)> {
    *left = left.checked_sub(1)?;
    if node.is_alias() {
        return None;
    }
    let is_it = |text: &str| text.trim() == STAND_IN;
    match node.content() {
        Content::Scalar(text) => is_it(text).then_some((path, false)),
        Content::Sequence(items) => (0u32..)
            .zip(items)
            .find_map(|(index, item)| walk(item, path.index(index), left)),
        Content::Mapping(entries) => {
            for entry in entries {
                let Some(key) = entry.key.key_text() else {
                    continue;
                };
                if is_it(&key) {
                    return Some((path, true));
                }
                if let Some(found) = walk(entry.value, path.join(&key), left) {
                    return Some(found);
                }
            }
            None
        }
    }
}
