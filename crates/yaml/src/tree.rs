//! The arena a document is kept in, and how it is filled. Owns the layout; must
//! not know who reads the text (saphyr or the fast scanner) nor what asks for nodes.
//!
//! Nodes lie in the order of the text, so the descendants of a collection directly
//! follow it and only the end of that run needs storing. All positions are bytes of
//! the document's own slice, so a tree can be kept while its document moves.

use crate::{ErrorKind, Limits, Span, SyntaxError};

/// How a node was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Text without quotes, or nothing.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in `[…]` or `{…}`.
    Flow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Sequence,
    Mapping,
    Alias,
}

/// The text of `a..b` is `owned[a]` instead.
pub(crate) const OWNED: u8 = 1;
/// Has an entry in `tags`.
pub(crate) const TAGGED: u8 = 2;
/// A mapping with `<<`.
pub(crate) const MERGES: u8 = 4;
/// A mapping with a key twice.
pub(crate) const REPEATS: u8 = 8;
/// An alias without a target.
pub(crate) const DANGLING: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeData {
    pub start: u32,
    pub end: u32,
    /// Scalar: start of its text, or index into `owned`. Collection: one past its
    /// last descendant. Alias: its target.
    pub a: u32,
    /// Scalar: end of its text. Collection: number of items or entries.
    pub b: u32,
    pub kind: Kind,
    pub style: Style,
    pub flags: u8,
}

/// Where the text of a scalar is.
pub(crate) enum Text {
    Range(u32, u32),
    Owned(Box<str>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub nodes: Vec<NodeData>,
    pub owned: Vec<Box<str>>,
    /// Explicit tags in full, by node.
    pub tags: Vec<(u32, Box<str>)>,
}

impl Tree {
    pub fn next(&self, id: u32) -> u32 {
        let node = &self.nodes[id as usize];
        match node.kind {
            Kind::Sequence | Kind::Mapping => node.a,
            Kind::Scalar | Kind::Alias => id + 1,
        }
    }

    /// The node an alias stands for, or the node itself.
    pub fn resolve(&self, id: u32) -> u32 {
        let node = &self.nodes[id as usize];
        // A target is never an alias: YAML allows no anchor on one.
        if node.kind == Kind::Alias && node.flags & DANGLING == 0 {
            node.a
        } else {
            id
        }
    }

    pub fn tag(&self, id: u32) -> Option<&str> {
        if self.nodes[id as usize].flags & TAGGED == 0 {
            return None;
        }
        let at = self.tags.binary_search_by_key(&id, |t| t.0).ok()?;
        Some(&self.tags[at].1)
    }

    /// The text of a scalar; empty for anything else.
    pub fn text<'a>(&'a self, source: &'a str, id: u32) -> &'a str {
        let node = &self.nodes[id as usize];
        if node.kind != Kind::Scalar {
            ""
        } else if node.flags & OWNED != 0 {
            self.owned.get(node.a as usize).map_or("", |s| s)
        } else {
            source.get(node.a as usize..node.b as usize).unwrap_or("")
        }
    }

    /// Nodes there are once aliases are written out; none beyond `limit`.
    pub fn expanded_size(&self, limit: usize) -> Option<usize> {
        if !self.nodes.iter().any(|n| n.kind == Kind::Alias) {
            return (self.nodes.len() <= limit).then_some(self.nodes.len());
        }
        // Prefix sums: a target ends before its alias begins, so the size of a subtree
        // is the difference of the sums around it.
        let mut sums = Vec::with_capacity(self.nodes.len() + 1);
        let mut sum = 0usize;
        for node in &self.nodes {
            sums.push(sum);
            sum = sum.saturating_add(match node.kind {
                Kind::Alias if node.flags & DANGLING == 0 => {
                    let until = self.next(node.a) as usize;
                    let end = sums.get(until).copied().unwrap_or(sum);
                    end.saturating_sub(sums[node.a as usize])
                }
                _ => 1,
            });
            if sum > limit {
                return None;
            }
        }
        Some(sum)
    }
}

/// A collection whose end has not come yet.
struct Open {
    id: u32,
    children: u32,
    /// Where its last child ends.
    end: u32,
    /// A `key: value` in a flow sequence, without braces of its own.
    pair: bool,
}

/// Fills a tree from left to right.
pub(crate) struct Builder {
    pub tree: Tree,
    open: Vec<Open>,
    limits: Limits,
}

impl Builder {
    pub fn new(bytes: usize, limits: Limits) -> Self {
        let tree = Tree {
            nodes: Vec::with_capacity(bytes / 12 + 4),
            ..Tree::default()
        };
        Self {
            tree,
            open: Vec::new(),
            limits,
        }
    }

