//! The graph as Graphviz text.

use super::{EdgeKind, Graph, NodeKind};
use std::fmt::Write as _;

/// Graphviz text, left to right.
pub fn dot(graph: &Graph) -> String {
    let mut text =
        String::from("digraph routes {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    for node in &graph.nodes {
        let shape = match node.kind {
            NodeKind::Mesh | NodeKind::Workload => "component",
            NodeKind::Gateway => "house",
            NodeKind::VirtualService => "box",
            NodeKind::Service => "ellipse",
            NodeKind::Subset => "egg",
            NodeKind::ServiceEntry => "cds",
            NodeKind::Unknown => "octagon",
        };
        let _ = writeln!(
            text,
            "  {} [label={}, shape={shape}];",
            quoted(&node.id),
            quoted(&node.label)
        );
    }
    for edge in &graph.edges {
        let style = match edge.kind {
            EdgeKind::Mirrors => ", style=dashed",
            EdgeKind::PartOf | EdgeKind::RunsOn => ", style=dotted",
            _ => "",
        };
        let _ = writeln!(
            text,
            "  {} -> {} [label={}{style}];",
            quoted(&edge.from),
            quoted(&edge.to),
            quoted(&edge.label())
        );
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
