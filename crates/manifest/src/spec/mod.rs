//! What the kinds say, as typed values without positions. One file per family of kinds.
//!
//! Decoding is tolerant: a field of the wrong type counts as absent (the validator reports it), so a
//! wrong field never costs the resource. Absent and empty are told apart only where istiod does
//! (V:R0.8); enum defaults are the protobuf zero values.

pub mod calico;
pub mod gateway;
pub mod gateway_api;
pub mod kubernetes;
pub mod meshconfig;
pub mod network_policy;
pub mod policy;
pub mod proxy_config;
pub mod sidecar;
pub mod traffic;
pub mod virtual_service;

use crate::repository::is_unknown;
use crate::value::{Str, Value};

/// Labels, sorted by key, so that equal label sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(pub Vec<(Str, Str)>);

impl Labels {
    /// Decodes a mapping of strings; other value types are left out, as the API server refuses them.
    pub fn decode(value: &Value) -> Labels {
        let mut pairs: Vec<(Str, Str)> = value
            .as_map()
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| v.as_str().map(|v| (k.clone(), Str::new(v))))
            .collect();
        pairs.sort();
        Labels(pairs)
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Str> {
        self.0
            .binary_search_by(|(k, _)| k.as_str().cmp(key))
            .ok()
            .and_then(|i| self.0.get(i))
            .map(|(_, v)| v)
    }

    /// Sets `key`, replacing an earlier value.
    pub fn set(&mut self, key: &str, value: &str) {
        match self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)) {
            Ok(i) => self.0[i].1 = value.into(),
            Err(i) => self.0.insert(i, (key.into(), value.into())),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every pair of `self` is in `labels`; true for an empty selector (V:R0.6).
    pub fn subset_of(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(k, v)| labels.get(k) == Some(v))
    }

    /// Like [`Labels::subset_of`] but false for an empty selector: a Service's selector (V:R0.7).
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.is_empty() && self.subset_of(labels)
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut labels = Labels::default();
        for (k, v) in iter {
            labels.set(k.as_ref(), v.as_ref());
        }
        labels
    }
}

/// A Kubernetes `LabelSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    /// `matchLabels`.
    pub match_labels: Labels,
    /// `matchExpressions` as (key, operator, values).
    pub match_expressions: Vec<(Str, Str, Vec<Str>)>,
}

impl LabelSelector {
    /// Decodes a selector; anything else than a mapping is the empty selector, which matches all.
    pub fn decode(value: &Value) -> LabelSelector {
        LabelSelector {
            match_labels: Labels::decode(value.get("matchLabels")),
            match_expressions: value
                .list("matchExpressions")
                .iter()
                .map(|e| {
                    (
                        e.str_or_empty("key"),
                        e.str_or_empty("operator"),
                        e.strings("values"),
                    )
                })
                .collect(),
        }
    }

    /// Whether the selector accepts `labels`; an unknown operator accepts nothing.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels.subset_of(labels)
            && self
                .match_expressions
                .iter()
                .all(|(key, operator, values)| {
                    let value = labels.get(key);
                    match operator.as_str() {
                        "In" => value.is_some_and(|v| values.contains(v)),
                        "NotIn" => value.is_none_or(|v| !values.contains(v)),
                        "Exists" => value.is_some(),
                        "DoesNotExist" => value.is_none(),
                        _ => false,
                    }
                })
    }
}

/// The protobuf enum member of `value`: by name, or by number as protobuf JSON also accepts.
/// Index 0 of `names` is the default for an absent field.
/// Whether a mapping is written without its `mode`, which is then the enum's zero value. A placeholder
/// may hold the mode.
pub(crate) fn lacks_mode(value: &Value) -> bool {
    let map = value.as_map().filter(|_| value.get("mode").is_null());
    map.is_some_and(|map| !map.iter().any(|(key, _)| is_unknown(key)))
}

pub(crate) fn enum_index(value: &Value, names: &[(&str, usize)]) -> Option<usize> {
    match value {
        Value::Null => Some(0),
        Value::String(s) => names.iter().find(|(n, _)| n == s).map(|(_, i)| *i),
        Value::Int(i) => usize::try_from(*i)
            .ok()
            .filter(|i| names.iter().any(|(_, number)| number == i)),
        _ => None,
    }
}
