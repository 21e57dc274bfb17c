//! `k8s.overlays[].patches` of an IstioOperator: `path` and `value` laid into a rendered object.
//!
//! The path language is the operator's `tpath`: keys joined by dots (`\.` is a dot inside a key),
//! `[3]` picks an item, `[name:x]` the item with that field, `[:x]` or `[x]` an equal scalar item.

use crate::value::Value;

/// Applies one patch. What it does not find stays as it is, as `istioctl` would refuse it.
pub(super) fn apply(object: &mut Value, path: &str, value: &Value) -> bool {
    let steps = split(path);
    !steps.is_empty() && walk(object, &steps, value)
}

fn split(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut chars = path.trim_matches('.').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'.') => {
                chars.next();
                part.push('.');
            }
            '.' => push(&mut steps, &mut part),
            _ => part.push(c),
        }
    }
    push(&mut steps, &mut part);
    steps
}

fn push(steps: &mut Vec<String>, part: &mut String) {
    let part = std::mem::take(part);
    match part.find('[') {
        _ if part.is_empty() => {}
        Some(at) if at > 0 => {
            let (key, bracket) = part.split_at(at);
            steps.push(key.to_owned());
            steps.push(bracket.to_owned());
        }
        _ => steps.push(part),
    }
}

fn walk(node: &mut Value, steps: &[String], value: &Value) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return false;
    };
    let bracket = step.strip_prefix('[').and_then(|s| s.strip_suffix(']'));
    let Some(inner) = bracket else {
        return walk_key(node, step, rest, value);
    };
    if node.is_null() {
        *node = Value::Seq(Vec::new());
    }
    let Value::Seq(items) = node else {
        return false;
    };
    let Some(at) = find(items, inner) else {
        return false;
    };
    if at == items.len() {
        items.push(Value::Null);
    }
    if !rest.is_empty() {
        return walk(&mut items[at], rest, value);
    }
    if value.is_null() {
        items.remove(at);
    } else {
        items[at] = value.clone();
    }
    true
}

fn walk_key(node: &mut Value, key: &str, rest: &[String], value: &Value) -> bool {
    if !matches!(node, Value::Map(_) | Value::Null) {
        return false;
    }
    if !rest.is_empty() {
        return walk(node.entry_mut(key), rest, value);
    }
    if value.is_null() {
        node.remove(key);
        return true;
    }
    match (node.entry_mut(key), value) {
        // A value written to a list is one more item of it.
        (Value::Seq(items), one) if !matches!(one, Value::Seq(_)) => items.push(one.clone()),
        (slot, _) => *slot = value.clone(),
    }
    true
}

/// The place an index step names; the length of the list for "one more".
fn find(items: &[Value], inner: &str) -> Option<usize> {
    if let Ok(index) = inner.parse::<i64>() {
        let at = usize::try_from(index).unwrap_or(items.len());
        return Some(at.min(items.len()));
    }
    if let Some((key, wanted)) = inner.split_once(':').filter(|(key, _)| !key.is_empty()) {
        return items.iter().position(|item| {
            item.get(key)
                .scalar_text()
                .is_some_and(|text| text == wanted)
        });
    }
    let wanted = inner.strip_prefix(':').unwrap_or(inner);
    items
        .iter()
        .position(|item| item.scalar_text().is_some_and(|text| text == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::object;

    fn service() -> Value {
        object([(
            "spec",
            object([(
                "ports",
                Value::Seq(vec![object([
                    ("name", "https".into()),
                    ("port", Value::Int(443)),
                ])]),
            )]),
        )])
    }

    #[test]
    fn a_path_reaches_labels_with_dots_and_named_items() {
        let mut object = service();
        assert!(apply(&mut object, r"metadata.labels.a\.b/c", &"x".into()));
        assert_eq!(
            object.get("metadata").get("labels").str("a.b/c").as_deref(),
            Some("x")
        );
        assert!(apply(
            &mut object,
            "spec.ports.[name:https].port",
            &Value::Int(8443)
        ));
        assert_eq!(object.get("spec").list("ports")[0].int("port"), Some(8443));
        assert!(!apply(
            &mut object,
            "spec.ports[name:http].port",
            &Value::Int(80)
        ));
    }

    #[test]
    fn null_removes_and_an_index_beyond_the_end_appends() {
        let mut object = service();
        assert!(apply(&mut object, "spec.ports[100]", &Value::empty()));
        assert_eq!(object.get("spec").list("ports").len(), 2);
        assert!(apply(&mut object, "spec.ports[0]", &Value::Null));
        assert_eq!(object.get("spec").list("ports").len(), 1);
    }
}
