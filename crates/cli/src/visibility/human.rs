//! Visibility for people: one line per object, the chain of reasons on demand.

use meshscope::finding::ResourceId;
use meshscope::{Explanation, OpenDecision, Overview, SeenObject, Step, VisibleTo, Who};
use std::fmt::Write;

/// What a proxy sees.
pub fn overview(seen: &Overview) -> String {
    let mut out = match &seen.sidecar {
        Some(sidecar) => format!("{} under {}\n", seen.proxy, name(sidecar)),
        None => format!("{}\n", seen.proxy),
    };
    let _ = writeln!(out, "\nServices ({})", seen.services.len());
    for service in &seen.services {
        let ports: Vec<String> = service.ports.iter().map(u32::to_string).collect();
        let _ = write!(out, "  {} port {}", service.service, ports.join(", "));
        if let Some(rule) = &service.destination_rule {
            let _ = write!(out, ", {}", name(rule));
        }
        out.push('\n');
        last(&service.because, &mut out);
    }
    objects("VirtualServices", &seen.virtual_services, &mut out);
    objects("DestinationRules", &seen.destination_rules, &mut out);
    ambiguities(&seen.ambiguities, &mut out);
    out
}

fn objects(title: &str, list: &[SeenObject], out: &mut String) {
    let _ = writeln!(out, "\n{title} ({})", list.len());
    for seen in list {
        let _ = writeln!(out, "  {}/{}", seen.resource.namespace, seen.resource.name);
        last(&seen.because, out);
    }
}

/// The step that decided.
fn last(steps: &[Step], out: &mut String) {
    if let Some(step) = steps.last() {
        let _ = writeln!(out, "      {}: {}", name(&step.resource), step.why);
    }
}

/// Why a proxy has an object, or why not.
pub fn explanation(who: &Who, answer: &Explanation) -> String {
    let verb = if answer.present {
        "has"
    } else {
        "does not have"
    };
    let mut out = format!("{who} {verb} {}\n", name(&answer.resource));
    for (i, step) in answer.because.iter().enumerate() {
        let _ = writeln!(out, "  {}. {}: {}", i + 1, name(&step.resource), step.why);
        let field = &step.path;
        if let Some(at) = &step.location {
            let start = at.range.start;
            let _ = writeln!(
                out,
                "     {}:{}:{} {field}",
                at.file, start.line, start.column
            );
        }
    }
    ambiguities(&answer.ambiguities, &mut out);
    out
}

/// Who sees an object.
pub fn visible_to(answer: &VisibleTo) -> String {
    let mut out = format!("{} is visible\n", name(&answer.resource));
    let lists = [
        ("in namespaces", &answer.namespaces),
        ("to sidecars of", &answer.sidecars),
        ("to gateways", &answer.gateways),
    ];
    for (title, list) in lists {
        let shown = match list.is_empty() {
            true => "none".to_owned(),
            false => list.join(", "),
        };
        let _ = writeln!(out, "  {title}: {shown}");
    }
    out
}

fn ambiguities(list: &[OpenDecision], out: &mut String) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nThe files leave open ({})", list.len());
    for open in list {
        let _ = writeln!(out, "  {} ({}): {}", open.about, open.id, open.outcome);
        let _ = writeln!(out, "      otherwise: {}", open.otherwise);
    }
}

fn name(resource: &ResourceId) -> String {
    match resource.namespace.as_str() {
        "" => format!("{} {}", resource.kind, resource.name),
        ns => format!("{} {ns}/{}", resource.kind, resource.name),
    }
}
