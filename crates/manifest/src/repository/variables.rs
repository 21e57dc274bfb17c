//! Variables of Flux (`postBuild`): `${name}` in the text of built objects, and the forms with a default.
//!
//! It must not know who sets them. What nobody sets stays as it is: a placeholder, which matches
//! anything.

use crate::value::{Str, Value};

/// The mark on objects that keep their text, as a label or an annotation.
const MARK: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// The variables of one Flux Kustomization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variables {
    /// Those whose value is known, sorted by name, each once.
    pub known: Vec<(Str, Str)>,
    /// Those that are set, to something that is not in the repository; sorted.
    pub hidden: Vec<Str>,
    /// Whether others may be set elsewhere: a default proves nothing then.
    pub open: bool,
}

impl Variables {
    /// Sets a variable; a later value wins. `None` is a value that nobody can see.
    pub fn set(&mut self, name: &Str, value: Option<Str>) {
        self.known.retain(|(known, _)| known != name);
        self.hidden.retain(|hidden| hidden != name);
        match value {
            Some(value) => {
                let at = self.known.partition_point(|(known, _)| known < name);
                self.known.insert(at, (name.clone(), value));
            }
            None => {
                let at = self.hidden.partition_point(|hidden| hidden < name);
                self.hidden.insert(at, name.clone());
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Str> {
        let mut known = self.known.iter();
        known.find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// Whether nothing sets a variable, here or elsewhere.
    fn is_unset(&self, name: &str) -> bool {
        !self.open && !self.hidden.iter().any(|h| h == name)
    }

    /// Puts the values into an object, unless it says that it wants none.
    pub fn substitute(&self, object: &mut Value) {
        let metadata = object.get("metadata");
        let keeps = ["labels", "annotations"].iter().any(|field| {
            let mark = metadata.get(field).get(MARK).scalar_text();
            mark.as_deref() == Some("disabled")
        });
        if !keeps {
            self.walk(object);
        }
    }

    fn walk(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(expanded) = self.expand(text) {
                    *value = retyped(expanded);
                }
            }
            Value::Seq(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Map(map) => map.values_mut().for_each(|value| self.walk(value)),
            _ => {}
        }
    }

    /// A text with the values in it; `None` when nothing in it changes.
    pub fn expand(&self, text: &str) -> Option<String> {
        let mut expanded = String::new();
        let mut rest = text;
        let mut changed = false;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            let Some(end) = from.find('}') else { break };
            let (reference, after) = from.split_at(end + 1);
            if let Some(before) = before.strip_suffix('$') {
                // `$${name}` is `${name}`.
                expanded.push_str(before);
                expanded.push_str(reference);
                changed = true;
            } else {
                expanded.push_str(before);
                match self.value_of(&reference[2..reference.len() - 1]) {
                    Some(value) => {
                        expanded.push_str(value);
                        changed = true;
                    }
                    None => expanded.push_str(reference),
                }
            }
            rest = after;
        }
        expanded.push_str(rest);
        changed.then_some(expanded)
    }

    /// The value of what is between the braces: a name, or a name with a default.
    fn value_of<'v>(&'v self, inside: &'v str) -> Option<&'v str> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
        let (name, operator) = inside.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let value = self.get(name).map(Str::as_str);
        if operator.is_empty() {
            return value;
        }
        let (default, empty_counts) = [(":=", true), (":-", true), ("=", false), ("-", false)]
            .iter()
            .find_map(|(sign, empty)| Some((operator.strip_prefix(sign)?, *empty)))?;
        match value {
            Some("") if empty_counts => Some(default),
            Some(value) => Some(value),
            None => self.is_unset(name).then_some(default),
        }
    }
}

/// Flux puts values into text that is YAML: a number in place of a variable is a number. Text of several
/// lines stays text.
fn retyped(text: String) -> Value {
    if !text.contains('\n') {
        let stream = meshscope_yaml::parse(&text);
        let root = stream.documents.first().and_then(|d| d.root());
        if let Some(scalar) = root.filter(|root| root.is_scalar()) {
            return crate::read::node(scalar);
        }
    }
    Value::String(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::object;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        for (name, value) in [("domain", "example.com"), ("port", "8443"), ("none", "")] {
            variables.set(&name.into(), Some(value.into()));
        }
        variables.set(&"secret".into(), None);
        variables
    }

    #[test]
    fn every_form_with_a_default() {
        let variables = variables();
        let of = |text: &str| variables.expand(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(of("web.${domain}"), "web.example.com");
        assert_eq!(
            of("${zone:=eu}-${zone:-eu}-${zone=eu}-${zone-eu}"),
            "eu-eu-eu-eu"
        );
        assert_eq!(of("${none:=a}${none=b}"), "a");
        assert_eq!(of("$${domain}"), "${domain}");
        assert_eq!(of("${unknown}.${domain}"), "${unknown}.example.com");
        assert_eq!(
            of("${domain^^} ${1} ${} ${open"),
            "${domain^^} ${1} ${} ${open"
        );
    }

    #[test]
    fn what_is_set_out_of_sight_stays_a_placeholder() {
        let mut variables = variables();
        assert_eq!(variables.expand("${secret:=x}"), None);
        assert_eq!(variables.expand("${other:=x}").as_deref(), Some("x"));
        variables.open = true;
        assert_eq!(variables.expand("${other:=x}"), None);
    }

    #[test]
    fn a_number_is_a_number_and_a_mark_keeps_the_text() {
        let mut service = object([("port", "${port}".into()), ("host", "${domain}".into())]);
        variables().substitute(&mut service);
        assert_eq!(service.int("port"), Some(8443));
        assert_eq!(service.str("host").as_deref(), Some("example.com"));
        let marked = object([(MARK, "disabled".into())]);
        let mut kept = object([
            ("metadata", object([("annotations", marked)])),
            ("port", "${port}".into()),
        ]);
        variables().substitute(&mut kept);
        assert_eq!(kept.str("port").as_deref(), Some("${port}"));
    }
}
