//! The graph as one page: a drawing, a filter, and what is behind every box and line. Nothing is
//! loaded from elsewhere.

use super::curve::Curve;
use super::layout::columns;
use super::{GraphEdge, GraphNode, RouteGraph};
use crate::finding::Location;
use std::collections::HashMap;
use std::fmt::Write;

/// The size of a box, and the space between columns of them.
pub(super) const WIDTH: usize = 230;
pub(super) const HEIGHT: usize = 34;
pub(super) const GAP: usize = 170;
const ROW: usize = 48;
const MARGIN: usize = 24;
/// Characters that fit in a box and on a line.
const FITS: usize = 32;
const FITS_LINE: usize = 24;

/// The page.
pub fn page(mesh: &str, graph: &RouteGraph) -> String {
    let columns = columns(graph);
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let width = 2 * MARGIN + columns.len().max(1) * (WIDTH + GAP) - GAP;
    let height = 2 * MARGIN + tallest * ROW;
    let mut places: HashMap<&str, (usize, usize)> = HashMap::new();
    for (x, column) in columns.iter().enumerate() {
        let top = (tallest - column.len()) * ROW / 2;
        for (y, node) in column.iter().enumerate() {
            if let Some(node) = graph.nodes.get(*node) {
                let at = (MARGIN + x * (WIDTH + GAP), MARGIN + top + y * ROW);
                places.insert(&node.id, at);
            }
        }
    }
    let mut drawing = String::new();
    let mut fanned: HashMap<(&str, &str), usize> = HashMap::new();
    for edge in &graph.edges {
        let (from, to) = (places.get(edge.from.as_str()), places.get(edge.to.as_str()));
        if let (Some(from), Some(to)) = (from, to) {
            let nth = fanned.entry((&edge.from, &edge.to)).or_default();
            line(edge, &Curve::between(*from, *to, *nth), &mut drawing);
            *nth += 1;
        }
    }
    for node in &graph.nodes {
        if let Some(at) = places.get(node.id.as_str()) {
            boxed(node, *at, &mut drawing);
        }
    }
    let title = format!("Routes of mesh {}", escaped(mesh));
    let counts = format!(
        "{} and {}",
        count(graph.nodes.len(), "node"),
        count(graph.edges.len(), "edge")
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1><p>{counts}</p>\
         <label>Show <input id=\"filter\" type=\"search\" placeholder=\"name, host, file\"></label>\
         <p class=\"hint\">Click a box to follow what leads to it and what it leads to; hover for the \
         object and the field.</p></header>\n\
         <svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"{title}\">\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n\
         {drawing}</svg>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

fn boxed(node: &GraphNode, (x, y): (usize, usize), text: &mut String) {
    let mut told = format!("{} {}", node.kind, node.label);
    if let Some(resource) = &node.resource {
        told = resource.to_string();
    }
    if let Some(at) = &node.location {
        let _ = write!(told, "\n{}:{}", at.file, at.range.start.line);
    }
    let label = escaped(&shortened(&node.label, FITS));
    let _ = writeln!(
        text,
        "<g class=\"node {}\" data-id=\"{}\"{} tabindex=\"0\"><title>{}</title>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\
         <text class=\"kind\" x=\"{}\" y=\"{}\">{}</text>\
         <text x=\"{}\" y=\"{}\">{label}</text></g>",
        node.kind,
        escaped(&node.id),
        place(node.location.as_ref()),
        escaped(&told),
        x + 8,
        y + 12,
        node.kind.replace('-', " "),
        x + 8,
        y + 26,
    );
}

fn line(edge: &GraphEdge, curve: &Curve, text: &mut String) {
    let mut told = format!("{} {} {}", edge.from, edge.kind, edge.to);
    if !edge.label.is_empty() {
        let _ = write!(told, "\n{}", edge.label);
    }
    if let Some(because) = &edge.because {
        let _ = write!(told, "\n{}", because.place());
    }
    let label = escaped(&shortened(&edge.label, FITS_LINE));
    let (x, y) = curve.label();
    let _ = writeln!(
        text,
        "<g class=\"edge {}\" data-from=\"{}\" data-to=\"{}\"{}><title>{}</title>\
         <path d=\"{}\" marker-end=\"url(#arrow)\"/>\
         <text x=\"{}\" y=\"{}\">{label}</text></g>",
        edge.kind,
        escaped(&edge.from),
        escaped(&edge.to),
        place(edge.because.as_ref().and_then(|b| b.location.as_ref())),
        escaped(&told),
        curve.path(),
        x,
        y,
    );
}

/// The attributes that say where something is written.
fn place(at: Option<&Location>) -> String {
    let Some(at) = at else { return String::new() };
    format!(
        " data-file=\"{}\" data-line=\"{}\" data-column=\"{}\"",
        escaped(&at.file),
        at.range.start.line,
        at.range.start.column
    )
}

/// `1 node`, `2 nodes`.
fn count(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}

fn shortened(text: &str, fits: usize) -> String {
    if text.chars().count() <= fits {
        return text.to_owned();
    }
    let kept: String = text.chars().take(fits - 1).collect();
    format!("{kept}…")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#68768a;--line:#9aa7b8}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf2;--paper:#12161c;--soft:#93a1b5;--line:#5b6778}}
body{margin:0;width:max-content;min-width:100%;font:14px/1.4 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header{position:sticky;left:0;top:0;width:100vw;box-sizing:border-box;padding:12px 24px;background:var(--paper);border-bottom:1px solid var(--line);display:flex;gap:20px;align-items:baseline;flex-wrap:wrap}
h1{font-size:16px;margin:0}p{margin:0}.hint{color:var(--soft)}
.node rect{fill:var(--paper);stroke:var(--line);stroke-width:1.5}
.node text{font-size:12px;fill:var(--ink)}.node .kind{font-size:8.5px;fill:var(--soft);text-transform:uppercase;letter-spacing:.05em}
.node{cursor:pointer}.node:focus{outline:none}.node:focus rect{stroke-width:3}
.workload rect{stroke:#3273c5}.mesh rect{stroke:#3273c5;stroke-dasharray:5 3}.gateway rect{stroke:#7b4fc9}.virtual-service rect{stroke:#1d8a63}
.service rect,.subset rect{stroke:#b0791b}.service-entry rect{stroke:#c2553d}.unknown rect{stroke:#d01f2e;stroke-dasharray:3 3}
.edge path{fill:none;stroke:var(--line);stroke-width:1.3}.edge.mirrors path,.edge.part-of path,.edge.runs-on path{stroke-dasharray:4 3}
.edge text{font-size:10px;fill:var(--soft);text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:3}
marker path{fill:var(--line)}.faint{opacity:.08}
";

const SCRIPT: &str = "
const nodes=[...document.querySelectorAll('.node')],edges=[...document.querySelectorAll('.edge')];
const told=g=>g.querySelector('title').textContent.toLowerCase();
function show(keep){nodes.forEach(n=>n.classList.toggle('faint',!!keep&&!keep.has(n.dataset.id)));
edges.forEach(e=>e.classList.toggle('faint',!!keep&&!(keep.has(e.dataset.from)&&keep.has(e.dataset.to))));}
function reach(ids,a,b){const seen=new Set(ids),next=[...ids];while(next.length){const id=next.pop();
edges.forEach(e=>{if(e.dataset[a]===id&&!seen.has(e.dataset[b])){seen.add(e.dataset[b]);next.push(e.dataset[b]);}});}return seen;}
const along=ids=>new Set([...reach(ids,'from','to'),...reach(ids,'to','from')]);
let held=null;
nodes.forEach(n=>{const pick=()=>{held=held===n?null:n;show(held&&along([n.dataset.id]));};
n.addEventListener('click',pick);n.addEventListener('keydown',e=>{if(e.key==='Enter'||e.key===' '){e.preventDefault();pick();}});});
document.getElementById('filter').addEventListener('input',e=>{held=null;const q=e.target.value.trim().toLowerCase();
if(!q)return show(null);const ids=new Set(nodes.filter(n=>told(n).includes(q)).map(n=>n.dataset.id));
edges.filter(x=>told(x).includes(q)).forEach(x=>{ids.add(x.dataset.from);ids.add(x.dataset.to);});
show(along([...ids]));});
";
