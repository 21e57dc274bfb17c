//! Handles to the nodes of a document. Owns how a tree is walked and asked; must not
//! know how it was built, nor resolve merge keys (`merge.rs` does).

use std::borrow::Cow;
use std::fmt;

use crate::merge::{self, Fields};
use crate::scalar::{key_text, may_be_typed, type_of};
use crate::tree::{DANGLING, Kind, MERGES, NodeData, REPEATS};
use crate::{Document, Span, Style, Typed};

/// A node of a document. Cheap to copy; compares by place.
///
/// Whatever asks for content follows aliases; [`Node::span`] stays where the alias is.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(crate) document: &'a Document,
    pub(crate) id: u32,
}

/// What a node holds, aliases followed.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Text, without quotes and escapes.
    Scalar(&'a str),
    /// Keys and values, as written.
    Mapping(Entries<'a>),
    /// Items.
    Sequence(Items<'a>),
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: Node<'a>,
    /// The value.
    pub value: Node<'a>,
    /// From the start of the key to the end of the value.
    pub span: Span,
}

impl<'a> Node<'a> {
    pub(crate) fn new(document: &'a Document, id: u32) -> Self {
        Self { document, id }
    }

    fn data(self) -> &'a NodeData {
        &self.document.tree.nodes[self.id as usize]
    }

    /// The node an alias stands for; otherwise this node.
    #[must_use]
    pub fn resolved(self) -> Self {
        Self {
            id: self.document.tree.resolve(self.id),
            ..self
        }
    }

    /// Where the node is written: quotes, brackets and block headers included; anchor,
    /// tag, and blanks or comments after it not. Empty, directly after the `:` or `-`,
    /// for a value that is not there.
    pub fn span(self) -> Span {
        let data = self.data();
        Span {
            start: data.start,
            end: data.end,
        }
        .shifted(i64::from(self.document.start))
    }

    /// Where the text of a scalar is, without its quotes or block header. None for
    /// collections and aliases, and where escapes, folding or indentation keep the text
    /// from being one piece of the source.
    pub fn text_span(self) -> Option<Span> {
        let data = self.data();
        let whole = data.kind == Kind::Scalar && data.flags & crate::tree::OWNED == 0;
        let span = Span {
            start: data.a,
            end: data.b,
        };
        whole.then(|| span.shifted(i64::from(self.document.start)))
    }

    /// What the node holds.
    pub fn content(self) -> Content<'a> {
        let node = self.resolved();
        match node.data().kind {
            Kind::Mapping => Content::Mapping(node.entries()),
            Kind::Sequence => Content::Sequence(node.items()),
            Kind::Scalar | Kind::Alias => Content::Scalar(self.scalar_text()),
        }
    }

    /// Whether this is a mapping.
    pub fn is_mapping(self) -> bool {
        self.resolved().data().kind == Kind::Mapping
    }

    /// Whether this is a sequence.
    pub fn is_sequence(self) -> bool {
        self.resolved().data().kind == Kind::Sequence
    }

    /// Whether this is a scalar.
    pub fn is_scalar(self) -> bool {
        !self.is_mapping() && !self.is_sequence()
    }

    /// Whether this is null: nothing, `~`, `null`.
    pub fn is_null(self) -> bool {
        matches!(self.typed(), Some(Typed::Null))
    }

    /// Whether `*name` is written here.
    pub fn is_alias(self) -> bool {
        self.data().kind == Kind::Alias
    }

    /// How the node is written; for an alias, how its target is.
    pub fn style(self) -> Style {
        self.resolved().data().style
    }

    /// The explicit tag in full, such as `tag:yaml.org,2002:str` or `!Ref`.
    pub fn tag(self) -> Option<&'a str> {
        self.document.tree.tag(self.resolved().id)
    }

    /// Number of entries or items as written; 0 for scalars.
    pub fn len(self) -> usize {
        let data = self.resolved().data();
        match data.kind {
            Kind::Mapping | Kind::Sequence => data.b as usize,
            Kind::Scalar | Kind::Alias => 0,
        }
    }

    /// Whether there are no entries or items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn scalar_text(self) -> &'a str {
        self.document
            .tree
            .text(&self.document.text, self.document.tree.resolve(self.id))
    }

    /// The text of a scalar, whatever its type: `1.10` is `"1.10"`. None for collections.
    pub fn text(self) -> Option<&'a str> {
        self.is_scalar().then(|| self.scalar_text())
    }

    /// What a scalar means to Kubernetes. None for collections.
    pub fn typed(self) -> Option<Typed<'a>> {
        let node = self.resolved();
        match node.data().kind {
            Kind::Scalar => Some(type_of(node.scalar_text(), node.style(), node.tag())),
            Kind::Alias => Some(Typed::Null),
            Kind::Mapping | Kind::Sequence => None,
        }
    }

    /// The text of a scalar that means a string.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.typed() {
            Some(Typed::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// The node as a key of a JSON object: `yes` is `"true"`. None for collections.
    pub fn key_text(self) -> Option<Cow<'a, str>> {
        let node = self.resolved();
        match node.data().kind {
            Kind::Scalar => Some(key_text(node.scalar_text(), node.style(), node.tag())),
            _ => None,
        }
    }

    /// Whether the node, as a key, is `key`.
    pub(crate) fn is_key(self, key: &str) -> bool {
        let data = self.data();
        let text = self.scalar_text();
        let literal = data.kind == Kind::Scalar
            && data.flags & crate::tree::TAGGED == 0
            && (data.style != Style::Plain || !may_be_typed(text.bytes().next()));
        if literal {
            text == key
        } else {
            self.key_text().is_some_and(|k| k == key)
        }
    }

    /// Whether the node, as a key, is the merge key `<<`.
    pub fn is_merge_key(self) -> bool {
        let data = self.data();
        data.kind == Kind::Scalar && data.style == Style::Plain && self.scalar_text() == "<<"
    }

    /// Keys and values as written, `<<` and repeated keys included. Empty for
    /// anything but mappings.
    pub fn entries(self) -> Entries<'a> {
        let node = self.resolved();
        let data = node.data();
        let left = if data.kind == Kind::Mapping {
            data.b
        } else {
            0
        };
        Entries {
            document: node.document,
            next: node.id + 1,
            left,
        }
    }

    /// Keys and values as a JSON object holds them: merges resolved, of equal keys only
    /// the one that wins.
    pub fn fields(self) -> Fields<'a> {
        let node = self.resolved();
        if node.data().kind == Kind::Mapping && node.data().flags & (MERGES | REPEATS) != 0 {
            return Fields::resolved(merge::fields(node));
        }
        Fields::plain(node.entries())
    }

    /// The items of a sequence. Empty for anything else.
    pub fn items(self) -> Items<'a> {
        let node = self.resolved();
        let data = node.data();
        let left = if data.kind == Kind::Sequence {
            data.b
        } else {
            0
        };
        Items {
            document: node.document,
            next: node.id + 1,
            left,
        }
    }

    /// The entry of a key, merges resolved; of equal keys the last.
    pub fn entry(self, key: &str) -> Option<Entry<'a>> {
        let node = self.resolved();
        if node.data().flags & MERGES != 0 {
            return merge::find(node, key);
        }
        let mut entries = node.entries();
        if node.data().flags & REPEATS != 0 {
            return entries.filter(|e| e.key.is_key(key)).last();
        }
        entries.find(|e| e.key.is_key(key))
    }

    /// The value of a key, merges resolved; of equal keys the last.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        self.entry(key).map(|e| e.value)
    }

    /// Whether the alias here has no target.
    pub fn is_dangling(self) -> bool {
        self.data().flags & DANGLING != 0
    }

    /// The document the node is of.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// A number that names the node within its document, the same for an alias and
    /// its target: what a walk needs to notice that it was here before.
    pub fn id(self) -> u32 {
        self.resolved().id
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.id == other.id
    }
}

impl Eq for Node<'_> {}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?} at {:?})", self.data().kind, self.span())
    }
}

/// The entries of a mapping, as written.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    document: &'a Document,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.left = self.left.checked_sub(1)?;
        let key = Node::new(self.document, self.next);
        let value = Node::new(self.document, self.document.tree.next(self.next));
        self.next = self.document.tree.next(value.id);
        Some(Entry {
            key,
            value,
            span: key.span().join(value.span()),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entries({})", self.left)
    }
}

/// The items of a sequence.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    document: &'a Document,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        self.left = self.left.checked_sub(1)?;
        let item = Node::new(self.document, self.next);
        self.next = self.document.tree.next(self.next);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({})", self.left)
    }
}
