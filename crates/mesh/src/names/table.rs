//! A map from hosts to values with istiod's most-specific lookup.

use super::host::{is_wildcard, more_specific};
use meshscope_manifest::Str;
use rustc_hash::FxHashMap;

/// Values by exact or wildcard host. Lookups cost one hash per candidate suffix length, not one
/// comparison per wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTable<V> {
    exact: FxHashMap<Str, V>,
    wildcard: FxHashMap<Str, V>,
    /// Lengths of the wildcard keys, longest first.
    lengths: Vec<usize>,
}

impl<V> Default for HostTable<V> {
    fn default() -> Self {
        HostTable {
            exact: FxHashMap::default(),
            wildcard: FxHashMap::default(),
            lengths: Vec::new(),
        }
    }
}

impl<V> HostTable<V> {
    /// The value of exactly this host string.
    pub fn get(&self, host: &str) -> Option<&V> {
        if is_wildcard(host) {
            self.wildcard.get(host)
        } else {
            self.exact.get(host)
        }
    }

    /// The value of `host`, inserted when missing.
    pub fn entry_or_insert_with(&mut self, host: &Str, default: impl FnOnce() -> V) -> &mut V {
        if is_wildcard(host) {
            if let Err(i) = self.lengths.binary_search_by(|l| host.len().cmp(l)) {
                self.lengths.insert(i, host.len());
            }
            self.wildcard.entry(host.clone()).or_insert_with(default)
        } else {
            self.exact.entry(host.clone()).or_insert_with(default)
        }
    }

    /// Whether there are no hosts.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcard.is_empty()
    }

    /// The most specific host for `needle` and its value (V:R0.13).
    pub fn most_specific(&self, needle: &str) -> Option<(&Str, &V)> {
        let own = if is_wildcard(needle) {
            &self.wildcard
        } else {
            &self.exact
        };
        if let Some(found) = own.get_key_value(needle) {
            return Some(found);
        }
        let tail = needle.strip_prefix('*').unwrap_or(needle);
        let mut key = String::with_capacity(needle.len() + 1);
        for &length in &self.lengths {
            // A wildcard of `length` bytes covers a tail of `length - 1`.
            let Some(start) = (tail.len() + 1).checked_sub(length) else {
                continue;
            };
            let Some(suffix) = tail.get(start..) else {
                continue;
            };
            key.clear();
            key.push('*');
            key.push_str(suffix);
            if let Some(found) = self.wildcard.get_key_value(key.as_str()) {
                return Some(found);
            }
        }
        None
    }

    /// Every host that covers `needle` (V:R0.11), with its value, most specific first.
    pub fn covering<'t>(&'t self, needle: &'t str) -> impl Iterator<Item = (&'t Str, &'t V)> {
        let exact = (!is_wildcard(needle)).then(|| self.exact.get_key_value(needle));
        let tail = needle.strip_prefix('*').unwrap_or(needle);
        let wildcards = self.lengths.iter().filter_map(move |length| {
            let start = (tail.len() + 1).checked_sub(*length)?;
            let key = format!("*{}", tail.get(start..)?);
            self.wildcard.get_key_value(key.as_str())
        });
        exact.flatten().into_iter().chain(wildcards)
    }

    /// All hosts with their values, most specific first.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &V)> {
        let mut all: Vec<_> = self.exact.iter().chain(self.wildcard.iter()).collect();
        all.sort_by(|(a, _), (b, _)| more_specific(a, b));
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::host;
    use super::*;
    use proptest::prelude::*;

    fn any_host() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ab]{1,2}(\\.[ab]{1,2}){0,2}",
            "\\*[ab]?(\\.[ab]{1,2}){0,2}",
            Just("*".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn the_indexed_lookup_is_the_naive_one(
            keys in proptest::collection::vec(any_host(), 0..12),
            needle in any_host(),
        ) {
            let mut table = HostTable::default();
            for key in &keys {
                table.entry_or_insert_with(&Str::new(key), || ());
            }
            let naive = host::most_specific(&needle, keys.iter().map(String::as_str));
            prop_assert_eq!(table.most_specific(&needle).map(|(k, ())| k.as_str()), naive);
        }
    }
}
