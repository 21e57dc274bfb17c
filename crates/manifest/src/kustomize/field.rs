//! Walking to the fields a field spec names, and making them.

use meshscope_yaml::Segment;

use super::config::FieldSpec;
use super::place::Trail;
use super::resource::Resource;
use super::tree::{Fields, Is, Node};

/// What a field becomes when a spec says to make it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// Nothing is made.
    Nothing,
    /// A scalar.
    Scalar,
    /// A mapping.
    Map,
}

/// Calls `set` on every field of a resource that the spec names. Fails on a path that leads through
/// a scalar, and when `set` does.
pub(crate) fn each_field(
    resource: &mut Resource,
    spec: &FieldSpec,
    make: Make,
    set: &mut dyn FnMut(&mut Node, &Trail<'_>) -> Result<(), String>,
) -> Result<(), String> {
    if !resource.gvk().is_selected(&spec.gvk) {
        return Ok(());
    }
    let path = split(&spec.path, '/');
    let make = if spec.create { make } else { Make::Nothing };
    let trail = Trail::root(resource.node.from.as_ref());
    let result = walk(&mut resource.node, &trail, &path, make, set);
    result.map_err(|fault| format!("field `{}` of {}: {fault}", spec.path, resource.id()))
}

fn walk(
    node: &mut Node,
    trail: &Trail<'_>,
    path: &[String],
    make: Make,
    set: &mut dyn FnMut(&mut Node, &Trail<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let Some((step, rest)) = path.split_first() else {
        return set(node, trail);
    };
    match &mut node.is {
        Is::Null { .. } => Ok(()),
        Is::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let from = item.from.clone();
                let below = trail.down(Segment::Index(index as u32), from.as_ref());
                walk(item, &below, path, make, set)?;
            }
            Ok(())
        }
        Is::Map(fields) => {
            let key = step.strip_suffix("[]").unwrap_or(step);
            let is_list = key.len() != step.len();
            if key.is_empty() {
                return Err("an empty key in the path".to_owned());
            }
            let fresh = match (make, rest.is_empty()) {
                _ if is_list => None,
                (Make::Nothing, _) => None,
                (Make::Scalar, true) => Some(Is::Text("".into())),
                (Make::Map, true) | (_, false) => Some(Is::Map(Fields::default())),
            };
            if !fields.contains_key(key) {
                match fresh {
                    Some(fresh) => fields.insert(key.into(), Node::new(fresh)),
                    None => return Ok(()),
                };
            } else if let (Some(fresh), Some(field)) = (fresh, fields.get_mut(key))
                && field.is_null()
            {
                field.is = fresh;
            }
            let Some(field) = fields.get_mut(key) else {
                return Ok(());
            };
            if is_list && field.is_null() {
                field.is = Is::Seq(Vec::new());
            }
            let from = field.from.clone();
            let below = trail.down(Segment::Key(key.into()), from.as_ref());
            walk(field, &below, rest, make, set)
        }
        _ => Err("expected a mapping or a list".to_owned()),
    }
}

/// Splits a path; the separator after a backslash belongs to the key. A leading separator is left
/// out.
pub(crate) fn split(path: &str, by: char) -> Vec<String> {
    let path = path.strip_prefix(by).unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(by) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(by);
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

/// The same for paths joined by dots, where `[name=a.b]` and `[a.b]` are one part.
pub(crate) fn split_smart(path: &str) -> Vec<String> {
    let mut parts = split(path, '.').into_iter();
    let mut result = Vec::new();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut whole = part;
        for next in parts.by_ref() {
            let last = next.ends_with(']');
            whole.push('.');
            whole.push_str(&next);
            if last {
                break;
            }
        }
        result.push(match whole.contains('=') {
            true => whole,
            false => whole.trim_matches(['[', ']']).to_owned(),
        });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_where_kustomize_splits_them() {
        assert_eq!(split("a/b\\/c/d", '/'), ["a", "b/c", "d"]);
        assert_eq!(
            split_smart("metadata.annotations.[a.b/c]"),
            ["metadata", "annotations", "a.b/c"]
        );
        assert_eq!(
            split_smart("spec.containers.[name=a.b].image"),
            ["spec", "containers", "[name=a.b]", "image"]
        );
    }
}
