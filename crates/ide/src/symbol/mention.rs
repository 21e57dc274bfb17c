//! The mentions of an object: each place in it where something is named.

use super::fields::{self, EXPORT_TO, Field};
use super::owner::Owner;
use meshscope::manifest::{Str, Value};
use meshscope::yaml::Path;
use std::ops::Range;

/// One name in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// The field.
    pub path: Path,
    /// What of the field's text is the name; none for all of it, and for maps.
    pub part: Option<Range<usize>>,
    /// The name; empty for maps.
    pub text: Str,
    /// What it names.
    pub field: Field,
}

impl Mention {
    /// The bytes of the name in its file, and the file; `None` when it has none of its own.
    pub(crate) fn place(
        &self,
        owner: &Owner<'_>,
    ) -> Option<(meshscope::engine::SourceFile, Range<usize>)> {
        let place = owner.place(&self.path)?;
        let whole = place.text.unwrap_or(place.value).range();
        let range = match (&self.part, place.text) {
            (Some(part), Some(_)) if whole.start + part.end <= whole.end => {
                whole.start + part.start..whole.start + part.end
            }
            _ => whole,
        };
        Some((place.file, range))
    }

    /// The path of the mapping the field is in.
    pub(crate) fn beside(&self) -> Path {
        self.path.parent().unwrap_or_default()
    }
}

/// Every mention of an object, in the order of the table.
pub(crate) fn mentions(owner: &Owner<'_>) -> Vec<Mention> {
    let mut found = Vec::new();
    for (pattern, field) in fields::of_kind(owner.kind) {
        let mut steps = pattern.split('.');
        expand(
            &owner.value,
            Path::root(),
            &mut steps,
            &mut |path, value| of_value(path, value, field, &mut found),
        );
    }
    found
}

/// Calls `each` with every field that a pattern leads to.
fn expand<'p>(
    value: &Value,
    path: Path,
    steps: &mut (dyn Iterator<Item = &'p str> + '_),
    each: &mut dyn FnMut(Path, &Value),
) {
    let Some(step) = steps.next() else {
        each(path, value);
        return;
    };
    let (key, items) = match step.strip_suffix("[]") {
        Some(key) => (key, true),
        None => (step, false),
    };
    let key = if key == "@exportTo" { EXPORT_TO } else { key };
    let (Value::Map(map), path) = (value, path.join(key)) else {
        return;
    };
    let Some(value) = map.get(key) else { return };
    if !items {
        return expand(value, path, steps, each);
    }
    let rest: Vec<&str> = steps.collect();
    for (index, item) in (0u32..).zip(value.as_list()) {
        expand(item, path.index(index), &mut rest.iter().copied(), each);
    }
}

fn of_value(path: Path, value: &Value, field: Field, found: &mut Vec<Mention>) {
    let mut add = |field: Field, text: &str, part: Option<Range<usize>>| {
        found.push(Mention {
            path: path.clone(),
            text: part.clone().map_or(text, |part| &text[part]).into(),
            part,
            field,
        });
    };
    let text = match (field, value) {
        (Field::Selector | Field::PodLabels, Value::Map(_)) => return add(field, "", None),
        (_, value) => match value.scalar_text() {
            Some(text) => text,
            None => return,
        },
    };
    match field {
        Field::ImportedHost | Field::ServedHost | Field::QualifiedGateway => {
            if let Some((namespace, host)) = text.split_once('/') {
                add(Field::Namespace, &text, Some(0..namespace.len()));
                add(field, &text, Some(text.len() - host.len()..text.len()));
            } else {
                add(field, &text, None);
            }
        }
        Field::GatewayName => {
            let name = gateway_part(&text);
            let namespace = 0..name.start.saturating_sub(1);
            if text.contains('/') {
                add(Field::Namespace, &text, Some(namespace));
            }
            let part = (name != (0..text.len())).then_some(name);
            add(field, &text, part);
        }
        Field::Principal => principal(&text, &mut add),
        Field::ServiceAccount => match text.split_once('/') {
            Some((namespace, account)) => {
                add(Field::Namespace, &text, Some(0..namespace.len()));
                let start = text.len() - account.len();
                add(field, &text, Some(start..text.len()));
            }
            None => add(field, &text, None),
        },
        Field::Namespaces => {
            let mut start = 0;
            for part in text.split(',') {
                let name = part.trim();
                let lead = part.len() - part.trim_start().len();
                add(
                    Field::Namespace,
                    &text,
                    Some(start + lead..start + lead + name.len()),
                );
                start += part.len() + 1;
            }
        }
        _ => add(field, &text, None),
    }
}

/// The bytes of the Gateway's own name in a reference (V:R0.18).
fn gateway_part(text: &str) -> Range<usize> {
    match text.split_once('/') {
        Some((namespace, _)) => namespace.len() + 1..text.len(),
        None => 0..text.find('.').unwrap_or(text.len()),
    }
}

/// What is called with a name: what it names, the whole text, and the part of it.
type Add<'a> = dyn FnMut(Field, &str, Option<Range<usize>>) + 'a;

/// Namespace and service account of a principal; nothing for patterns and other forms.
fn principal(text: &str, add: &mut Add<'_>) {
    let Some(namespace) = text.find("/ns/").map(|at| at + 4) else {
        return;
    };
    let Some(length) = text[namespace..].find("/sa/") else {
        // `trust-domain/ns/NAMESPACE/*`: everybody of a namespace.
        if let Some(rest) = text[namespace..].strip_suffix("/*") {
            add(
                Field::Namespace,
                text,
                Some(namespace..namespace + rest.len()),
            );
        }
        return;
    };
    let account = namespace + length + 4;
    add(Field::Namespace, text, Some(namespace..namespace + length));
    add(Field::Principal, text, Some(account..text.len()));
}
