//! `vars`: `$(NAME)` in the fields that may hold one, replaced by a field of another resource.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::config::Sections;
use super::field::{Make, each_field, split_smart};
use super::layer::Layer;
use super::place::Place;
use super::problem::ProblemKind;
use super::tree::{Is, Node};
use crate::value::Str;

/// The values of variables that have one.
type Values = FxHashMap<Str, (Is, Arc<Place>)>;

/// Replaces the variables of a root.
pub(super) fn resolve(layer: &mut Layer) {
    if layer.vars.is_empty() {
        return;
    }
    let mut values = Values::default();
    for var in layer.vars.clone() {
        let with = |r: &&super::resource::Resource| r.vars.contains(&var.name);
        let source = layer.resources.iter().find(with);
        let value = source.and_then(|r| look_up(&r.node, &var.field_path));
        match value.filter(|v| v.is_scalar() && !v.is_null()) {
            Some(value) => {
                let is = value.is.clone();
                values.insert(var.name.clone(), (is, Arc::new(var.place)));
            }
            None => {
                let message = format!("var `{}` has no value", var.name);
                layer.problem(var.place, ProblemKind::NoTarget, message);
            }
        }
    }
    let config = layer.config.clone();
    let mut faults = Vec::new();
    for resource in layer.resources.list.iter_mut() {
        if !may_expand(&resource.node) {
            continue;
        }
        let resource = Arc::make_mut(resource);
        if let Err(fault) = in_resource(resource, &config, &values) {
            let place = resource.node.from.as_deref().cloned().unwrap_or_default();
            faults.push((place, fault));
        }
    }
    for (place, fault) in faults {
        layer.problem(place, ProblemKind::Invalid, fault);
    }
}

fn in_resource(
    resource: &mut super::resource::Resource,
    config: &Sections,
    values: &Values,
) -> Result<(), String> {
    for spec in &config.var_reference {
        each_field(resource, spec, Make::Nothing, &mut |node, _| {
            match &mut node.is {
                Is::Seq(items) => items.iter_mut().for_each(|i| replace(i, values)),
                Is::Map(fields) => fields.values_mut().for_each(|v| replace(v, values)),
                _ => replace(node, values),
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Whether some text could hold a variable.
fn may_expand(node: &Node) -> bool {
    match &node.is {
        Is::Text(text) => text.contains("$(") || text.contains("$$"),
        Is::Seq(items) => items.iter().any(may_expand),
        Is::Map(fields) => fields.values().any(may_expand),
        _ => false,
    }
}

/// The field at a path such as `spec.ports[0].port`.
fn look_up<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = node;
    for part in split_smart(path) {
        let index = part.strip_suffix(']').and_then(|p| p.rsplit_once('['));
        let index = index.filter(|(_, i)| i.parse::<usize>().is_ok());
        let (key, index) = index.map_or((part.as_str(), None), |(key, i)| (key, Some(i)));
        if !key.is_empty() {
            node = step(node, key)?;
        }
        if let Some(index) = index {
            node = step(node, index)?;
        }
    }
    Some(node)
}

fn step<'a>(node: &'a Node, part: &str) -> Option<&'a Node> {
    match &node.is {
        Is::Seq(items) => match part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) {
            Some(inner) => {
                let (key, value) = inner.split_once('=')?;
                items.iter().find(|i| i.str_at(key) == value)
            }
            None if part == "-" => items.last(),
            None => items.get(part.parse::<usize>().ok()?),
        },
        _ => node.get(part),
    }
}

/// Replaces the variables of one text. A text that is nothing but a variable takes its type.
fn replace(node: &mut Node, values: &Values) {
    let Is::Text(text) = &node.is else {
        return;
    };
    let whole = text.strip_prefix("$(").and_then(|t| t.strip_suffix(')'));
    if let Some((value, from)) = whole.and_then(|name| values.get(name)) {
        *node = Node::new(value.clone()).at(from);
        return;
    }
    let (expanded, from) = expand(text, values);
    if expanded != *text {
        node.is = Is::Text(expanded.into());
        node.from = from.or(node.from.take());
    }
}

fn expand(text: &str, values: &Values) -> (String, Option<Arc<Place>>) {
    let mut out = String::with_capacity(text.len());
    let mut from = None;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let close = after.strip_prefix('(').and_then(|inner| inner.find(')'));
        rest = match (after.chars().next(), close) {
            (Some('$'), _) => {
                out.push('$');
                &after[1..]
            }
            (Some('('), Some(close)) => {
                let name = &after[1..=close];
                match values.get(name) {
                    Some((value, place)) => {
                        out.push_str(&Node::new(value.clone()).scalar());
                        from = Some(place.clone());
                    }
                    None => out.push_str(&format!("$({name})")),
                }
                &after[close + 2..]
            }
            _ => {
                out.push('$');
                after
            }
        };
    }
    out.push_str(rest);
    (out, from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_expand_as_kustomize_expands_them() {
        let mut values = Values::default();
        values.insert("A".into(), (Is::Text("x".into()), Arc::default()));
        let expanded = |text: &str| expand(text, &values).0;
        assert_eq!(expanded("_$(A)_$(B)_"), "_x_$(B)_");
        assert_eq!(expanded("$$(A) $A $(A"), "$(A) $A $(A");
        assert_eq!(expanded("end$"), "end$");
    }
}
