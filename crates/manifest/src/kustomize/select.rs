//! Which resources a patch or a replacement is for: regular expressions over identities, and label
//! selectors.

use regex::Regex;

use super::id::Id;
use super::resource::{Resource, Resources};
use super::tree::Node;
use crate::value::Str;

/// A `target:` of a patch.
pub(crate) struct Target {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Target {
    pub(crate) fn read(node: &Node) -> Result<Target, String> {
        let pattern = |key: &str| anchored(&node.str_at(key));
        Ok(Target {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: LabelSelector::parse(&node.str_at("labelSelector"))?,
            annotations: LabelSelector::parse(&node.str_at("annotationSelector"))?,
        })
    }

    /// The resources it selects: by their names of now or at first.
    pub(crate) fn select(&self, resources: &Resources) -> Vec<usize> {
        let all = resources.list.iter().enumerate();
        all.filter(|(_, r)| self.fits(r))
            .map(|(at, _)| at)
            .collect()
    }

    fn fits(&self, resource: &Resource) -> bool {
        let fits =
            |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let now = resource.id();
        if !fits(&self.kind, &now.gvk.kind)
            || !fits(&self.group, &now.gvk.group)
            || !fits(&self.version, &now.gvk.version)
        {
            return false;
        }
        let first = resource.original_id();
        (fits(&self.namespace, &first.namespace) || fits(&self.namespace, &now.namespace))
            && (fits(&self.name, &first.name) || fits(&self.name, &now.name))
            && self.labels.matches(&resource.texts("labels"))
            && self.annotations.matches(&resource.texts("annotations"))
    }
}

fn anchored(pattern: &str) -> Result<Option<Regex>, String> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let regex = Regex::new(&format!("^(?:{pattern})$"));
    regex
        .map(Some)
        .map_err(|_| format!("`{pattern}` is no regular expression"))
}

/// The plain identity of a `select:`, `reject:` or `source:`; empty parts fit everything.
#[derive(Default)]
pub(crate) struct PlainId {
    gvk: super::id::Gvk,
    name: Str,
    namespace: Str,
}

impl PlainId {
    pub(crate) fn read(node: &Node) -> PlainId {
        PlainId {
            gvk: super::config::gvk(node),
            name: node.str_at("name"),
            namespace: node.str_at("namespace"),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gvk == super::id::Gvk::default() && self.name.is_empty() && self.namespace.is_empty()
    }

    pub(crate) fn fits(&self, id: &Id) -> bool {
        (self.name.is_empty() || self.name == id.name)
            && (self.namespace.is_empty() || self.namespace == id.namespace)
            && id.gvk.is_selected(&self.gvk)
    }
}

/// A label selector as text: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
#[derive(Default)]
pub(crate) struct LabelSelector {
    requirements: Vec<(Str, Operator)>,
}

enum Operator {
    In(Vec<Str>),
    NotIn(Vec<Str>),
    Exists,
    Absent,
}

impl LabelSelector {
    pub(crate) fn parse(text: &str) -> Result<LabelSelector, String> {
        let mut requirements = Vec::new();
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            if !part.is_empty() {
                let parsed = requirement(part);
                requirements.push(parsed.ok_or_else(|| format!("`{part}` is no label selector"))?);
            }
        }
        Ok(LabelSelector { requirements })
    }

    pub(crate) fn matches(&self, labels: &[(Str, Str)]) -> bool {
        self.requirements.iter().all(|(key, operator)| {
            let value = labels.iter().find(|(k, _)| k == key).map(|(_, v)| v);
            match operator {
                Operator::In(values) => value.is_some_and(|v| values.contains(v)),
                Operator::NotIn(values) => value.is_none_or(|v| !values.contains(v)),
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
            }
        })
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn requirement(part: &str) -> Option<(Str, Operator)> {
    let set = |list: &str| -> Option<Vec<Str>> {
        let inner = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|v| v.trim().into()).collect())
    };
    let one = |value: &str| vec![Str::new(value.trim().trim_start_matches('='))];
    if let Some((key, value)) = part.split_once("!=") {
        return Some((key.trim().into(), Operator::NotIn(one(value))));
    }
    if let Some((key, value)) = part.split_once('=') {
        return Some((key.trim().into(), Operator::In(one(value))));
    }
    if let Some((key, list)) = part.split_once(" notin ").or(part.split_once(" notin(")) {
        return Some((key.trim().into(), Operator::NotIn(set(list)?)));
    }
    if let Some((key, list)) = part.split_once(" in ") {
        return Some((key.trim().into(), Operator::In(set(list)?)));
    }
    if let Some(key) = part.strip_prefix('!') {
        return Some((key.trim().into(), Operator::Absent));
    }
    let plain = !part.contains([' ', '(', ')']);
    plain.then(|| (part.into(), Operator::Exists))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_read_as_kubernetes_reads_them() {
        let labels = [
            ("app".into(), "web".into()),
            ("tier".into(), "front".into()),
        ];
        let fits = |text: &str| LabelSelector::parse(text).is_ok_and(|s| s.matches(&labels));
        assert!(fits("app=web,tier!=back"));
        assert!(fits("app in (web, api),!canary"));
        assert!(fits("app==web"));
        assert!(!fits("app notin (web)"));
        assert!(!fits("canary"));
        assert!(LabelSelector::parse("a b").is_err());
    }
}
