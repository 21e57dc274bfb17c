//! Locality load balancing of DestinationRules (validation-rules.md §0: LOC-1 to LOC-6).
//!
//! Must not know whose setting it is, except whether there is outlier detection beside it.

use super::common::filled;
use crate::validate::report::At;

/// Checks `localityLbSetting`.
pub(super) fn check(setting: Option<At<'_>>, outlier_detection: bool) {
    let Some(setting) = setting else { return };
    let failover = setting.len("failover") > 0;
    if setting.len("distribute") > 0 && failover {
        let fact = "distribute and failover exclude each other";
        setting.get("failover").value_error("LOC-1", fact).at_key();
        return;
    }
    let topology = setting.list("failoverPriority").find(|label| {
        let known = [
            "topology.kubernetes.io/region",
            "topology.kubernetes.io/zone",
            "topology.istio.io/subzone",
        ];
        known.contains(&label.text())
    });
    if let Some(label) = topology.filter(|_| failover) {
        let fact = format!("{} and failover exclude each other", label.text());
        label.value_error("LOC-2", fact);
        return;
    }
    let mut from = Vec::new();
    for entry in setting.list("distribute") {
        from.push((entry.str("from"), entry.get("from")));
        if !weights(entry) {
            return;
        }
        let to: Vec<_> = entry.map("to").collect();
        localities(&to, true);
    }
    localities(&from, false);
    let priority = setting.len("failoverPriority") > 0;
    if (failover || priority) && !outlier_detection {
        let key = if failover {
            "failover"
        } else {
            "failoverPriority"
        };
        let fact = "without outlierDetection nothing is ever found to be down";
        setting.get(key).no_effect("LOC-5", fact);
    }
    for pair in setting.list("failover") {
        let (from, to) = (pair.str("from"), pair.str("to"));
        if from == to {
            pair.get("to")
                .value_error("LOC-6", "failover needs two different regions");
        }
        for key in ["from", "to"] {
            let region = pair.get(key);
            if filled(pair, key) && region.text().contains('/') {
                region.value_error("LOC-6", "failover names regions only, without zones");
            }
            if region.text().contains('*') {
                region.value_error("LOC-6", "a region of failover cannot be a wildcard");
            }
        }
    }
}

/// LOC-3; false when istiod stops here.
fn weights(entry: At<'_>) -> bool {
    let mut total = 0;
    for (_, weight) in entry.map("to") {
        let value = weight.value.as_int().unwrap_or(0);
        if !(1..=100).contains(&value) {
            weight.value_error("LOC-3", format!("a weight is 1 to 100, not {value}"));
            return false;
        }
        total += value;
    }
    if total != 100 {
        let to = entry.get("to");
        to.value_error("LOC-3", format!("the weights make {total}, not 100"));
        return false;
    }
    true
}

/// LOC-4: wildcards at the end, no empty part, no overlap. The first error only.
fn localities(list: &[(&str, At<'_>)], at_key: bool) {
    let report = |at: At<'_>, fact: String| {
        let found = at.value_error("LOC-4", fact);
        if at_key {
            found.at_key();
        }
    };
    for (i, (locality, at)) in list.iter().enumerate() {
        let stars = locality.matches('*').count();
        if stars > 1 || (stars == 1 && !locality.ends_with('*')) {
            return report(*at, format!("{locality}: one `*`, and only at the end"));
        }
        let parts: Vec<&str> = locality.splitn(3, '/').collect();
        let covers = |earlier: &str| {
            let earlier: Vec<&str> = earlier.splitn(3, '/').collect();
            overlaps(&earlier, &parts)
        };
        if list[..i]
            .iter()
            .any(|(earlier, _)| *earlier == "*" || covers(earlier))
        {
            return report(*at, format!("{locality} is covered by an earlier one"));
        }
        if parts.contains(&"") {
            return report(*at, format!("{locality} has an empty part"));
        }
    }
}

/// Whether an earlier locality takes a later one, as istiod's table of regions says it: a region
/// takes all below it, and is taken by anything of that region before it.
fn overlaps(earlier: &[&str], later: &[&str]) -> bool {
    let whole = |parts: &[&str], i: usize| parts.get(i).is_none_or(|part| *part == "*");
    if earlier.first() != later.first() {
        return false;
    }
    if later.len() == 1 || whole(earlier, 1) {
        return true;
    }
    if earlier.get(1) != later.get(1) {
        return false;
    }
    later.len() == 2 || whole(earlier, 2) || earlier.get(2) == later.get(2)
}
