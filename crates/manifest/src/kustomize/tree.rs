//! A YAML tree whose nodes remember where they were written: what kustomize works on.
//!
//! A node without a place of its own is one step from its parent's place, so a document that nobody
//! changed carries a single place. Whoever moves a node pins it first. This module must not know
//! Kubernetes.

use std::sync::Arc;

use indexmap::IndexMap;
use meshscope_yaml::{Content, Node as YamlNode, Path, Segment, Typed};

use super::place::{Origin, Place, Trail};
use crate::value::{Map, Str, Value};

/// The entries of a mapping, in order.
pub(crate) type Fields = IndexMap<Str, Node, rustc_hash::FxBuildHasher>;

/// Collections inside each other, at most: deeper ones read as null.
const MAX_DEPTH: usize = 200;

/// A node and, when it is not one step from its parent's place, where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub from: Option<Arc<Place>>,
    pub is: Is,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Is {
    /// Null; `written` as `null` or `~`, or by leaving the value out.
    Null {
        written: bool,
    },
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Str),
    Seq(Vec<Node>),
    Map(Fields),
}

/// How plain scalars are typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    /// As kustomize reads resources (go-yaml v3): `yes` is text.
    Resource,
    /// As kustomize reads its own files (JSON by way of go-yaml v2): `yes` is true.
    Json,
}

impl Node {
    pub(crate) fn new(is: Is) -> Node {
        Node { from: None, is }
    }

    pub(crate) fn text(text: impl Into<Str>) -> Node {
        Node::new(Is::Text(text.into()))
    }

    pub(crate) fn map() -> Node {
        Node::new(Is::Map(Fields::default()))
    }

    pub(crate) fn null() -> Node {
        Node::new(Is::Null { written: true })
    }

    /// The same node, written at `place`.
    pub(crate) fn at(mut self, place: &Arc<Place>) -> Node {
        self.from = Some(place.clone());
        self
    }

    /// Reads a YAML node.
    pub(crate) fn read(node: YamlNode<'_>, typing: Typing) -> Node {
        read(node, typing, 0)
    }

    /// A value as a tree.
    pub(crate) fn from_value(value: &Value) -> Node {
        Node::new(match value {
            Value::Null => Is::Null { written: true },
            Value::Bool(b) => Is::Bool(*b),
            Value::Int(i) => Is::Int(*i),
            Value::Float(f) => Is::Float(*f),
            Value::String(s) => Is::Text(s.clone()),
            Value::Seq(items) => Is::Seq(items.iter().map(Node::from_value).collect()),
            Value::Map(map) => Is::Map(
                map.iter()
                    .map(|(k, v)| (k.clone(), Node::from_value(v)))
                    .collect(),
            ),
        })
    }

    /// The tree as a value.
    pub(crate) fn to_value(&self) -> Value {
        match &self.is {
            Is::Null { .. } => Value::Null,
            Is::Bool(b) => Value::Bool(*b),
            Is::Int(i) => Value::Int(*i),
            Is::Float(f) => Value::Float(*f),
            Is::Text(s) => Value::String(s.clone()),
            Is::Seq(items) => Value::Seq(items.iter().map(Node::to_value).collect()),
            Is::Map(map) => Value::Map(
                map.iter()
                    .map(|(k, v)| (k.clone(), v.to_value()))
                    .collect::<Map>(),
            ),
        }
    }

    /// Where everything in the tree was written.
    pub(crate) fn origin(&self) -> Origin {
        let base = self.from.as_deref().cloned().unwrap_or_default();
        let mut overrides = Vec::new();
        let trail = Trail::root(self.from.as_ref());
        collect(self, &trail, &mut Path::root(), &mut overrides);
        overrides.sort_by(|a, b| a.0.cmp(&b.0));
        Origin { base, overrides }
    }

