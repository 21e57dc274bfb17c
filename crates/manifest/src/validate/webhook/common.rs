//! Parts that several kinds share: selectors, target references, exportTo, durations, string
//! matches, gateway references, destinations (validation-rules.md §0).
//!
//! Must not know in which kind it is used beyond what it is told.

use super::names::{self, is_label};
use super::regex;
use crate::kind::Kind;
use crate::validate::Severity;
use crate::validate::duration;
use crate::validate::report::{At, Found};
use crate::value::Value;

/// DUR: at least 1ms, whole milliseconds. Nanoseconds, when it can be read.
pub(super) fn duration(at: At<'_>) -> Option<i128> {
    let text = at.value.as_str()?;
    let Some(nanoseconds) = duration::parse_go(text) else {
        at.value_error(
            "DUR",
            format!("\"{text}\" is no duration such as 1.5s or 200ms"),
        );
        return None;
    };
    if nanoseconds < 1_000_000 {
        at.value_error("DUR", format!("{text} is less than 1ms, the least allowed"));
    } else if nanoseconds % 1_000_000 != 0 {
        at.value_error("DUR", format!("{text} is finer than a millisecond"));
    }
    Some(nanoseconds)
}

/// DUR for an optional field.
pub(super) fn duration_at(at: At<'_>, key: &'static str) {
    if let Some(field) = at.field(key) {
        duration(field);
    }
}

