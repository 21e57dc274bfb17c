//! A difference for people: the counts, then findings, calls, who sees what, and whom it touches.

use super::view::{CallView, DiffView, EndingView, FindingsView, MeshView, Side, VisibilityView};
use crate::check::line;
use crate::reason::Reason;
use crate::trace::sees;
use crate::words::{count, some};
use meshscope::engine::diff::{OTHER_HOST, OTHER_PATH};
use meshscope::finding::{Finding, ResourceId};
use std::fmt::Write;

/// How many names are listed in one place.
const NAMES: usize = 6;

/// How many lines one list has at most.
const LINES: usize = 40;

/// The whole answer.
pub fn render(view: &DiffView) -> String {
    let mut text = format!(
        "{} -> {}\n{}\n",
        side(&view.base),
        side(&view.head),
        sentence(view)
    );
    findings(&view.findings, &mut text);
    let several = view.meshes.len() > 1;
    for mesh in view.meshes.iter().filter(|mesh| !mesh.is_empty()) {
        if several || mesh.change != "changed" {
            let _ = write!(text, "\nMesh {}{}\n", mesh.mesh, one_sided(mesh));
        }
        of_mesh(mesh, &mut text);
    }
    text
}

/// A side in a few words.
pub fn side(side: &Side) -> String {
    let short = side.commit.as_deref().map(|id| id.get(..10).unwrap_or(id));
    match (&side.revision, short) {
        (None, _) => "working tree".to_owned(),
        (Some(name), Some(id)) if !name.starts_with(id) => format!("{name} ({id})"),
        (Some(name), Some(id)) if name.len() > id.len() => id.to_owned(),
        (Some(name), _) => name.clone(),
    }
}

/// What there is to say of a mesh that only one side has.
pub fn one_sided(mesh: &MeshView) -> &'static str {
    match mesh.change {
        "added" => ": new, there is none of this name to compare with",
        "removed" => ": gone",
        _ => "",
    }
}

/// The counts as a sentence.
pub fn sentence(view: &DiffView) -> String {
    if super::nothing(view) {
        return match view.findings.unchanged {
            0 => "nothing differs".to_owned(),
            n => format!("nothing differs; {} as before", count(n, "finding")),
        };
    }
    let s = &view.summary;
    let errors = match s.errors_added {
        0 => String::new(),
        n => format!(" ({})", count(n, "error")),
    };
    let calls = match s.calls {
        1 => "1 call ends otherwise".to_owned(),
        n => format!("{n} calls end otherwise"),
    };
    let seen = match s.visibility {
        1 => "1 workload sees something else".to_owned(),
        n => format!("{n} workloads see something else"),
    };
    format!(
        "{} added{errors}, {} fixed, {} as before; {calls}; {seen}; {} touched",
        count(s.findings_added, "finding"),
        s.findings_fixed,
        s.findings_unchanged,
        count(s.workloads, "workload"),
    )
}

fn findings(findings: &FindingsView, text: &mut String) {
    for (title, list) in [
        ("Findings added", &findings.added),
        ("Findings fixed", &findings.fixed),
    ] {
        let lines = list.iter().map(line);
        section(title, lines, text);
    }
}

/// A titled list, cut where it gets long; nothing when it is empty.
fn section(title: &str, lines: impl ExactSizeIterator<Item = String>, text: &mut String) {
    let total = lines.len();
    if total == 0 {
        return;
    }
    let _ = write!(text, "\n{title}\n");
    for line in lines.take(LINES) {
        let _ = writeln!(text, "  {}", line.trim_end().replace('\n', "\n  "));
    }
    if total > LINES {
        let _ = writeln!(text, "  and {} more (--format json has all)", total - LINES);
    }
}

fn of_mesh(mesh: &MeshView, text: &mut String) {
    section("Calls that end otherwise", calls(mesh).into_iter(), text);
    section("Visibility", mesh.visibility.iter().map(visibility), text);
    section("Workloads touched", workloads(mesh).into_iter(), text);
    let objects = mesh.objects.iter().map(|o| {
        let place = o.location.as_ref();
        let place = place.map_or(String::new(), |at| {
            format!("  {}:{}", at.file, at.range.start.line)
        });
        format!("{} {}{place}", sign(o.change), o.resource)
    });
    section("Objects", objects, text);
    section("Left out", mesh.left_out.iter().cloned(), text);
}

/// How a change is marked.
pub fn sign(change: &str) -> char {
    match change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    }
}

/// Calls with the same end from the same callers, together.
pub fn calls(mesh: &MeshView) -> Vec<String> {
    grouped(mesh).iter().map(|group| of_calls(group)).collect()
}