    fn push(&mut self, node: NodeData) -> u32 {
        let id = self.tree.nodes.len() as u32;
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
            open.end = node.end;
        }
        self.tree.nodes.push(node);
        id
    }

    pub fn scalar(&mut self, span: (u32, u32), text: Text, style: Style) -> u32 {
        let (a, b, flags) = match text {
            Text::Range(a, b) => (a, b, 0),
            Text::Owned(text) => {
                self.tree.owned.push(text);
                (self.tree.owned.len() as u32 - 1, 0, OWNED)
            }
        };
        let (start, end) = span;
        self.push(NodeData {
            start,
            end,
            a,
            b,
            kind: Kind::Scalar,
            style,
            flags,
        })
    }

    /// An alias; without a target, or with one that is still open, it dangles.
    pub fn alias(&mut self, span: (u32, u32), target: Option<u32>) -> u32 {
        let sound = target.filter(|t| self.open.iter().all(|o| o.id != *t));
        let (start, end) = span;
        self.push(NodeData {
            start,
            end,
            a: sound.unwrap_or(0),
            b: 0,
            kind: Kind::Alias,
            style: Style::Plain,
            flags: if sound.is_some() { 0 } else { DANGLING },
        })
    }

    pub fn tag(&mut self, id: u32, tag: Box<str>) {
        self.tree.nodes[id as usize].flags |= TAGGED;
        self.tree.tags.push((id, tag));
    }

    /// Opens a collection.
    pub fn open(&mut self, kind: Kind, style: Style, at: u32) -> Result<u32, SyntaxError> {
        if self.open.len() as u32 >= self.limits.max_depth {
            let message = format!("nested more than {} levels deep", self.limits.max_depth);
            return Err(SyntaxError::new(
                ErrorKind::TooDeep,
                Span::empty(at),
                message,
            ));
        }
        let id = self.push(NodeData {
            start: at,
            end: at,
            a: 0,
            b: 0,
            kind,
            style,
            flags: 0,
        });
        self.open.push(Open {
            id,
            children: 0,
            end: at,
            pair: false,
        });
        Ok(id)
    }

    /// Whether a child of a mapping pushed now would be a value.
    pub fn expects_value(&self) -> bool {
        self.open.last().is_some_and(|o| {
            o.children % 2 == 1 && self.tree.nodes[o.id as usize].kind == Kind::Mapping
        })
    }

    /// The kind and style of the collection that is open.
    pub fn inside(&self) -> Option<(Kind, Style)> {
        let node = &self.tree.nodes[self.open.last()?.id as usize];
        Some((node.kind, node.style))
    }

    /// Closes the innermost collection. A flow collection ends at `end`; a block
    /// collection ends with its last child, wherever the reader noticed.
    pub fn close(&mut self, end: u32) {
        let Some(open) = self.open.pop() else { return };
        let next = self.tree.nodes.len() as u32;
        let first = self.tree.nodes.get(open.id as usize + 1).map(|n| n.start);
        let node = &mut self.tree.nodes[open.id as usize];
        node.a = next;
        node.b = open.children;
        node.end = end.max(node.start);
        if node.kind == Kind::Mapping {
            node.b = open.children / 2;
        }
        if node.style == Style::Block {
            // A block mapping begins with its first key, not with its anchor or tag.
            if let (Kind::Mapping, Some(first)) = (node.kind, first) {
                node.start = first;
            }
            node.end = open.end.max(node.start);
        }
        let end = node.end;
        if let Some(parent) = self.open.last_mut() {
            parent.end = end;
        }
    }

    /// Notes that the innermost collection is a `key: value` in a flow sequence.
    pub fn set_pair(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.pair = true;
        }
    }

    /// Whether the innermost collection is a `key: value` in a flow sequence.
    pub fn is_pair(&self) -> bool {
        self.open.last().is_some_and(|o| o.pair)
    }

    /// Makes the innermost mapping, which holds one key and nothing else, that key.
    pub fn collapse_to_key(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let id = open.id as usize;
        if let Some(key) = self.tree.nodes.get(id + 1).copied() {
            self.tree.nodes.truncate(id + 1);
            self.tree.nodes[id] = key;
        }
    }
}
