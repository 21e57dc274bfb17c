//! Rule field-without-effect for what istiod accepts without a word (G:RT-15, G:MRG-14, O:11.5).
//!
//! One object alone; what has no effect because of other objects is the engine's. Must not repeat what
//! the webhook warns about.

use super::problem::Severity;
use super::report::At;
use crate::kind::Kind;

/// Reports settings of an object that change nothing.
pub(super) fn check(document: At<'_>) {
    let spec = document.get("spec");
    match document.report.kind {
        Kind::VirtualService => {
            for kind in ["http", "tls", "tcp"] {
                spec.list(kind).for_each(destinations);
            }
        }
        Kind::Gateway => servers(spec),
        _ => {}
    }
}

fn destinations(route: At<'_>) {
    let targets: Vec<At<'_>> = route.list("route").collect();
    if let [only] = targets.as_slice() {
        // With weight 0 the route is still taken.
        if only.has("weight") {
            let weight = only.get("weight");
            weight
                .no_effect("G:RT-15", "the only destination gets everything")
                .severity(Severity::Info)
                .at_key()
                .fix_delete(weight, true);
        }
        return;
    }
    for (i, target) in targets.iter().enumerate() {
        let destination = target.get("destination");
        let same = |earlier: &&At<'_>| {
            earlier.value.get("destination") == destination.value
                && earlier.value.get("headers") == target.value.get("headers")
        };
        if let Some(first) = targets[..i]
            .iter()
            .find(same)
            .filter(|_| !destination.value.is_null())
        {
            destination
                .in_vain(
                    "G:RT-15",
                    "the same destination is here twice; add the weights up",
                )
                .severity(Severity::Info)
                .related(first.get("destination"));
        }
    }
}

fn servers(spec: At<'_>) {
    let mut names: Vec<At<'_>> = Vec::new();
    for server in spec.list("servers") {
        let protocol = server.get("port").get("protocol");
        if protocol.text().eq_ignore_ascii_case("udp") {
            protocol.in_vain(
                "G:MRG-14",
                "a gateway has no UDP: istiod builds a TCP listener",
            );
        }
        let name = server.get("name");
        if name.text().is_empty() {
            continue;
        }
        match names.iter().find(|first| first.text() == name.text()) {
            Some(first) => {
                name.in_vain(
                    "G:MRG-14",
                    "another server has this name; names are only for people",
                )
                .severity(Severity::Info)
                .related(*first);
            }
            None => names.push(name),
        }
    }
}
