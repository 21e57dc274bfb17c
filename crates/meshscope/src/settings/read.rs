//! From YAML nodes to the types of the settings file: every fault is noted where it is written, and
//! costs its own key only.
//!
//! Owns the types of single values. It must not know the keys.

use super::SettingsProblem;
use meshscope_manifest::validate::nearest;
use meshscope_manifest::{Str, Value, read};
use meshscope_yaml::{Node, Span};
use std::ops::Deref;

/// What was noted while reading.
pub(super) type Problems = Vec<SettingsProblem>;

/// A type that can be read from a node.
pub(super) trait Read: Sized {
    /// The value; `None` with a note when the node is something else.
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Self>;
}

/// A mapping with keys known beforehand.
pub(super) trait Keys: Default {
    /// The keys, in the order they are documented.
    fn names() -> Vec<&'static str>;

    /// Reads the value of a key; false when there is no such key.
    fn set(&mut self, key: &str, value: Node<'_>, problems: &mut Problems) -> bool;
}

impl<T: Keys> Read for T {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<T> {
        if !node.is_mapping() {
            return wrong(node, "a mapping", problems);
        }
        let mut value = T::default();
        for entry in node.fields() {
            let Some(key) = entry.key.key_text() else {
                continue;
            };
            // A key without a value is as good as absent.
            let known = if entry.value.is_null() {
                T::names().contains(&key.as_ref())
            } else {
                value.set(&key, entry.value, problems)
            };
            if !known {
                let names = T::names();
                let mut message = format!("there is no setting {key} here");
                let near = nearest(&key, names.iter().copied());
                if near.is_none() {
                    message += &format!("; there are {}", names.join(", "));
                }
                problems.push(SettingsProblem::new(entry.key.span(), message).meant(near));
            }
        }
        Some(value)
    }
}

/// Notes that a value is of another type than wanted.
pub(super) fn wrong<T>(node: Node<'_>, wanted: &str, problems: &mut Problems) -> Option<T> {
    let found = match node.typed() {
        Some(typed) => typed.type_name(),
        None if node.is_mapping() => "mapping",
        None => "list",
    };
    let message = format!("this must be {wanted}, and is a {found}");
    let problem = SettingsProblem::new(node.span(), message);
    problems.push(match node.text().filter(|_| wanted == "a string") {
        Some(text) => problem.help(format!("write \"{text}\" in quotes")),
        None => problem,
    });
    None
}

impl Read for Str {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Str> {
        match node.as_str() {
            Some(text) => Some(Str::new(text)),
            None => wrong(node, "a string", problems),
        }
    }
}

impl Read for bool {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<bool> {
        match node.typed() {
            Some(meshscope_yaml::Typed::Bool(value)) => Some(value),
            _ => wrong(node, "true or false", problems),
        }
    }
}

impl Read for i64 {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<i64> {
        match node.typed() {
            Some(meshscope_yaml::Typed::Int(value)) => Some(value),
            _ => wrong(node, "a whole number", problems),
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Vec<T>> {
        if !node.is_sequence() {
            return wrong(node, "a list", problems);
        }
        let items = node.items();
        Some(items.filter_map(|item| T::read(item, problems)).collect())
    }
}

/// A value with the place it is written at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Spanned<T>> {
        let value = T::read(node, problems)?;
        let span = node.span();
        Some(Spanned { value, span })
    }
}

/// Any scalar as it is written: `1.30` stays `1.30`, `off` stays `off`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text(pub Str);

impl Read for Text {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Text> {
        match node.text() {
            Some(text) => Some(Text(text.into())),
            None => wrong(node, "a single value", problems),
        }
    }
}

/// A mapping whose keys the owner chooses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Named<T>(pub Vec<(Spanned<Str>, T)>);

impl<T: Read> Read for Named<T> {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Named<T>> {
        if !node.is_mapping() {
            return wrong(node, "a mapping", problems);
        }
        let mut entries = Vec::new();
        for entry in node.fields() {
            if let Some(key) = entry.key.key_text()
                && let Some(value) = T::read(entry.value, problems)
            {
                let span = entry.key.span();
                let value_of_key = Str::new(key);
                entries.push((
                    Spanned {
                        value: value_of_key,
                        span,
                    },
                    value,
                ));
            }
        }
        Some(Named(entries))
    }
}

/// A mapping that is handed on as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Free(pub Value);

impl Read for Free {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Free> {
        if !node.is_mapping() {
            return wrong(node, "a mapping", problems);
        }
        Some(Free(read::node(node)))
    }
}

/// Either of two forms: a scalar for the first, anything else for the second.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Either<A, B> {
    Short(A),
    Long(B),
}

impl<A: Read, B: Read> Read for Either<A, B> {
    fn read(node: Node<'_>, problems: &mut Problems) -> Option<Either<A, B>> {
        if node.is_scalar() {
            A::read(node, problems).map(Either::Short)
        } else {
            B::read(node, problems).map(Either::Long)
        }
    }
}
