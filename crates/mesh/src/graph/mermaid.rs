//! The graph as a Mermaid flowchart, which GitHub and GitLab draw in Markdown.

use super::{EdgeKind, Graph, NodeKind};
use meshscope_manifest::Str;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A Mermaid flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    // Mermaid's own names are short: `n0`, `n1`, in the order of the nodes.
    let names: BTreeMap<&Str, usize> = graph.nodes.iter().map(|n| &n.id).zip(0..).collect();
    let name = |id: &Str| names.get(id).copied().unwrap_or_default();
    for node in &graph.nodes {
        let (open, close) = match node.kind {
            NodeKind::Mesh | NodeKind::Workload => ("[[", "]]"),
            NodeKind::Gateway => ("{{", "}}"),
            NodeKind::VirtualService => ("[", "]"),
            NodeKind::Service => ("(", ")"),
            NodeKind::Subset => ("([", "])"),
            NodeKind::ServiceEntry => (">", "]"),
            NodeKind::Unknown => ("((", "))"),
        };
        let label = escaped(&node.label);
        let _ = writeln!(text, "  n{}{open}\"{label}\"{close}", name(&node.id));
    }
    for edge in &graph.edges {
        let arrow = match edge.kind {
            EdgeKind::Mirrors | EdgeKind::PartOf | EdgeKind::RunsOn => "-.->",
            _ => "-->",
        };
        let label = escaped(&edge.label());
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("|\"{label}\"|")
        };
        let _ = writeln!(
            text,
            "  n{} {arrow}{label} n{}",
            name(&edge.from),
            name(&edge.to)
        );
    }
    text
}

/// Entities keep quotes, brackets and Markdown from meaning anything.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '`' => escaped.push_str("#96;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
