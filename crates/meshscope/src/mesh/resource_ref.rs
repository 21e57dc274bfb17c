//! RESOURCE: how people name an object (`Kind NS/NAME` or `Kind/NS/NAME`).

use meshscope_manifest::{Kind, ResourceKey};
use meshscope_mesh::index::namespace_and_name;
use std::fmt;
use std::str::FromStr;

/// An object as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRef(pub ResourceKey);

/// A name that leads to no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRefError(String);

impl FromStr for ResourceRef {
    type Err = ResourceRefError;

    fn from_str(text: &str) -> Result<ResourceRef, ResourceRefError> {
        let unreadable = || ResourceRefError(text.into());
        let parts = text.trim().split_once([' ', '/']);
        let (shown, rest) = parts.ok_or_else(unreadable)?;
        let kind = Kind::ALL.iter().find(|k| k.to_string() == shown);
        let kind = *kind.ok_or_else(unreadable)?;
        let key = match namespace_and_name(rest.trim()) {
            Some((namespace, name)) if kind.is_namespaced() && !name.contains('/') => {
                ResourceKey::new(kind, namespace, name)
            }
            None if !kind.is_namespaced() => ResourceKey::new(kind, "", rest.trim()),
            _ => return Err(unreadable()),
        };
        Ok(ResourceRef(key))
    }
}

impl fmt::Display for ResourceRefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} names no resource: write \"Kind NAMESPACE/NAME\", for example \
             \"VirtualService shop/reviews\"",
            self.0
        )
    }
}

impl std::error::Error for ResourceRefError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_namespace_and_name() {
        let expected = ResourceKey::new(Kind::Gateway, "a", "b");
        for text in ["Gateway a/b", "Gateway/a/b"] {
            assert_eq!(text.parse(), Ok(ResourceRef(expected.clone())));
        }
        let unknown = ResourceKey::new(Kind::Gateway, "?apps/shop", "b");
        assert_eq!(unknown.to_string().parse(), Ok(ResourceRef(unknown)));
        assert!("Gateway b".parse::<ResourceRef>().is_err());
        assert!("Nothing a/b".parse::<ResourceRef>().is_err());
    }
}
