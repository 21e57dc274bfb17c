//! A resource on its way through a build, and the list of them.
//!
//! Beside its tree a resource carries what kustomize keeps in build annotations: earlier
//! identities, prefixes and suffixes it got, whether its name wants a hash.

use std::sync::Arc;

use super::id::{Gvk, Id};
use super::tree::{Is, Node};
use crate::value::Str;

/// What a generated resource does to one that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Replace,
    Merge,
}

/// One resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    pub node: Node,
    /// Earlier identities, the oldest first. The group and version are always those of now.
    pub previous: Vec<Id>,
    pub prefixes: Vec<Str>,
    pub suffixes: Vec<Str>,
    /// Whether the name gets a hash of the content.
    pub hashed: bool,
    pub behavior: Behavior,
    /// Names of `vars` that read from this resource.
    pub vars: Vec<Str>,
}

impl Resource {
    pub(crate) fn new(node: Node) -> Resource {
        Resource {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            hashed: false,
            behavior: Behavior::Create,
            vars: Vec::new(),
        }
    }

    pub(crate) fn kind(&self) -> Str {
        self.node.str_at("kind")
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::from_api(&self.node.str_at("apiVersion"), &self.kind())
    }

    fn meta(&self, key: &str) -> Str {
        let field = self.node.dig(&["metadata", key]);
        field.map(Node::scalar).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> Str {
        self.meta("name")
    }

    /// As written.
    pub(crate) fn namespace(&self) -> Str {
        self.meta("namespace")
    }

    /// The identity now.
    pub(crate) fn id(&self) -> Id {
        let gvk = self.gvk();
        let namespace = gvk.effective_namespace(&self.namespace());
        Id {
            gvk,
            name: self.name(),
            namespace,
        }
    }

    /// The identity at first.
    pub(crate) fn original_id(&self) -> Id {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    /// Earlier identities, with the group and version of now.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = Id> {
        let now = self.gvk();
        self.previous.iter().map(move |id| Id {
            gvk: Gvk {
                kind: id.gvk.kind.clone(),
                ..now.clone()
            },
            ..id.clone()
        })
    }

    /// All identities, earlier ones first.
    pub(crate) fn ids(&self) -> Vec<Id> {
        let mut ids: Vec<Id> = self.previous_ids().collect();
        ids.push(self.id());
        ids
    }

    /// Notes the identity of now among the earlier ones.
    pub(crate) fn remember(&mut self) {
        let id = self.id();
        self.previous.push(id);
    }

    pub(crate) fn set_meta(&mut self, key: &str, value: Option<Node>) {
        let Some(metadata) = self.node.map_at("metadata") else {
            return;
        };
        match (metadata.fields_mut(), value) {
            (Some(fields), Some(value)) => {
                fields.insert(Str::new(key), value);
            }
            (Some(fields), None) => {
                fields.shift_remove(key);
            }
            (None, _) => {}
        }
    }

    /// `metadata.labels` or `metadata.annotations` as texts.
    pub(crate) fn texts(&self, key: &str) -> Vec<(Str, Str)> {
        let fields = self.node.dig(&["metadata", key]).and_then(Node::fields);
        fields
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.scalar()))
            .collect()
    }

    /// Whether prefixes and suffixes were given in the same context.
    pub(crate) fn same_affixes(&self, other: &Resource, allow_empty: bool) -> bool {
        let same = |a: &[Str], b: &[Str]| {
            let length = a.len().min(b.len());
            (allow_empty && length == 0)
                || (length > 0 || a.len() == b.len())
                    && a[a.len() - length..] == b[b.len() - length..]
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }

    /// Whether a patch left nothing of it.
    pub(crate) fn is_gone(&self) -> bool {
        self.node.is_blank() || matches!(self.node.is, Is::Text(_))
    }
}

/// The resources of a build, in order. Cheap to clone: unchanged resources are shared.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    pub list: Vec<Arc<Resource>>,
}

impl Resources {
    /// For changes: a resource that is shared is copied first.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Resource> {
        self.list.iter_mut().map(Arc::make_mut)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.list.iter().map(|r| &**r)
    }

    /// The resources that have or had this identity.
    pub(crate) fn matching_any_id(&self, wanted: &Id) -> Vec<usize> {
        let matches = |r: &Resource| {
            let named = r.previous.iter().any(|id| id.name == wanted.name);
            (named || r.name() == wanted.name) && r.ids().contains(wanted)
        };
        (0..self.list.len())
            .filter(|&at| matches(&self.list[at]))
            .collect()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Resource {
        Arc::make_mut(&mut self.list[at])
    }
}
