//! One document: its tree, faults and comments, and what is where in it. Owns the way
//! from paths to places and back; must not know how the text was read.

use std::sync::Arc;

use crate::tree::Tree;
use crate::{Content, Entry, Limits, Node, Path, Segment, Span, Style, SyntaxError};

/// A comment, from its `#` to the end of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Comment {
    /// Where; without the line end.
    pub span: Span,
}

/// Where a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The key, when the last step is one.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
    /// All of `key: value` or `- item`.
    pub entry: Span,
}

/// One document of a text. Holds its own copy of its text, so it outlives the whole;
/// cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where the document begins in the whole text.
    pub(crate) start: u32,
    pub(crate) text: Arc<str>,
    pub(crate) tree: Arc<Tree>,
    pub(crate) errors: Arc<[SyntaxError]>,
    pub(crate) comments: Arc<[Comment]>,
    pub(crate) recovered: bool,
}

impl Document {
    /// Where the document is in the whole text, separators included.
    pub fn span(&self) -> Span {
        Span::new(self.start, self.start + self.text.len() as u32)
    }

    /// The text of the document.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text at a span of the whole text; empty outside of the document.
    pub fn slice(&self, span: Span) -> &str {
        let range = span.shifted(-i64::from(self.start));
        if span.start < self.start {
            ""
        } else {
            range.slice(&self.text)
        }
    }

    /// The outermost node. None for an empty document and for a broken one, which has
    /// a fatal error then.
    pub fn root(&self) -> Option<Node<'_>> {
        (!self.tree.nodes.is_empty()).then(|| Node::new(self, 0))
    }

    /// What is wrong, in the order of the text.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// Whether the text was mended to get a tree: what is missing in the tree may
    /// well be there in the text.
    pub fn recovered(&self) -> bool {
        self.recovered
    }

    /// The comments, in the order of the text. Empty for a broken document.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The same document, beginning at another byte of the whole text.
    #[must_use]
    pub fn moved(&self, start: u32) -> Self {
        let by = i64::from(start) - i64::from(self.start);
        if by == 0 {
            return self.clone();
        }
        let comment = |c: &Comment| Comment {
            span: c.span.shifted(by),
        };
        Self {
            start,
            errors: self.errors.iter().map(|e| e.clone().shifted(by)).collect(),
            comments: self.comments.iter().map(comment).collect(),
            ..self.clone()
        }
    }

    /// Number of nodes there would be with all aliases written out; none when more than
    /// `limit`. Ask before copying a tree node by node.
    pub fn expanded_size(&self, limit: usize) -> Option<usize> {
        self.tree.expanded_size(limit)
    }

    /// Number of nodes in the tree.
    pub fn size(&self) -> usize {
        self.tree.nodes.len()
    }

    /// The node at a path; aliases and merges are followed on the way.
    pub fn node_at(&self, path: &Path) -> Option<Node<'_>> {
        path.segments()
            .iter()
            .try_fold(self.root()?, |node, step| match step {
                Segment::Key(key) => entry(node, key).map(|e| e.value),
                Segment::Index(index) => node.items().nth(*index as usize),
            })
    }

    /// Where a path is written.
    pub fn locate(&self, path: &Path) -> Option<Location> {
        let Some((last, above)) = path.segments().split_last() else {
            let value = self.root()?.span();
            return Some(Location {
                key: None,
                value,
                entry: value,
            });
        };
        let above = self.node_at(&above.iter().cloned().collect())?;
        match last {
            Segment::Key(key) => {
                let entry = entry(above, key)?;
                let (key, value) = (entry.key.span(), entry.value.span());
                Some(Location {
                    key: Some(key),
                    value,
                    entry: entry.span,
                })
            }
            Segment::Index(index) => {
                let item = above.items().nth(*index as usize)?;
                let entry = self.item_span(above, item);
                Some(Location {
                    key: None,
                    value: item.span(),
                    entry,
                })
            }
        }
    }

    /// The innermost path whose entry covers the byte, or ends directly before it, as
    /// the byte a cursor stands before does. None outside of the root.
    pub fn path_at(&self, offset: u32) -> Option<Path> {
        let mut node = self.root()?;
        if !node.span().touches(offset) {
            return None;
        }
        let mut path = Path::root();
        // Aliases are not entered: what they stand for is written elsewhere.
        while !node.is_alias() {
            let found = match node.content() {
                Content::Scalar(_) => None,
                Content::Mapping(entries) => closest(entries, offset, |e| e.span)
                    .and_then(|e| Some((Segment::Key(e.key.key_text()?.into()), e.value))),
                Content::Sequence(items) => {
                    let found = closest(items.enumerate(), offset, |(_, item)| {
                        // The exact entry is dear to find: only for items that are near.
                        let span = item.span();
                        if span.start > offset {
                            self.item_span(node, *item)
                        } else {
                            span
                        }
                    });
                    found.map(|(i, item)| (Segment::Index(i as u32), item))
                }
            };
            let Some((step, value)) = found else { break };
            path.push(step);
            if !value.span().touches(offset) {
                break;
            }
            node = value;
        }
        Some(path)
    }

    /// An item with the `-` before it.
    pub(crate) fn item_span(&self, sequence: Node<'_>, item: Node<'_>) -> Span {
        let span = item.span();
        if sequence.style() == Style::Flow {
            return span;
        }
        let mut at = span.start - self.start;
        let floor = sequence.resolved().span().start - self.start;
        let bytes = self.text.as_bytes();
        loop {
            if let Some(comment) = self.comment_before(at, floor) {
                at = comment;
                continue;
            }
            match at
                .checked_sub(1)
                .filter(|&a| a >= floor)
                .map(|a| (a, bytes[a as usize]))
            {
                Some((a, b'-'))
                    if bytes
                        .get(a as usize + 1)
                        .is_none_or(u8::is_ascii_whitespace) =>
                {
                    return Span::new(a + self.start, span.end);
                }
                // Blanks, or the anchor and tag of the item.
                Some((a, _)) => at = a,
                None => return span,
            }
        }
    }

    /// The start of a comment that ends at `at`, both relative to the document.
    fn comment_before(&self, at: u32, floor: u32) -> Option<u32> {
        let end = at + self.start;
        let after = self.comments.partition_point(|c| c.span.end < end);
        let comment = self.comments.get(after).filter(|c| c.span.end == end)?;
        (comment.span.start >= floor + self.start).then(|| comment.span.start - self.start)
    }
}

/// The entry a step leads to; `<<` itself is found too.
fn entry<'a>(node: Node<'a>, key: &str) -> Option<Entry<'a>> {
    let found = node.entry(key);
    if found.is_none() && key == "<<" {
        return node.entries().find(|e| e.key.is_merge_key());
    }
    found
}

/// The part that covers the byte, or else the one that ends directly before it.
fn closest<T>(parts: impl Iterator<Item = T>, offset: u32, span: impl Fn(&T) -> Span) -> Option<T> {
    let mut before = None;
    for part in parts {
        let span = span(&part);
        if span.contains(offset) {
            return Some(part);
        }
        if span.start > offset {
            break;
        }
        if span.touches(offset) {
            before = Some(part);
        }
    }
    before
}

/// Whether the tree of a document stays within bounds once written out.
pub(crate) fn within(tree: &Tree, limits: &Limits) -> bool {
    tree.expanded_size(limits.max_expanded).is_some()
}
