//! Where nodes stand: a column per step of the way from the gateway to the pods, rows chosen so that
//! edges cross little.

use super::RouteGraph;
use std::collections::HashMap;

/// How often rows are chosen anew.
const ROUNDS: usize = 8;

/// The columns, by index of the node, top to bottom.
pub fn columns(graph: &RouteGraph) -> Vec<Vec<usize>> {
    let index: HashMap<&str, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(i, n)| (n.id.as_str(), i))
        .collect();
    let edges: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .filter_map(|e| Some((*index.get(e.from.as_str())?, *index.get(e.to.as_str())?)))
        .collect();
    let serving: Vec<usize> = graph
        .edges
        .iter()
        .filter(|e| e.kind == "serves")
        .filter_map(|e| index.get(e.from.as_str()).copied())
        .collect();
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); 6];
    for (i, node) in graph.nodes.iter().enumerate() {
        let column = match node.kind {
            "mesh" => 0,
            "workload" if serving.contains(&i) => 0,
            "gateway" => 1,
            "virtual-service" => 2,
            "subset" => 3,
            "workload" => 5,
            _ => 4,
        };
        if let Some(nodes) = columns.get_mut(column) {
            nodes.push(i);
        }
    }
    columns.retain(|c| !c.is_empty());
    for round in 0..ROUNDS {
        let rows = rows(&columns, graph.nodes.len());
        // Alternately by what comes before and by what comes after.
        let before = round % 2 == 0;
        let mut wanted: Vec<(f64, f64)> = vec![(0.0, 0.0); graph.nodes.len()];
        for (from, to) in &edges {
            let (node, other) = if before { (to, from) } else { (from, to) };
            if let (Some(sum), Some(row)) = (wanted.get_mut(*node), rows.get(*other)) {
                sum.0 += row;
                sum.1 += 1.0;
            }
        }
        let wish = |node: usize| match wanted.get(node) {
            Some((sum, n)) if *n > 0.0 => sum / n,
            _ => rows.get(node).copied().unwrap_or_default(),
        };
        for column in &mut columns {
            column.sort_by(|a, b| wish(*a).total_cmp(&wish(*b)).then(a.cmp(b)));
        }
    }
    columns
}

/// How far down each node stands, between 0 and 1.
fn rows(columns: &[Vec<usize>], nodes: usize) -> Vec<f64> {
    let mut rows = vec![0.0; nodes];
    for column in columns {
        // Columns have far fewer nodes than numbers are exact for.
        #[allow(clippy::cast_precision_loss)]
        for (row, node) in column.iter().enumerate() {
            if let Some(at) = rows.get_mut(*node) {
                *at = (row as f64 + 0.5) / column.len() as f64;
            }
        }
    }
    rows
}
