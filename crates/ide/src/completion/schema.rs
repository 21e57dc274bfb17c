//! Fields and values from the schema of the kind.

use super::site::Site;
use super::{Completion, CompletionKind};
use crate::hover::{field_text, shown};
use crate::symbol::owner::at;
use meshscope::manifest::validate::schema::{Node, Type, schema};

/// Adds the fields that may be written where a key is typed, or the values of the field.
pub(super) fn add(site: &Site, items: &mut Vec<Completion>) {
    let schema = schema();
    let Some(node) = schema.field(site.kind, &site.api_version, &site.path) else {
        return;
    };
    if site.is_key {
        return fields(site, node, items);
    }
    let mut values: Vec<String> = node.values.iter().filter_map(shown).collect();
    if node.type_ == Type::Boolean {
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    let documentation = &node.description;
    items.extend(values.into_iter().map(|value| Completion {
        label: value.clone(),
        insert: value,
        kind: CompletionKind::Value,
        detail: String::new(),
        documentation: documentation.to_string(),
        rank: 50,
    }));
}

fn fields(site: &Site, node: &Node, items: &mut Vec<Completion>) {
    let written = at(&site.object, site.path.segments());
    for (name, field) in schema().children(node) {
        if written.has(name) || written.as_map().is_some_and(|map| map.contains_key(name)) {
            continue;
        }
        let nested = matches!(field.type_, Type::Object | Type::Array);
        items.push(Completion {
            label: name.to_owned(),
            insert: if nested {
                format!("{name}:")
            } else {
                format!("{name}: ")
            },
            kind: CompletionKind::Field,
            detail: field.type_name().to_owned(),
            documentation: field_text(name, field),
            rank: 60,
        });
    }
}
