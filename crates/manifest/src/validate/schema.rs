//! The field tables of all kinds: what the CRDs say, read from the generated `schema.json`, and a
//! hand-written table of the core kinds' fields that meshscope reads.
//!
//! Owns the tables and how to find a field in them; hovers and completion read them too. Must not
//! know how a document is checked against them.

mod core_kinds;
mod load;

use crate::kind::Kind;
use crate::value::{Str, Value};
use meshscope_yaml::{Path, Segment};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

use super::cel::Expr;
use super::pattern::Pattern;

/// The type of a field, as OpenAPI names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each variant is the type of its name
pub enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    /// A number or a string.
    IntOrString,
    /// Anything.
    Any,
}

/// One field, wherever it occurs: equal fields share one node.
#[derive(Debug)]
pub struct Node {
    /// Its type.
    pub type_: Type,
    /// The first sentence of its description; may be empty.
    pub description: Str,
    /// The values it may have; empty when free.
    pub values: Vec<Value>,
    /// The fields that must be written in it.
    pub required: Vec<Str>,
    /// What the API server writes into it when it is absent.
    pub default: Option<Value>,
    pub(super) properties: Vec<(Str, u32)>,
    pub(super) additional: Option<u32>,
    pub(super) items: Option<u32>,
    /// Fields that are not listed are kept.
    pub(super) open: bool,
    pub(super) nullable: bool,
    pub(super) pattern: Option<Pattern>,
    /// `ipv4` and `ipv6` are looked at.
    pub(super) format: Str,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) length: (Option<usize>, Option<usize>),
    pub(super) size: (Option<usize>, Option<usize>),
    pub(super) keys: Vec<Str>,
    pub(super) is_set: bool,
    pub(super) rules: Vec<u32>,
    pub(super) one_of: Vec<u32>,
    pub(super) any_of: Vec<u32>,
    pub(super) all_of: Vec<u32>,
    pub(super) not: Option<u32>,
    /// Whether a default is written here or below.
    pub(super) has_defaults: bool,
}

/// All tables.
#[derive(Debug)]
pub struct Schema {
    nodes: Vec<Node>,
    /// CEL rules with their messages.
    pub(super) rules: Vec<(Expr, Str)>,
    /// The served versions of each kind with their root nodes, the preferred version first.
    kinds: FxHashMap<Kind, Vec<(Str, u32)>>,
    metadata: u32,
}

/// The tables, parsed on first use.
pub fn schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(load::load);
    &SCHEMA
}

impl Schema {
    /// The root of a kind in the version of `api_version`, or in the preferred one when that version
    /// is unknown. `None` for kinds without a table.
    pub fn root(&self, kind: Kind, api_version: &str) -> Option<&Node> {
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let versions = self.kinds.get(&kind)?;
        let found = versions.iter().find(|(name, _)| name == version);
        found.or(versions.first()).map(|(_, id)| self.node(*id))
    }

    /// The versions of a kind that istiod 1.30's CRDs serve, the preferred one first; empty for core
    /// kinds.
    pub fn versions(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let versions = self.kinds.get(&kind).map(Vec::as_slice).unwrap_or_default();
        versions
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !name.is_empty())
    }

    /// `metadata`, which is the same in all kinds.
    pub(super) fn metadata(&self) -> &Node {
        self.node(self.metadata)
    }

    pub(super) fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    /// The field at a path of a kind: for hovers and completion.
    pub fn field(&self, kind: Kind, api_version: &str, path: &Path) -> Option<&Node> {
        path.segments()
            .iter()
            .try_fold(self.root(kind, api_version)?, |node, step| match step {
                Segment::Key(key) => self.child(node, key),
                Segment::Index(_) => node.items.map(|id| self.node(id)),
            })
    }

    /// The field `key` of an object; for maps, the value of any key.
    pub fn child(&self, node: &Node, key: &str) -> Option<&Node> {
        let found = node
            .properties
            .binary_search_by(|(name, _)| name.as_str().cmp(key));
        match found {
            Ok(i) => node.properties.get(i).map(|(_, id)| self.node(*id)),
            Err(_) => node.additional.map(|id| self.node(id)),
        }
    }

    /// The fields of an object by name.
    pub fn children<'s>(&'s self, node: &'s Node) -> impl Iterator<Item = (&'s str, &'s Node)> {
        node.properties
            .iter()
            .map(|(name, id)| (name.as_str(), self.node(*id)))
    }
}

impl Node {
    /// The names of the fields of an object.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().map(|(name, _)| name.as_str())
    }

    /// The name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self.type_ {
            Type::Object => "a mapping",
            Type::Array => "a list",
            Type::String => "a string",
            Type::Integer => "a whole number",
            Type::Number => "a number",
            Type::Boolean => "true or false",
            Type::IntOrString => "a number or a string",
            Type::Any => "anything",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_kind_has_a_root_and_every_rule_parses() {
        let schema = schema();
        for kind in [
            Kind::VirtualService,
            Kind::TrafficExtension,
            Kind::HttpRoute,
            Kind::Service,
        ] {
            assert!(schema.root(kind, "v1").is_some(), "{kind}");
        }
        assert_eq!(schema.versions(Kind::VirtualService).next(), Some("v1"));
        assert_eq!(
            schema.versions(Kind::EnvoyFilter).collect::<Vec<_>>(),
            ["v1alpha3"]
        );
        assert!(schema.rules.len() > 100);
        let patterns = schema.nodes.iter().filter_map(|node| node.pattern.as_ref());
        assert!(patterns.clone().count() > 10 && patterns.clone().all(Pattern::is_sound));
    }

    #[test]
    fn fields_are_found_by_path() {
        let path = "spec.http[0].retries.attempts".parse().unwrap();
        let field = schema()
            .field(Kind::VirtualService, "networking.istio.io/v1", &path)
            .unwrap();
        assert_eq!(field.type_, Type::Integer);
        assert!(
            field.description.starts_with("Number of retries"),
            "{}",
            field.description
        );
    }
}