    pub(crate) fn fields(&self) -> Option<&Fields> {
        match &self.is {
            Is::Map(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn fields_mut(&mut self) -> Option<&mut Fields> {
        match &mut self.is {
            Is::Map(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.is {
            Is::Seq(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.fields()?.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.fields_mut()?.get_mut(key)
    }

    /// The node some keys down.
    pub(crate) fn dig(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Sets a key; does nothing on anything but a mapping.
    pub(crate) fn set(&mut self, key: &str, value: Node) {
        if let Some(fields) = self.fields_mut() {
            fields.insert(Str::new(key), value);
        }
    }

    /// The mapping at `key`, made when it is absent or null.
    pub(crate) fn map_at(&mut self, key: &str) -> Option<&mut Node> {
        let fields = self.fields_mut()?;
        let node = fields.entry(Str::new(key)).or_insert_with(Node::map);
        if node.is_null() {
            node.is = Is::Map(Fields::default());
        }
        Some(node)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.is, Is::Null { .. })
    }

    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self.is, Is::Seq(_) | Is::Map(_))
    }

    pub(crate) fn is_blank(&self) -> bool {
        match &self.is {
            Is::Null { .. } => true,
            Is::Seq(items) => items.is_empty(),
            Is::Map(fields) => fields.is_empty(),
            _ => false,
        }
    }

    /// A string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.is {
            Is::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The string at a key; empty when absent.
    pub(crate) fn str_at(&self, key: &str) -> Str {
        self.get(key).map(Node::scalar).unwrap_or_default()
    }

    pub(crate) fn bool_at(&self, key: &str) -> bool {
        matches!(self.get(key).map(|n| &n.is), Some(Is::Bool(true)))
    }

    /// A scalar as it would be printed; empty for null and collections.
    pub(crate) fn scalar(&self) -> Str {
        match &self.is {
            Is::Text(text) => text.clone(),
            Is::Bool(true) => "true".into(),
            Is::Bool(false) => "false".into(),
            Is::Int(i) => i.to_string().into(),
            Is::Float(f) => f.to_string().into(),
            Is::Null { .. } | Is::Seq(_) | Is::Map(_) => Str::default(),
        }
    }

    /// Number of nodes, counted no further than `limit`.
    pub(crate) fn size(&self, limit: usize) -> usize {
        let mut count = 1;
        let mut add = |node: &Node| {
            if count < limit {
                count += node.size(limit - count);
            }
        };
        match &self.is {
            Is::Seq(items) => items.iter().for_each(&mut add),
            Is::Map(fields) => fields.values().for_each(&mut add),
            Is::Text(text) => count += text.len() / 64,
            _ => {}
        }
        count
    }

    /// A copy that knows its own place, to be put elsewhere.
    pub(crate) fn pinned(&self, trail: &Trail<'_>) -> Node {
        let mut copy = self.clone();
        if copy.from.is_none() {
            copy.from = Some(Arc::new(trail.place()));
        }
        copy
    }

    /// Gives the items of a sequence from `first` on their own places, because they will move.
    pub(crate) fn pin_items(&mut self, trail: &Trail<'_>, first: usize) {
        if let Is::Seq(items) = &mut self.is {
            let place = trail.place();
            for (index, item) in items.iter_mut().enumerate().skip(first) {
                if item.from.is_none() {
                    item.from = Some(Arc::new(place.step(Segment::Index(index as u32))));
                }
            }
        }
    }
}

fn read(node: YamlNode<'_>, typing: Typing, depth: usize) -> Node {
    let deep = depth >= MAX_DEPTH;
    Node::new(match node.content() {
        Content::Scalar(text) => match node.typed() {
            Some(Typed::Bool(b)) if typing == Typing::Json || is_bool_word(text) => Is::Bool(b),
            Some(Typed::Bool(_)) => Is::Text(text.into()),
            Some(Typed::Int(i)) => Is::Int(i),
            Some(Typed::Uint(u)) => Is::Float(u as f64),
            Some(Typed::Float(f)) => Is::Float(f),
            Some(Typed::Str(text)) => Is::Text(Str::new(&text)),
            Some(Typed::Null) | None => Is::Null {
                written: !text.is_empty(),
            },
        },
        Content::Sequence(_) | Content::Mapping(_) if deep => Is::Null { written: true },
        Content::Sequence(items) => Is::Seq(items.map(|i| read(i, typing, depth + 1)).collect()),
        Content::Mapping(_) => Is::Map(
            node.fields()
                .filter_map(|entry| {
                    let key = match (entry.key.typed()?, entry.key.text()?) {
                        (Typed::Bool(_), text)
                            if typing == Typing::Resource && !is_bool_word(text) =>
                        {
                            Str::new(text)
                        }
                        _ => Str::new(&entry.key.key_text()?),
                    };
                    Some((key, read(entry.value, typing, depth + 1)))
                })
                .collect(),
        ),
    })
}

/// The words that YAML 1.2 takes for booleans.
fn is_bool_word(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

fn collect(node: &Node, trail: &Trail<'_>, path: &mut Path, out: &mut Vec<(Path, Place)>) {
    let mut visit = |step: Segment, child: &Node| {
        path.push(step.clone());
        if let Some(own) = &child.from {
            let expected = trail.down(step.clone(), None).place();
            if **own != expected {
                out.push((path.clone(), Place::clone(own)));
            }
        }
        if !child.is_scalar() {
            collect(child, &trail.down(step, child.from.as_ref()), path, out);
        }
        path.pop();
    };
    match &node.is {
        Is::Seq(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(Segment::Index(index as u32), item);
            }
        }
        Is::Map(fields) => {
            for (key, value) in fields {
                visit(Segment::Key(key.clone()), value);
            }
        }
        _ => {}
    }
}