/// A number that must not be negative.
pub(super) fn not_negative(at: At<'_>, reason: &'static str, keys: &[&'static str]) {
    for key in keys {
        if at.int(key) < 0 {
            at.get(key).value_error(reason, "must not be negative");
        }
    }
}

/// ASEL and SEL: the labels of a selector. Whether there was an error.
fn selector_labels(selector: At<'_>, key: &'static str, reason: &'static str) -> bool {
    let mut failed = false;
    for (name, value) in selector.map(key) {
        let star = name.contains('*') || value.text().contains('*');
        if name.is_empty() {
            value
                .value_error(reason, "a selector needs a label's name")
                .at_key();
        }
        if star {
            let fact = format!("a selector takes no wildcards: {name}={}", value.text());
            value.value_error(reason, fact).covers(selector.get(key));
        }
        failed |= star || name.is_empty();
    }
    failed
}

/// ASEL: a networking `workloadSelector`. False when the rest is not looked at.
pub(super) fn workload_selector(spec: At<'_>) -> bool {
    let Some(selector) = spec.field("workloadSelector") else {
        return true;
    };
    if selector_labels(selector, "labels", "ASEL") {
        return false;
    }
    if selector
        .value
        .get("labels")
        .as_map()
        .is_none_or(|labels| labels.is_empty())
    {
        selector.no_effect(
            "ASEL",
            "without labels it is every workload of the namespace",
        );
    }
    true
}

/// SEL: a `selector` with matchLabels.
pub(super) fn selector(selector: Option<At<'_>>) {
    let Some(selector) = selector else { return };
    selector_labels(selector, "matchLabels", "SEL");
    if selector
        .value
        .get("matchLabels")
        .as_map()
        .is_none_or(|labels| labels.is_empty())
    {
        selector.no_effect(
            "SEL",
            "without labels it is every workload of the namespace",
        );
    }
}

/// ONEOF, SEL and TREF: whom a policy is for.
pub(super) fn policy_target(spec: At<'_>) {
    let written: Vec<&'static str> = ["selector", "targetRef", "targetRefs"]
        .into_iter()
        .filter(|key| spec.has(key) && (*key != "targetRefs" || spec.len(key) > 0))
        .collect();
    if let [first, .., last] = written.as_slice() {
        let fact = format!("only one of {} can be set", written.join(", "));
        spec.get(last)
            .kind_error("ONEOF", fact)
            .at_key()
            .related(spec.get(first))
            .covers(spec);
    }
    selector(spec.field("selector"));
    spec.field("targetRef")
        .into_iter()
        .for_each(target_reference);
    spec.list("targetRefs").for_each(target_reference);
}

fn target_reference(target: At<'_>) {
    if target.value.as_map().is_none() {
        return;
    }
    if target.str("name").is_empty() {
        target
            .get("name")
            .value_error("TREF-1", "a target needs a name");
    }
    if !target.str("namespace").is_empty() {
        let namespace = target.get("namespace");
        let fact = "a target is always in the policy's own namespace; this must not be set";
        namespace
            .value_error("TREF-2", fact)
            .fix_delete(namespace, false);
    }
    let allowed = [
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    ];
    let (group, kind) = (target.str("group"), target.str("kind"));
    if !allowed.contains(&(group, kind)) {
        let fact = format!(
            "a target is a Service, a ServiceEntry (networking.istio.io), or a Gateway or \
             GatewayClass (gateway.networking.k8s.io), not \"{group}/{kind}\""
        );
        let field = if allowed.iter().any(|(_, known)| *known == kind) {
            "group"
        } else {
            "kind"
        };
        target.get(field).value_error("TREF-3", fact);
    }
}

const REJECTS: &str = "the webhook rejects it";

/// A finding of rule invalid-export-to.
fn export_error<'a>(at: At<'a>, reason: &'static str, why: String, effect: &str) -> Found<'a> {
    let message = format!("exportTo \"{}\": {why}; {effect}", at.text());
    at.report("invalid-export-to", Severity::Error, reason, message)
}

/// EXP-1 to EXP-6. Rule invalid-export-to.
pub(super) fn export_to(spec: At<'_>, namespace: &str, with_selector: bool) {
    let kind = spec.report.kind;
    let mut seen: Vec<(&str, At<'_>)> = Vec::new();
    for entry in spec.list("exportTo") {
        let Some(written) = entry.value.as_str() else {
            continue;
        };
        let meant = match written {
            "." if !namespace.is_empty() => namespace,
            other => other,
        };
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == meant) {
            let why = if written == "." || first.text() == "." {
                "`.` and the own namespace are the same entry".to_string()
            } else {
                "the entry is here twice".into()
            };
            export_error(entry, "EXP-1", why, REJECTS)
                .related(*first)
                .fix_delete(entry, true);
            continue;
        }
        if written == "~" && kind != Kind::ServiceEntry {
            let effect = format!(
                "istiod would treat it as visible to nobody, and rejects it on a {}",
                kind.name()
            );
            export_error(
                entry,
                "EXP-3",
                "only a ServiceEntry can be exported to nobody".into(),
                &effect,
            );
            continue;
        }
        if !matches!(written, "." | "*" | "~") && !is_label(written) {
            let why = "only `.`, `*` or the name of a namespace is allowed".to_string();
            export_error(
                entry,
                "EXP-2",
                why,
                "istiod would treat it as a namespace that cannot exist",
            );
            continue;
        }
        seen.push((meant, entry));
    }
    let first = seen.first().map(|(_, at)| *at);
    let many = spec.len("exportTo") > 1;
    for (reason, star, why) in [
        (
            "EXP-4",
            "*",
            "`*` is everybody, so nobody else can be named besides",
        ),
        (
            "EXP-5",
            "~",
            "`~` is nobody, so nobody can be named besides",
        ),
    ] {
        if let Some((_, at)) = seen.iter().find(|(meant, _)| *meant == star && many) {
            export_error(*at, reason, why.into(), REJECTS);
        }
    }
    if let Some(first) = first.filter(|_| with_selector) {
        let own = |meant: &str| meant == "." || (!namespace.is_empty() && meant == namespace);
        let foreign = seen.iter().find(|(meant, _)| !own(meant));
        if let Some((_, at)) = foreign {
            // Without a known namespace a name may well be the own one.
            if !namespace.is_empty() || matches!(at.text(), "*" | "~") {
                let why = "with a workloadSelector only the own namespace can be named";
                export_error(*at, "EXP-6", why.into(), REJECTS);
            }
        } else if seen.len() > 1 {
            let why = "with a workloadSelector there can be one entry";
            export_error(first, "EXP-6", why.into(), REJECTS);
        }
    }
}

/// LABELS.
pub(super) fn labels(labels: Option<At<'_>>) {
    for (key, value) in labels.into_iter().flat_map(At::entries) {
        value.check_key("LABELS", names::label_key(key));
        value.check("LABELS", names::label_value(value.text()));
    }
}

/// SM-1 and SM-2: a string match.
pub(super) fn string_match(matcher: At<'_>) {
    if let Some(prefix) = matcher
        .field("prefix")
        .filter(|_| matcher.str("prefix").is_empty())
    {
        prefix.value_error(
            "SM-1",
            "an empty prefix matches everything; leave the match out",
        );
    }
    string_match_regex(matcher);
}

/// SM-2: the regex of a string match.
pub(super) fn string_match_regex(matcher: At<'_>) {
    if let Some(regex) = matcher.field("regex") {
        if regex.value.as_str().is_some_and(str::is_empty) {
            regex.regex_error("SM-2", "it is empty");
        } else {
            expression(regex, "SM-2");
        }
    }
}

/// SM-2: length and syntax of a regular expression.
pub(super) fn expression(regex: At<'_>, reason: &'static str) {
    let text = regex.text();
    if text.len() > 1024 {
        regex.regex_error(
            reason,
            format!("it has {} bytes, at most 1024 are allowed", text.len()),
        );
    } else if let Some(problem) = regex::problem(text) {
        regex.regex_error(reason, problem);
    }
}

/// GWN-1 and GWN-2: references to Gateways. istiod stops after the first one without namespace, and in
/// some places (`warn` is false) it loses the warning.
pub(super) fn gateway_names<'a>(names: impl Iterator<Item = At<'a>>, warn: bool) {
    for at in names {
        let name = at.text();
        let Some((namespace, gateway)) = name.split_once('/') else {
            let parts: Vec<&str> = name.split('.').collect();
            if let [gateway, namespace, ..] = parts.as_slice() {
                let new = format!("{namespace}/{gateway}");
                let found = at.deprecated("GWN-2", format!("use {new}"));
                let found = found.fix_replace(at, new.as_str(), false);
                if !warn {
                    found.severity(Severity::Info);
                }
            }
            at.check("GWN-2", names::fqdn(name));
            return;
        };
        if namespace.is_empty() || gateway.is_empty() {
            at.value_error("GWN-1", "namespace and name of a gateway must not be empty");
        } else if !is_label(namespace) {
            at.value_error(
                "GWN-1",
                format!("\"{namespace}\" is no name of a namespace"),
            );
        } else if !is_label(gateway) {
            at.value_error("GWN-1", format!("\"{gateway}\" is no name of a Gateway"));
        }
    }
}

