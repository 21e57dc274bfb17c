//! References of Gateway API: group, kind, namespace and name, and the listeners they name.

use super::super::Symbol;
use super::super::fields::{Field, RefKind};
use super::super::mention::Mention;
use super::super::owner::{Owner, definitions_of};
use super::{host_of, hosts};
use meshscope::manifest::{Kind, ResourceKey, Str, Value};
use meshscope::yaml::Path;

/// What a reference of Gateway API names.
pub(super) fn reference(owner: &Owner<'_>, written: &Value, default: RefKind) -> Vec<Symbol> {
    let (group, kind) = match default {
        RefKind::Parent => ("gateway.networking.k8s.io", "Gateway"),
        RefKind::Backend => ("", "Service"),
        RefKind::Certificate => ("", "Secret"),
        RefKind::Target => ("", ""),
    };
    let or = |key: &str, default: &str| written.str(key).unwrap_or_else(|| default.into());
    let kind = or("kind", kind);
    let group = match written.str("group") {
        Some(group) => group,
        None if kind == "Service" => Str::default(),
        None => group.into(),
    };
    let name = written.str_or_empty("name");
    let namespace = written.str("namespace").filter(|ns| !ns.is_empty());
    let namespace = namespace.unwrap_or_else(|| owner.namespace.clone());
    if name.is_empty() {
        return Vec::new();
    }
    match (group.as_str(), kind.as_str()) {
        ("", "Service") => vec![host_of(owner.mesh, &namespace, &name)],
        ("networking.istio.io", "Hostname") => hosts(owner, Field::LiteralHost, &name),
        (group, kind) => {
            let api = if group.is_empty() {
                "v1".into()
            } else {
                format!("{group}/v1")
            };
            let kind = Kind::from_api(&api, kind);
            let key = kind.map(|kind| {
                let namespace = if kind.is_namespaced() {
                    namespace
                } else {
                    Str::default()
                };
                ResourceKey::new(kind, namespace, name)
            });
            key.map(Symbol::Object).into_iter().collect()
        }
    }
}

/// The listener that `sectionName` names.
pub(super) fn section(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let parent = reference(owner, owner.at(&mention.beside()), RefKind::Parent);
    let Some(Symbol::Object(key)) = parent.into_iter().next() else {
        return Vec::new();
    };
    let Some(definition) = definitions_of(owner.mesh, &key).pop() else {
        return Vec::new();
    };
    let listeners = definition.value.get("spec").list("listeners");
    let index = listeners
        .iter()
        .position(|l| l.str_or_empty("name") == mention.text);
    let index = index.and_then(|i| u32::try_from(i).ok());
    let part = index.map(|index| Symbol::Part {
        object: key,
        path: Path::root().join("spec").join("listeners").index(index),
    });
    part.into_iter().collect()
}
