//! Routes of one VirtualService that istiod's webhook says are never used (validation-rules.md §2,
//! IST0130 and IST0131). Rule unreachable-route.
//!
//! Only the plain cases: a route behind one that takes everything, and a match that is written twice
//! or covered by a shorter prefix. Must not know Gateways or other VirtualServices.

use crate::validate::Severity;
use crate::validate::report::At;
use crate::value::Value;

pub(super) fn check(spec: At<'_>) {
    for kind in ["http", "tls", "tcp"] {
        let routes: Vec<At<'_>> = spec.list(kind).collect();
        let mut everything: Option<At<'_>> = None;
        let mut earlier: Vec<(Value, At<'_>)> = Vec::new();
        for route in routes {
            if let Some(first) = everything {
                report(route, first, "every request");
                continue;
            }
            if route.len("match") == 0 {
                everything = Some(route);
                continue;
            }
            for matcher in route.list("match") {
                let content = without_name(matcher.value);
                match earlier.iter().find(|(known, _)| covers(known, &content)) {
                    Some((_, first)) => report(matcher, *first, "what it matches"),
                    None => earlier.push((content, matcher)),
                }
            }
        }
    }
}

fn report(at: At<'_>, first: At<'_>, what: &str) {
    let message = format!("never reached: {} takes {what}", first.path());
    at.report("unreachable-route", Severity::Warning, "§2", message)
        .related(first);
}

fn without_name(matcher: &Value) -> Value {
    let mut copy = matcher.clone();
    if let Value::Map(map) = &mut copy {
        map.shift_remove("name");
    }
    copy
}

/// Whether the first match takes all that the second one does: equal, or a shorter prefix with no
/// condition that the second one lacks.
fn covers(first: &Value, second: &Value) -> bool {
    if first == second {
        return true;
    }
    let (Some(conditions), Some(short), Some(long)) = (
        first.as_map(),
        first.get("uri").get("prefix").as_str(),
        second.get("uri").get("prefix").as_str(),
    ) else {
        return false;
    };
    let same_case = first.get("ignoreUriCase") == second.get("ignoreUriCase");
    let others = conditions
        .iter()
        .all(|(key, value)| key == "uri" || second.get(key) == value);
    same_case && others && long.starts_with(short)
}
