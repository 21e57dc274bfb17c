//! A blast radius for people: the four counts, then who and why.

use super::view::{FrozenView, RadiusView, ReachedView};
use crate::reason::by_reason;
use crate::words::{count, some};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How many names are listed for one reason.
const NAMES: usize = 12;

/// The whole answer.
pub fn render(view: &RadiusView) -> String {
    let units: BTreeSet<_> = view.freezes.iter().map(|f| (&f.proxy, &f.unit)).collect();
    let mut text = format!(
        "{}: seen by {}, pushed to {}, changes the behaviour of {}, can freeze {}\n",
        view.resource,
        proxies(&view.sees),
        proxies(&view.pushed),
        proxies(&view.changes_behaviour),
        count(units.len(), "piece") + " of their configuration"
    );
    if let Some(at) = &view.location {
        let _ = writeln!(text, "  {}:{}", at.file, at.range.start.line);
    }
    for (title, list) in [
        (
            "Sees it: part of what these proxies are configured from",
            &view.sees,
        ),
        (
            "Is pushed: istiod sends these proxies new configuration",
            &view.pushed,
        ),
        (
            "Changes behaviour: these would do something else without it",
            &view.changes_behaviour,
        ),
    ] {
        let _ = writeln!(text, "\n{title}");
        reached(list, &mut text);
    }
    text.push_str(
        "\nFreezes if Envoy refuses it: running pods keep the old version, new ones have none\n",
    );
    freezes(&view.freezes, &mut text);
    text
}

fn proxies(list: &[ReachedView]) -> String {
    let gateways = list.iter().filter(|r| r.proxy.starts_with("gateway:"));
    let gateways = gateways.count();
    match (list.len() - gateways, gateways) {
        (0, 0) => "nobody".into(),
        (n, 0) => count(n, "sidecar"),
        (0, n) => count(n, "gateway"),
        (s, g) => format!("{} and {}", count(s, "sidecar"), count(g, "gateway")),
    }
}

fn reached(list: &[ReachedView], text: &mut String) {
    if list.is_empty() {
        text.push_str("  nobody\n");
        return;
    }
    let all = list.iter().map(|r| (r.proxy.as_str(), r.because.clone()));
    for (reasons, names) in by_reason(all) {
        let _ = writeln!(text, "  {}", some(&spoken(&names), NAMES));
        for reason in reasons {
            let _ = writeln!(text, "    {}", reason.line());
        }
    }
}

fn freezes(list: &[FrozenView], text: &mut String) {
    if list.is_empty() {
        text.push_str("  nothing\n");
        return;
    }
    let mut units: BTreeMap<_, Vec<&FrozenView>> = BTreeMap::new();
    for frozen in list {
        let key = (&frozen.unit, &frozen.along, &frozen.because);
        units.entry(key).or_default().push(frozen);
    }
    for ((unit, along, because), on) in units {
        let names: Vec<&str> = on.iter().map(|f| f.proxy.as_str()).collect();
        let _ = writeln!(
            text,
            "  {} {} of {}",
            unit.kind,
            unit.name,
            some(&spoken(&names), NAMES)
        );
        if !along.is_empty() {
            let along: Vec<&str> = along.iter().map(String::as_str).collect();
            let _ = writeln!(text, "    and with it {}", some(&spoken(&along), NAMES));
        }
        let _ = writeln!(text, "    {}", because.line());
    }
}

/// Names as people say them: a workload without the colon.
fn spoken(names: &[&str]) -> Vec<String> {
    let spoken = names
        .iter()
        .map(|n| n.replacen(':', " ", usize::from(is_proxy(n))));
    spoken.collect()
}

fn is_proxy(name: &str) -> bool {
    name.starts_with("workload:") || name.starts_with("gateway:")
}