fn grouped(mesh: &MeshView) -> Vec<Vec<&CallView>> {
    let mut groups: Vec<Vec<&CallView>> = Vec::new();
    for call in &mesh.calls {
        let same = groups.iter_mut().find(|group| {
            group.first().is_some_and(|first| {
                first.before == call.before && first.after == call.after && first.from == call.from
            })
        });
        match same {
            Some(group) => group.push(call),
            None => groups.push(vec![call]),
        }
    }
    groups
}

fn of_calls(group: &[&CallView]) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let urls: Vec<String> = group.iter().map(|call| request(call)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let from: Vec<String> = first
        .from
        .iter()
        .map(|who| who.replacen(':', " ", 1))
        .collect();
    let from: Vec<&str> = from.iter().map(String::as_str).collect();
    let arrives = first.from.iter().any(|who| who.starts_with("gateway:"));
    let way = if arrives { "at" } else { "from" };
    let mut text = format!("{} {way} {}\n", some(&urls, NAMES), some(&from, NAMES));
    let _ = writeln!(text, "  before: {}", ending(&first.before));
    let _ = writeln!(text, "  after:  {}", ending(&first.after));
    for reason in &first.because {
        let _ = writeln!(text, "    {}", reason.line());
    }
    text
}

/// A call as a line. A host or path that stands for every other one is named for what it is, or left out.
fn request(call: &CallView) -> String {
    let method = call
        .method
        .as_ref()
        .map_or(String::new(), |m| format!("{m} "));
    let url = call.call.replace(OTHER_HOST, "<any other host>");
    let url = url.strip_suffix(OTHER_PATH).unwrap_or(&url);
    let headers: Vec<&str> = call.headers.iter().map(String::as_str).collect();
    match headers.as_slice() {
        [] => format!("{method}{url}"),
        all => format!("{method}{url} with {}", all.join(", ")),
    }
}

fn ending(ending: &EndingView) -> String {
    let mut text = ending.verdict.to_owned();
    if ending.client_sees != "upstream" {
        let _ = write!(text, ", the client gets {}", sees(&ending.client_sees));
    }
    if !ending.through_gateways.is_empty() {
        let _ = write!(text, ", through {}", ending.through_gateways.join(", "));
    }
    let clusters: Vec<String> = ending.clusters.iter().map(cluster).collect();
    let clusters: Vec<&str> = clusters.iter().map(String::as_str).collect();
    if !clusters.is_empty() {
        let _ = write!(text, ", by {}", clusters.join(", "));
    }
    text
}

fn cluster(cluster: &super::view::ClusterView) -> String {
    match (cluster.mirror, cluster.weight) {
        (true, _) => format!("{} (a copy)", cluster.cluster),
        (false, 0 | 100) => cluster.cluster.clone(),
        (false, weight) => format!("{} ({weight})", cluster.cluster),
    }
}

/// What some workloads see more or less, a line each.
pub fn visibility(change: &VisibilityView) -> String {
    let workloads: Vec<&str> = change.workloads.iter().map(String::as_str).collect();
    let mut text = format!("{}\n", some(&workloads, NAMES));
    let mut add = |sign: char, what: &str, names: &[String]| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  {sign} {what} {}", some(&names, NAMES));
        }
    };
    let labels = |list: &[ResourceId]| -> Vec<String> {
        let names = list.iter();
        names
            .map(|id| format!("{}/{}", id.namespace, id.name))
            .collect()
    };
    add('+', "service", &change.services_gained);
    add('-', "service", &change.services_lost);
    add(
        '+',
        "VirtualService",
        &labels(&change.virtual_services_gained),
    );
    add(
        '-',
        "VirtualService",
        &labels(&change.virtual_services_lost),
    );
    for rule in &change.destination_rules {
        let name =
            |id: &Option<ResourceId>| id.as_ref().map_or("none".to_owned(), ToString::to_string);
        let (before, after) = (name(&rule.before), name(&rule.after));
        let _ = writeln!(text, "  ~ {} by {after} instead of {before}", rule.host);
    }
    text
}

/// Workloads touched for the same reason, together.
pub fn workloads(mesh: &MeshView) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<Reason>, Vec<&str>)> = Vec::new();
    for workload in &mesh.workloads {
        let same = groups.iter_mut().find(|(change, because, _)| {
            *change == workload.change && *because == workload.because
        });
        match same {
            Some((_, _, names)) => names.push(&workload.workload),
            None => groups.push((
                workload.change,
                workload.because.clone(),
                vec![&workload.workload],
            )),
        }
    }
    let of_group = |(change, because, names): (&str, Vec<Reason>, Vec<&str>)| {
        let mut text = format!("{change}: {}\n", some(&names, NAMES));
        for reason in because {
            let _ = writeln!(text, "  {}", reason.line());
        }
        text
    };
    groups.into_iter().map(of_group).collect()
}

/// Whether a finding is one to show first.
pub fn worst_first(a: &&Finding, b: &&Finding) -> std::cmp::Ordering {
    b.severity.cmp(&a.severity)
}