/// DEST: a destination. An absent one is the caller's matter.
pub(super) fn destination(destination: Option<At<'_>>) {
    let Some(destination) = destination else {
        return;
    };
    if destination.value.as_map().is_none() {
        return;
    }
    let host = destination.get("host");
    if host.text() == "*" {
        host.kind_error("DEST", "a destination cannot be *");
    } else {
        host.check("DEST", names::wildcard_domain(host.text()));
    }
    if !destination.str("subset").is_empty() {
        subset_name(destination.get("subset"), "DEST");
    }
    if let Some(port) = destination.field("port") {
        port.get("number")
            .check("DEST", names::port(port.int("number")));
    }
}

/// A subset's name.
pub(super) fn subset_name(at: At<'_>, reason: &'static str) {
    if !is_label(at.text()) {
        at.value_error(
            reason,
            format!("\"{}\" is no name of a subset (a DNS label)", at.text()),
        );
    }
}

/// Whether a string field is written and not empty.
pub(super) fn filled(at: At<'_>, key: &str) -> bool {
    !at.str(key).is_empty()
}

/// The number of a field, with its fraction.
#[allow(clippy::cast_precision_loss)] // compared with small bounds
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Int(i) => *i as f64,
        Value::Float(f) => *f,
        _ => 0.0,
    }
}
