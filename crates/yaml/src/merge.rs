//! Merge keys (`<<`) as go-yaml v2 resolves them. Owns which of several values wins;
//! must not know types or paths.
//!
//! go-yaml writes a mapping's entries into the result one after the other, and a
//! `<<` writes all of its target: what comes later wins, even a merge after the key it
//! repeats. Of a sequence of merges the first wins. Both walks below go backwards and
//! keep what they meet first, look at no mapping twice, and never recurse, so chains
//! and bombs of merges cost no more than the tree has nodes.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::{Entries, Entry, Node};

/// The value that wins for a key of a mapping with merges.
pub(crate) fn find<'a>(mapping: Node<'a>, key: &str) -> Option<Entry<'a>> {
    let mut walk = Walk::new(mapping);
    walk.find(|entry| entry.key.is_key(key))
}

/// All keys of a mapping with merges or repeated keys, each once.
pub(crate) fn fields(mapping: Node<'_>) -> Vec<Entry<'_>> {
    let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
    let mut fields: Vec<_> = Walk::new(mapping)
        // Keys that are collections reach no JSON; they are kept for whoever reports them.
        .filter(|entry| entry.key.key_text().is_none_or(|key| seen.insert(key)))
        .collect();
    fields.reverse();
    fields
}

/// Entries of a mapping and of what it merges, the winning one first.
struct Walk<'a> {
    /// Entries still to be looked at, last first, of each mapping entered.
    frames: Vec<Vec<Entry<'a>>>,
    entered: HashSet<u32>,
}

impl<'a> Walk<'a> {
    fn new(mapping: Node<'a>) -> Self {
        let mut walk = Self {
            frames: Vec::new(),
            entered: HashSet::new(),
        };
        walk.enter(mapping);
        walk
    }

    fn enter(&mut self, mapping: Node<'a>) {
        if mapping.is_mapping() && self.entered.insert(mapping.id()) {
            self.frames.push(mapping.entries().collect());
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let Some(entry) = self.frames.last_mut()?.pop() else {
                self.frames.pop();
                continue;
            };
            if !entry.key.is_merge_key() {
                return Some(entry);
            }
            if entry.value.is_sequence() {
                // The first item wins, so it must be entered last.
                let items: Vec<_> = entry.value.items().collect();
                items.into_iter().rev().for_each(|item| self.enter(item));
            } else {
                self.enter(entry.value);
            }
        }
    }
}

/// The entries of a mapping as a JSON object holds them.
#[derive(Clone, Debug)]
pub struct Fields<'a>(Source<'a>);

#[derive(Clone, Debug)]
enum Source<'a> {
    Plain(Entries<'a>),
    Resolved(std::vec::IntoIter<Entry<'a>>),
}

impl<'a> Fields<'a> {
    pub(crate) fn plain(entries: Entries<'a>) -> Self {
        Self(Source::Plain(entries))
    }

    pub(crate) fn resolved(entries: Vec<Entry<'a>>) -> Self {
        Self(Source::Resolved(entries.into_iter()))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        match &mut self.0 {
            Source::Plain(entries) => entries.next(),
            Source::Resolved(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Source::Plain(entries) => entries.size_hint(),
            Source::Resolved(entries) => entries.size_hint(),
        }
    }
}

impl ExactSizeIterator for Fields<'_> {}
