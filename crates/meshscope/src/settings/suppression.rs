//! Suppressions of the settings file: what they say, and which findings they mean.

use super::Patterns;
use crate::finding::{Finding, ResourceId};
use meshscope_manifest::Str;
use meshscope_yaml::Span;

/// A suppression of the settings file. All of its conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsSuppression {
    /// The rule.
    pub rule: Str,
    /// The files, as a glob relative to the root.
    pub path: Option<Str>,
    /// The object: `Kind namespace/name`; `*` stands for any text.
    pub resource: Option<Str>,
    /// Why.
    pub reason: Option<Str>,
    /// The last day it holds, as `YYYY-MM-DD`.
    pub expires: Option<Str>,
    /// Where it is written in the settings file.
    pub span: Span,
}

impl SettingsSuppression {
    /// The same, ready to be asked about many findings.
    pub fn matcher(&self) -> SuppressionMatcher<'_> {
        SuppressionMatcher {
            rule: &self.rule,
            path: self
                .path
                .as_ref()
                .map(|p| Patterns::new(std::slice::from_ref(p))),
            resource: self.resource.as_deref(),
        }
    }
}

/// A suppression, ready to be asked about many findings.
#[derive(Clone, Debug)]
pub struct SuppressionMatcher<'s> {
    rule: &'s str,
    path: Option<Patterns>,
    resource: Option<&'s str>,
}

impl SuppressionMatcher<'_> {
    /// Whether a finding is meant.
    pub fn matches(&self, finding: &Finding) -> bool {
        let file = finding.location.as_ref().map(|at| at.file.as_str());
        let in_path = |path: &Patterns| file.is_some_and(|f| path.first_match(f).is_some());
        let of = |wanted: &str| finding.resource.as_ref().is_some_and(|r| is(wanted, r));
        finding.rule == self.rule
            && self.path.as_ref().is_none_or(in_path)
            && self.resource.is_none_or(of)
    }
}

/// Whether `Kind namespace/name`, or `Kind/namespace/name`, means an object. The kind may carry its
/// group: `Gateway.gateway.networking.k8s.io`.
fn is(wanted: &str, id: &ResourceId) -> bool {
    let Some((kind, name)) = wanted.trim().split_once([' ', '/']) else {
        return false;
    };
    let full_kind = format!("{}.{}", id.kind, id.group);
    let full_name = match id.namespace.as_str() {
        "" => id.name.clone(),
        namespace => format!("{namespace}/{}", id.name),
    };
    (like(kind, &id.kind) || like(kind, &full_kind)) && like(name.trim(), &full_name)
}

/// Whether a text is of a form in which `*` stands for any text.
fn like(form: &str, text: &str) -> bool {
    let Some((head, rest)) = form.split_once('*') else {
        return form == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    let starts = text.char_indices().map(|(i, _)| i).chain([text.len()]);
    starts
        .into_iter()
        .any(|i| text.get(i..).is_some_and(|tail| like(rest, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_with_stars() {
        let id = ResourceId {
            kind: "VirtualService".into(),
            group: "networking.istio.io".into(),
            namespace: "shop".into(),
            name: "web".into(),
        };
        for form in [
            "VirtualService shop/web",
            "VirtualService/shop/web",
            "VirtualService.networking.istio.io shop/web",
            "* shop/*",
            "VirtualService */w*b",
        ] {
            assert!(is(form, &id), "{form}");
        }
        for form in ["VirtualService web", "Gateway shop/web", "* shop/w", "web"] {
            assert!(!is(form, &id), "{form}");
        }
    }
}
