//! What becomes of two DestinationRules of one namespace and host (V:R5.5-R5.7).

use crate::prelude::*;
use meshscope_manifest::spec::traffic::DestinationRule;

/// What happens to two rules, and whether their age decides it.
pub(super) struct Effect {
    pub what: String,
    pub by_age: bool,
}

/// The effect of two rules, in the order istiod reads them; `None` when they add up.
pub(super) fn effect(first: &Resource, second: &Resource) -> Option<Effect> {
    let (a, b) = (first.destination_rule()?, second.destination_rule()?);
    let (x, y) = (exports(a), exports(b));
    match (&a.workload_selector, &b.workload_selector) {
        (None, None) => unselected(first, second, a, b, &x, &y),
        (Some(s), Some(t)) if s == t => merged(first, second, a, b),
        (Some(_), None) if x == y => Some(Effect {
            what: format!(
                "{} is swallowed: pods outside the selector of {} get no DestinationRule at all",
                second.key.name, first.key.name
            ),
            by_age: false,
        }),
        _ => None,
    }
}

/// The export set as istiod compares it: literally, `.` for rules with a selector (V:R2.8, V:R5.6).
fn exports(rule: &DestinationRule) -> Vec<Str> {
    if rule.workload_selector.is_some() {
        return vec![".".into()];
    }
    let mut set = rule.export_to.clone();
    set.sort();
    set.dedup();
    set
}

fn unselected(
    first: &Resource,
    second: &Resource,
    a: &DestinationRule,
    b: &DestinationRule,
    x: &[Str],
    y: &[Str],
) -> Option<Effect> {
    if x == y {
        return merged(first, second, a, b);
    }
    let (m, n) = (&first.key.name, &second.key.name);
    if !x.is_empty() && x.iter().all(|t| y.contains(t)) {
        let more: Vec<Str> = y.iter().filter(|t| !x.contains(t)).cloned().collect();
        let more = crate::finding::listing(&more, 4);
        return Some(Effect {
            what: format!(
                "{n} is merged into {m} and keeps {m}'s exportTo: {more} get nothing of it"
            ),
            by_age: true,
        });
    }
    let own = |t: &Str| {
        if t == "." {
            first.key.namespace.clone()
        } else {
            t.clone()
        }
    };
    let everyone = |set: &[Str]| set.is_empty() || set.iter().any(|t| t == "*");
    let both = everyone(x) || everyone(y) || x.iter().any(|t| y.iter().any(|u| own(t) == own(u)));
    both.then(|| Effect {
        what: format!(
            "their exportTo differ, so they are not merged: who gets both uses {n} alone"
        ),
        by_age: true,
    })
}

fn merged(
    first: &Resource,
    second: &Resource,
    a: &DestinationRule,
    b: &DestinationRule,
) -> Option<Effect> {
    let (m, n) = (&first.key.name, &second.key.name);
    let mut lost = Vec::new();
    if let (Some(p), Some(q)) = (&a.traffic_policy, &b.traffic_policy)
        && p != q
    {
        lost.push(format!(
            "the trafficPolicy of {n} is ignored for that of {m}"
        ));
    }
    let twice: Vec<Str> = b
        .subsets
        .iter()
        .filter(|s| a.subsets.iter().any(|t| t.name == s.name && t != *s))
        .map(|s| s.name.clone())
        .collect();
    if !twice.is_empty() {
        let twice = crate::finding::listing(&twice, 4);
        lost.push(format!("subset {twice} of {n} is ignored for that of {m}"));
    }
    (!lost.is_empty()).then(|| Effect {
        what: lost.join(", "),
        by_age: true,
    })
}
