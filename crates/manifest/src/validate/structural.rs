//! What the API server says about the shape of an object: types, enums, required fields, bounds,
//! oneOf and CEL rules. Rules unknown-field, invalid-field-type, invalid-enum-value and (for bounds
//! and CEL) invalid-field-value.
//!
//! Must not know any kind. Null fields are pruned before the API server looks, so they are absent.

use super::cel;
use super::problem::{Edit, Severity};
use super::report::At;
use super::schema::{Node, Schema, Type};
use super::similar;
use crate::value::Value;

/// Checks an object of a kind against its table. `metadata` has its own.
pub(super) fn check(schema: &Schema, root: &Node, document: At<'_>) {
    let mut checker = Checker { schema, faults: 0 };
    checker.fields(root, document);
    if let Some(metadata) = document.field("metadata") {
        checker.value(schema.metadata(), metadata);
    }
}

struct Checker<'s> {
    schema: &'s Schema,
    /// Findings so far: CEL looks only at what is well-formed.
    faults: usize,
}

impl Checker<'_> {
    fn value(&mut self, node: &Node, at: At<'_>) {
        let before = self.faults;
        if !self.has_type(node, at) {
            return;
        }
        self.allowed(node, at);
        match at.value {
            Value::String(text) => self.text(node, at, text),
            Value::Int(_) | Value::Float(_) => self.number(node, at),
            Value::Seq(items) => {
                self.size(node, at, items.len(), "items");
                self.items(node, at);
            }
            Value::Map(map) => {
                self.size(node, at, map.len(), "entries");
                self.fields(node, at);
            }
            Value::Null | Value::Bool(_) => {}
        }
        if self.faults == before {
            self.combined(node, at);
        }
        if self.faults == before {
            self.rules(node, at);
        }
    }

    /// Rule invalid-field-type.
    fn has_type(&mut self, node: &Node, at: At<'_>) -> bool {
        let fits = match (node.type_, at.value) {
            (Type::Any, _)
            | (Type::Object, Value::Map(_))
            | (Type::Array, Value::Seq(_))
            | (Type::String, Value::String(_))
            | (Type::Boolean, Value::Bool(_))
            | (Type::Number, Value::Int(_) | Value::Float(_))
            | (Type::IntOrString, Value::String(_)) => true,
            (Type::Integer | Type::IntOrString, value) => value.as_int().is_some(),
            (_, Value::Null) => node.nullable,
            _ => false,
        };
        if fits {
            return true;
        }
        self.faults += 1;
        let actual = match at.value {
            Value::Null => "nothing".into(),
            Value::Bool(b) => format!("the boolean {b}"),
            Value::Int(i) => format!("the number {i}"),
            Value::Float(f) => format!("the number {f}"),
            Value::String(text) => format!("the string \"{}\"", short(text)),
            Value::Seq(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        };
        let path = at.path();
        let message = format!("{path} must be {}, this is {actual}", node.type_name());
        let found = at.report("invalid-field-type", Severity::Error, "CRD", message);
        match (node.type_, at.value) {
            (Type::String, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => {
                found.fix("put quotes around it", true, vec![Edit::Quote { path }]);
            }
            (Type::Integer, Value::String(s)) if s.parse::<i64>().is_ok() => {
                found.fix("remove the quotes", true, vec![Edit::Unquote { path }]);
            }
            (Type::Boolean, Value::String(s)) if matches!(s.as_str(), "true" | "false") => {
                found.fix("remove the quotes", true, vec![Edit::Unquote { path }]);
            }
            _ => {}
        }
        false
    }

    /// Rule invalid-enum-value.
    fn allowed(&mut self, node: &Node, at: At<'_>) {
        if node.values.is_empty() || node.values.contains(at.value) {
            return;
        }
        self.faults += 1;
        super::enums::report(node, at);
    }

    fn text(&mut self, node: &Node, at: At<'_>, text: &str) {
        let (min, max) = node.length;
        let length = text.chars().count();
        if min.is_some_and(|min| length < min) {
            self.fault(
                at,
                if length == 0 {
                    "must not be empty".into()
                } else {
                    format!("must have at least {} characters", min.unwrap_or_default())
                },
            );
        }
        if let Some(max) = max.filter(|max| length > *max) {
            self.fault(
                at,
                format!("must have at most {max} characters, has {length}"),
            );
        }
        if let Some(pattern) = node.pattern.as_ref().filter(|p| !p.matches(text)) {
            self.fault(
                at,
                format!("\"{}\" does not match {}", short(text), pattern.text),
            );
        }
    }

    fn number(&mut self, node: &Node, at: At<'_>) {
        #[allow(clippy::cast_precision_loss)] // bounds in the tables are far below 2^53
        let number = match at.value {
            Value::Int(i) => *i as f64,
            Value::Float(f) => *f,
            _ => return,
        };
        if let Some(min) = node.minimum.filter(|min| number < *min) {
            self.fault(
                at,
                format!("{number} is less than {min}, the least allowed"),
            );
        }
        if let Some(max) = node.maximum.filter(|max| number > *max) {
            self.fault(at, format!("{number} is more than {max}, the most allowed"));
        }
    }

    fn size(&mut self, node: &Node, at: At<'_>, size: usize, what: &str) {
        let (min, max) = node.size;
        if let Some(min) = min.filter(|min| size < *min) {
            self.fault(at, format!("must have at least {min} {what}, has {size}"));
        }
        if let Some(max) = max.filter(|max| size > *max) {
            self.fault(at, format!("must have at most {max} {what}, has {size}"));
        }
    }

    fn items(&mut self, node: &Node, at: At<'_>) {
        let Some(items) = node.items.map(|id| self.schema.node(id)) else {
            return;
        };
        let before = self.faults;
        at.items().for_each(|item| self.value(items, item));
        let keyed = !node.keys.is_empty();
        if self.faults > before || !(keyed || node.is_set) {
            return;
        }
        let list = at.value.as_list();
        let same = |a: &Value, b: &Value| match keyed {
            true => node.keys.iter().all(|key| a.get(key) == b.get(key)),
            false => a == b,
        };
        for (i, item) in at.items().enumerate() {
            if list[..i].iter().any(|earlier| same(earlier, item.value)) {
                self.fault(item, "is here twice".into());
            }
        }
    }

    fn fields(&mut self, node: &Node, at: At<'_>) {
        let root = at.is_root();
        for (key, field) in at.entries() {
            if field.value.is_null() {
                continue;
            }
            match self.schema.child(node, key) {
                // What every object has: `metadata` has a table of its own, `status` is written by
                // controllers and dropped by the API server.
                _ if root && matches!(key, "apiVersion" | "kind" | "metadata" | "status") => {}
                Some(child) => self.value(child, field),
                None if node.open || node.properties.is_empty() => {}
                None => {
                    self.faults += 1;
                    similar::unknown_field(node, at, key, field);
                }
            }
        }
        for name in &node.required {
            if !at.has(name) {
                self.faults += 1;
                let path = at.path().join(name);
                let message =
                    format!("{path}: required field missing (rejected by the API server)");
                at.report_at(path, "invalid-field-value", Severity::Error, "CRD", message);
            }
        }
    }

    /// What to say of a value that fits none of several shapes, none of which asks for a field: nothing
    /// where a part of it waits for a template.
    fn unfit(&self, at: At<'_>) -> Option<String> {
        let waits = |v: &Value| v.as_str().is_some_and(crate::repository::is_unknown);
        let parts = match at.value {
            Value::Map(map) => map.iter().any(|(_, v)| waits(v)),
            value => waits(value),
        };
        (!parts).then(|| "fits none of the allowed forms".to_owned())
    }

    /// `oneOf`, `anyOf`, `allOf` and `not`, which the CRDs use for fields that exclude each other.
    fn combined(&mut self, node: &Node, at: At<'_>) {
        let holds = |id: &u32| satisfies(self.schema, self.schema.node(*id), at.value);
        let branches = [&node.one_of, &node.any_of];
        let names = |ids: &[u32]| {
            let mut names: Vec<&str> = Vec::new();
            for id in ids {
                self.schema
                    .node(*id)
                    .required
                    .iter()
                    .for_each(|name| names.push(name));
            }
            names
        };
        let fact = if !node.one_of.is_empty()
            && node.one_of.iter().filter(|id| holds(id)).count() != 1
        {
            let names = names(&node.one_of);
            let written: Vec<&str> = names.iter().copied().filter(|name| at.has(name)).collect();
            match written.len() {
                0 if names.is_empty() => self.unfit(at),
                0 => Some(format!("one of {} must be set", names.join(", "))),
                _ => Some(format!("only one of {} can be set", written.join(", "))),
            }
        } else if !node.any_of.is_empty() && !node.any_of.iter().any(holds) {
            Some(format!(
                "one of {} must be set",
                names(branches[1]).join(", ")
            ))
        } else {
            None
        };
        if let Some(fact) = fact {
            self.fault(at, fact);
            return;
        }
        for id in &node.all_of {
            let part = self.schema.node(*id);
            if satisfies(self.schema, part, at.value) {
                continue;
            }
            if part.one_of.is_empty() && part.any_of.is_empty() {
                self.fault(at, "does not fit the schema".into());
            } else {
                self.combined(part, at);
            }
        }
        if node.not.is_some_and(|id| holds(&id)) {
            self.fault(at, "is excluded by the schema".into());
        }
    }

    fn rules(&mut self, node: &Node, at: At<'_>) {
        for id in &node.rules {
            let Some((rule, message)) = self.schema.rules.get(*id as usize) else {
                continue;
            };
            if cel::holds(rule, at.value) != Ok(true) {
                self.faults += 1;
                let message = format!("{}: {message} (rejected by the API server)", at.path());
                at.report("invalid-field-value", Severity::Error, "CEL", message);
            }
        }
    }

    fn fault(&mut self, at: At<'_>, fact: String) {
        self.faults += 1;
        let message = format!("{}: {fact} (rejected by the API server)", at.path());
        at.report("invalid-field-value", Severity::Error, "CRD", message);
    }
}

/// Whether a value satisfies a branch of `oneOf` and the like, without a report. Branches say which
/// fields are required, and rarely a type.
fn satisfies(schema: &Schema, node: &Node, value: &Value) -> bool {
    let holds = |id: &u32| satisfies(schema, schema.node(*id), value);
    let typed = match node.type_ {
        Type::Any => true,
        Type::Integer => value.as_int().is_some(),
        Type::String => matches!(value, Value::String(_)),
        Type::Object => matches!(value, Value::Map(_)),
        _ => true,
    };
    let children = node.properties.iter().all(|(name, id)| {
        let field = value.field(name);
        field.is_none_or(|field| satisfies(schema, schema.node(*id), field))
    });
    let pattern = node.pattern.as_ref();
    typed
        && children
        && value
            .as_str()
            .is_none_or(|text| fits_format(&node.format, text))
        && node.required.iter().all(|name| value.field(name).is_some())
        && (node.values.is_empty() || node.values.contains(value))
        && pattern.is_none_or(|p| value.as_str().is_none_or(|text| p.matches(text)))
        && node.size.1.is_none_or(|max| value.as_list().len() <= max)
        && (node.one_of.is_empty() || node.one_of.iter().filter(|id| holds(id)).count() == 1)
        && (node.any_of.is_empty() || node.any_of.iter().any(holds))
        && node.all_of.iter().all(holds)
        && !node.not.is_some_and(|id| holds(&id))
}

/// Whether a text is of a format that the CRDs use for more than documentation.
fn fits_format(format: &str, text: &str) -> bool {
    match format {
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}

/// The beginning of a text, for messages.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

/// Writes the defaults of a table into a value, as the API server does before it looks.
pub(super) fn apply_defaults(schema: &Schema, node: &Node, value: &mut Value) {
    if !node.has_defaults {
        return;
    }
    match value {
        Value::Map(map) => {
            for (name, id) in &node.properties {
                let child = schema.node(*id);
                let absent = map.get(name).is_none_or(Value::is_null);
                if let Some(default) = child.default.as_ref().filter(|_| absent) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(field) = map.get_mut(name) {
                    apply_defaults(schema, child, field);
                }
            }
        }
        Value::Seq(items) => {
            if let Some(child) = node.items.map(|id| schema.node(id)) {
                items
                    .iter_mut()
                    .for_each(|item| apply_defaults(schema, child, item));
            }
        }
        _ => {}
    }
}
