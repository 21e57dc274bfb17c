//! The graph as JSON, in the words of the command line's contract (camelCase).

use super::{EdgeKind, Graph};
use meshscope_manifest::ResourceKey;
use std::fmt::Write as _;

/// `{"nodes":[…],"edges":[…]}`; without a schema version, which whoever prints it adds.
pub fn json(graph: &Graph) -> String {
    let nodes = graph.nodes.iter().map(|node| {
        let mut fields = vec![
            ("id", text(&node.id)),
            ("kind", text(node.kind.name())),
            ("label", text(&node.label)),
        ];
        fields.extend(node.object.as_ref().map(|o| ("resource", resource(o))));
        object(&fields)
    });
    let edges = graph.edges.iter().map(|edge| {
        let mut fields = vec![
            ("from", text(&edge.from)),
            ("to", text(&edge.to)),
            ("kind", text(edge.kind.name())),
            ("condition", text(&edge.condition)),
        ];
        if let EdgeKind::Routes { weight } = edge.kind {
            fields.push(("weight", weight.to_string()));
        }
        if let Some(because) = &edge.because {
            let because = object(&[
                ("resource", resource(&because.object)),
                ("path", text(&because.path)),
                ("why", text(&because.why)),
            ]);
            fields.push(("because", because));
        }
        object(&fields)
    });
    object(&[("nodes", array(nodes)), ("edges", array(edges))])
}

fn resource(key: &ResourceKey) -> String {
    object(&[
        ("kind", text(key.kind.name())),
        ("group", text(key.kind.group())),
        ("namespace", text(&key.namespace)),
        ("name", text(&key.name)),
    ])
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(k, v)| format!("{}:{v}", text(k)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn text(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
