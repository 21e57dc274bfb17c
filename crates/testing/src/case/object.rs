//! RESOURCE as cases write it: `Kind ns/name`.

use meshscope::finding::ResourceId;
use meshscope::manifest::{Kind, ResourceKey, Str};

/// An object by kind, namespace and name. The kind may be one meshscope does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRef {
    kind: String,
    namespace: Str,
    name: Str,
}

impl ObjectRef {
    /// Reads `Kind ns/name`, `Kind/ns/name`, or either without namespace.
    pub fn parse(text: &str, default_namespace: &str) -> Option<ObjectRef> {
        let (kind, rest) = text.trim().split_once([' ', '/'])?;
        let rest = rest.trim();
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None if is_cluster_scoped(kind) => ("", rest),
            None => (default_namespace, rest),
        };
        Some(ObjectRef {
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        })
    }

    /// The key of the object, when its kind is known.
    pub fn key(&self) -> Option<ResourceKey> {
        let kind = known_kind(&self.kind)?;
        Some(ResourceKey::new(
            kind,
            self.namespace.clone(),
            self.name.clone(),
        ))
    }

    /// Whether it is this object.
    pub fn is(&self, id: &ResourceId) -> bool {
        let shown = Kind::ALL
            .iter()
            .find(|k| k.name() == id.kind && k.group() == id.group)
            .map_or(id.kind.clone(), ToString::to_string);
        self.kind == shown && self.namespace == id.namespace && self.name == id.name
    }
}

fn known_kind(shown: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|k| k.to_string() == shown)
}

fn is_cluster_scoped(kind: &str) -> bool {
    known_kind(kind).is_some_and(|k| !k.is_namespaced())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_an_object_are_read() {
        let expected = ResourceKey::new(Kind::Gateway, "a", "b");
        for text in ["Gateway a/b", "Gateway/a/b"] {
            let object = ObjectRef::parse(text, "default").unwrap();
            assert_eq!(object.key(), Some(expected.clone()));
        }
        let staging = ObjectRef::parse("Namespace staging", "default").unwrap();
        assert_eq!(
            staging.key(),
            Some(ResourceKey::new(Kind::Namespace, "", "staging"))
        );
        let bare = ObjectRef::parse("Service web", "default").unwrap();
        assert_eq!(
            bare.key(),
            Some(ResourceKey::new(Kind::Service, "default", "web"))
        );
    }
}
