//! Changing values: the few operations that kustomize and the gateway installs are made of.
//!
//! It must not know where a value came from, nor why it is changed.

use crate::value::{Map, Str, Value};

/// A mapping with these entries, in this order.
pub fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(k, v)| (Str::new(k), v))
            .collect::<Map>(),
    )
}

impl Value {
    /// An empty mapping.
    pub fn empty() -> Value {
        Value::Map(Map::default())
    }

    /// The mapping, for changes.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The entry `key` of a mapping, for changes.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_map_mut()?.get_mut(key)
    }

    /// The entry `key`, made as null when absent. A value that is no mapping becomes one.
    pub fn entry_mut(&mut self, key: &str) -> &mut Value {
        if !matches!(self, Value::Map(_)) {
            *self = Value::empty();
        }
        match self {
            Value::Map(map) => map.entry(Str::new(key)).or_default(),
            // Made a mapping just above.
            other => other,
        }
    }

    /// Sets the entry `key`. A value that is no mapping becomes one.
    pub fn set(&mut self, key: &str, value: Value) {
        *self.entry_mut(key) = value;
    }

    /// Takes the entry `key` out, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.as_map_mut()?.shift_remove(key)
    }

    /// Whether this is null, an empty mapping, an empty sequence or an empty string.
    pub fn is_blank(&self) -> bool {
        match self {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Seq(items) => items.is_empty(),
            Value::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// Lays `other` over this the way Helm lays values over defaults: mappings merge, everything
    /// else replaces, and a null changes nothing.
    pub fn overlay(&mut self, other: &Value) {
        match (self, other) {
            (_, Value::Null) => {}
            (Value::Map(base), Value::Map(over)) => {
                for (key, value) in over {
                    match base.get_mut(key.as_str()) {
                        Some(inner) => inner.overlay(value),
                        None => {
                            base.insert(key.clone(), value.clone());
                        }
                    }
                }
            }
            (base, over) => *base = over.clone(),
        }
    }

    /// A scalar as text, the way a template prints it; `None` for null and collections.
    pub fn scalar_text(&self) -> Option<Str> {
        match self {
            Value::String(s) => Some(s.clone()),
            Value::Bool(b) => Some(if *b { "true".into() } else { "false".into() }),
            Value::Int(i) => Some(i.to_string().into()),
            Value::Float(f) => Some(f.to_string().into()),
            Value::Null | Value::Seq(_) | Value::Map(_) => None,
        }
    }
}
