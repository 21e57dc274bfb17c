//! The call hierarchy: the route graph, walked from one object. A gateway workload calls the Gateways
//! it serves, a Gateway the routes bound to it, a route its destinations, a service its workloads.

use crate::outline::{SymbolKind, symbol_kind};
use crate::place::Place;
use crate::references::meant;
use crate::symbol::Symbol;
use crate::symbol::cursor::hits;
use crate::symbol::owner::definitions_of;
use crate::symbol::resolve::part_name;
use crate::symbol::target::{part_word, written};
use crate::words;
use meshscope::engine::envoy::Because;
use meshscope::engine::graph::{Edge, Focus, Graph, Node, NodeKind, route_graph};
use meshscope::manifest::{Kind, ResourceKey, Str};
use meshscope::yaml::Path;
use meshscope::{Mesh, Workspace};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A node of the route graph that is written somewhere. Round-trips through serde.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallItem {
    /// Its id in the route graph of [`CallItem::mesh`].
    pub id: String,
    /// The mesh.
    pub mesh: String,
    /// What to show.
    pub name: String,
    /// A few words beside it: kind and mesh.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Where its name is written; for sidecars and unknown hosts, where it is spoken of.
    pub place: Place,
    /// All of it, in the same file.
    pub whole: Range<usize>,
}

/// An edge from or to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLink {
    /// The other end.
    pub item: CallItem,
    /// Conditions and weights, in words; may be empty.
    pub label: String,
    /// Where the edges are written. For incoming calls an editor wants those in the caller's file, for
    /// outgoing ones those in the file of the item asked about.
    pub places: Vec<Place>,
}

/// The nodes of the route graph under the cursor, one per mesh.
pub fn call_hierarchy(workspace: &Workspace, file: &str, offset: usize) -> Vec<CallItem> {
    let mut found = Vec::new();
    for (mesh, symbols) in meant(&hits(workspace, file, offset)) {
        let graph = graph(mesh, &focus_of(&symbols));
        for node in &graph.nodes {
            if symbols.iter().any(|symbol| is_node(mesh, symbol, node)) {
                found.extend(item(mesh, &graph, node));
            }
        }
    }
    found
}

/// What leads to an item.
pub fn incoming_calls(workspace: &Workspace, item: &CallItem) -> Vec<CallLink> {
    links(workspace, item, |edge| (&edge.to, &edge.from))
}

/// Where an item leads.
pub fn outgoing_calls(workspace: &Workspace, item: &CallItem) -> Vec<CallLink> {
    links(workspace, item, |edge| (&edge.from, &edge.to))
}

fn graph(mesh: Mesh<'_>, focus: &Focus) -> Graph {
    route_graph(mesh.db(), mesh.input(), focus)
}

/// The part of the graph that holds everything at some symbols: for routes those of their namespace.
fn focus_of(symbols: &[Symbol]) -> Focus {
    match symbols {
        [Symbol::Object(key)] if symbol_kind(key.kind) == SymbolKind::Route => Focus {
            namespace: Some(key.namespace.clone()),
            host: None,
        },
        _ => Focus::default(),
    }
}

/// The same for an item.
fn focus_of_item(item: &CallItem) -> Focus {
    let route = item.id.strip_prefix("virtual-service:");
    // The stand-in for a namespace nobody says has slashes itself.
    let namespace = route.and_then(|route| route.rsplit_once('/'));
    Focus {
        namespace: namespace.map(|(namespace, _)| namespace.into()),
        host: None,
    }
}

/// Whether a symbol is what a node stands for.
fn is_node(mesh: Mesh<'_>, symbol: &Symbol, node: &Node) -> bool {
    match symbol {
        Symbol::Host {
            host,
            owner: Some(owner),
        } => {
            matches!(node.kind, NodeKind::Service | NodeKind::ServiceEntry)
                && node.id.ends_with(&format!(":{owner}/{host}"))
        }
        Symbol::Host { .. } => false,
        Symbol::Object(key) => {
            let own = node.object.as_ref() == Some(key);
            own && match key.kind {
                Kind::Service | Kind::ServiceEntry => {
                    matches!(node.kind, NodeKind::Service | NodeKind::ServiceEntry)
                }
                _ => true,
            }
        }
        Symbol::Part { object, path } => {
            part_word(path) == "subset"
                && node.kind == NodeKind::Subset
                && definitions_of(mesh, object).pop().is_some_and(|rule| {
                    let name = part_name(&rule.value, path);
                    name.as_deref() == Some(node.label.as_str()) && same_host(mesh, &rule, node)
                })
        }
    }
}

/// Whether a DestinationRule is for the service of a subset's node.
fn same_host(mesh: Mesh<'_>, rule: &crate::symbol::owner::Owner<'_>, node: &Node) -> bool {
    use meshscope::engine::index::facts;
    use meshscope::engine::names::{resolve_short_name, subset_of};
    let own = rule.value.get("spec").str_or_empty("host");
    let domain = &facts(mesh.db(), mesh.input()).config_domain;
    let own = resolve_short_name(&own, &rule.namespace, domain);
    service_of(node).is_some_and(|(_, host)| own == host || subset_of(host, &own))
}

/// Namespace and host of the node of a service or of a subset of it, from its id.
fn service_of(node: &Node) -> Option<(&str, &str)> {
    let service = node.id.split_once(':')?.1;
    let service = match node.kind {
        NodeKind::Subset => service.rsplit_once('/')?.0,
        _ => service,
    };
    // The namespace may have slashes, the host has none.
    service.rsplit_once('/')
}

fn item(mesh: Mesh<'_>, graph: &Graph, node: &Node) -> Option<CallItem> {
    let (place, whole) = own_place(mesh, node).or_else(|| {
        let mut edges = graph.edges.iter();
        let edge = edges.find(|e| e.from == node.id || e.to == node.id)?;
        let place = place_of(mesh, edge.because.as_ref()?)?;
        let whole = place.range.clone();
        Some((place, whole))
    })?;
    Some(CallItem {
        id: node.id.to_string(),
        mesh: mesh.name().into(),
        name: match node.kind {
            NodeKind::Service | NodeKind::ServiceEntry | NodeKind::Unknown => {
                words::host(&node.label).to_owned()
            }
            _ => words::workload(&node.label).to_owned(),
        },
        detail: format!(
            "{}, mesh {}",
            node.kind.name().replace('-', " "),
            mesh.name()
        ),
        kind: match (node.kind, &node.object) {
            (NodeKind::Subset, _) => SymbolKind::Subset,
            (NodeKind::Mesh, _) => SymbolKind::Workload,
            (NodeKind::Unknown, _) | (_, None) => SymbolKind::Host,
            (_, Some(key)) => symbol_kind(key.kind),
        },
        place,
        whole,
    })
}

/// Where the object of a node is written, and all of it.
fn own_place(mesh: Mesh<'_>, node: &Node) -> Option<(Place, Range<usize>)> {
    let key = node.object.as_ref()?;
    let symbol = match node.kind {
        NodeKind::Service | NodeKind::ServiceEntry | NodeKind::Subset => {
            let (owner, host) = service_of(node)?;
            Symbol::Host {
                host: host.into(),
                owner: Some(owner.into()),
            }
        }
        _ => Symbol::Object(key.clone()),
    };
    let found = written(mesh, &symbol).into_iter().next()?;
    let place = Place {
        path: found.file.path(mesh.db()).to_string(),
        range: found.name,
    };
    Some((place, found.whole))
}

/// Where a reason is written: its field, or the nearest above it.
fn place_of(mesh: Mesh<'_>, because: &Because) -> Option<Place> {
    place_of_field(mesh, &because.object, &because.path)
}

/// Where a field of an object is written, or the nearest one above it.
pub(crate) fn place_of_field(mesh: Mesh<'_>, key: &ResourceKey, path: &str) -> Option<Place> {
    let owner = definitions_of(mesh, key).pop()?;
    let mut path: Path = path.parse().unwrap_or_default();
    loop {
        if let Some(found) = owner.place(&path) {
            let span = match (found.key, path.is_empty()) {
                (Some(key), _) if found.text.is_none() => key,
                (_, true) => return object_place(mesh, key),
                _ => found.text.unwrap_or(found.value),
            };
            let mut range = span.range();
            let text = found
                .file
                .text(mesh.db())
                .get(range.clone())
                .unwrap_or_default();
            range.end = range.start + text.find(['\n', '\r']).unwrap_or(text.len());
            return Some(Place {
                path: found.file.path(mesh.db()).to_string(),
                range,
            });
        }
        path.pop()?;
    }
}

fn object_place(mesh: Mesh<'_>, key: &ResourceKey) -> Option<Place> {
    let found = written(mesh, &Symbol::Object(key.clone()))
        .into_iter()
        .next()?;
    Some(Place {
        path: found.file.path(mesh.db()).to_string(),
        range: found.name,
    })
}

/// The edges at an item, one link per other end. `ends` tells this end and the other one.
fn links(
    workspace: &Workspace,
    of: &CallItem,
    ends: impl Fn(&Edge) -> (&Str, &Str),
) -> Vec<CallLink> {
    let Some(mesh) = workspace.mesh(&of.mesh) else {
        return Vec::new();
    };
    let graph = graph(mesh, &focus_of_item(of));
    let mut links: Vec<(Str, Vec<&Edge>)> = Vec::new();
    for edge in graph.edges.iter().filter(|edge| *ends(edge).0 == of.id) {
        let other = ends(edge).1;
        match links.iter_mut().find(|(id, _)| id == other) {
            Some((_, edges)) => edges.push(edge),
            None => links.push((other.clone(), vec![edge])),
        }
    }
    let link = |(id, edges): (Str, Vec<&Edge>)| {
        let node = graph.nodes.iter().find(|node| node.id == id)?;
        let reasons = edges.iter().filter_map(|edge| edge.because.as_ref());
        let mut places: Vec<Place> = reasons.filter_map(|b| place_of(mesh, b)).collect();
        places.dedup();
        let labels: Vec<String> = edges.iter().map(|edge| edge.label()).collect();
        let mut labels: Vec<String> = labels.into_iter().filter(|l| !l.is_empty()).collect();
        labels.dedup();
        Some(CallLink {
            item: item(mesh, &graph, node)?,
            label: labels.join("; "),
            places,
        })
    };
    links.into_iter().filter_map(link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  gateways: [infra/public]
  http:
  - match: [{uri: {prefix: /v1}}]
    route: [{destination: {host: reviews, subset: v1}}]
  - route: [{destination: {host: reviews}}]
";

    fn shown(f: &Fixture, links: &[CallLink]) -> Vec<String> {
        let line = |link: &CallLink| {
            let places: Vec<String> = link.places.iter().map(|p| f.show(p)).collect();
            format!("{} [{}] {}", link.item.id, link.label, places.join(", "))
        };
        links.iter().map(line).collect()
    }

    #[test]
    fn from_a_gateway_to_its_routes_and_workloads() {
        let gateway = GATEWAY.replace("{name: public", "{name: $0public");
        let f = Fixture::new(&[REVIEWS, &gateway, ROUTE]);
        let items = call_hierarchy(&f.workspace, &f.file, f.offset);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].detail, "gateway, mesh default");
        assert_eq!(
            shown(&f, &incoming_calls(&f.workspace, &items[0])),
            ["workload:infra/ingress [] infra/gateway.yaml:5: selector"]
        );
        assert_eq!(
            shown(&f, &outgoing_calls(&f.workspace, &items[0])),
            [
                "virtual-service:shop/reviews [reviews.example.com :80] infra/gateway.yaml:7: port: \
                 {number: 80, name: http, protocol: HTTP}"
            ]
        );
    }

    #[test]
    fn from_a_route_to_subsets_and_services_and_back() {
        let route = ROUTE.replace("{name: reviews", "{name: $0reviews");
        let f = Fixture::new(&[REVIEWS, GATEWAY, &route]);
        let items = call_hierarchy(&f.workspace, &f.file, f.offset);
        let out = outgoing_calls(&f.workspace, &items[0]);
        let host = "shop/reviews.shop.svc.cluster.local";
        let ids: Vec<&str> = out.iter().map(|link| link.item.id.as_str()).collect();
        assert_eq!(
            ids,
            [format!("subset:{host}/v1"), format!("service:{host}")]
        );
        assert_eq!(out[0].label, "/v1*");
        let on = incoming_calls(&f.workspace, &items[0]);
        assert_eq!(on[0].item.id, "gateway:infra/public");
        let back = incoming_calls(&f.workspace, &out[1].item);
        let ids: Vec<&str> = back.iter().map(|link| link.item.id.as_str()).collect();
        assert_eq!(
            ids,
            [&format!("subset:{host}/v1"), "virtual-service:shop/reviews"]
        );
        let runs = outgoing_calls(&f.workspace, &out[1].item);
        assert_eq!(runs[0].item.id, "workload:shop/reviews-v1");
    }

    #[test]
    fn a_host_and_a_subset_are_nodes_and_half_typed_text_keeps_them() {
        let at = |marked: &str| {
            let route = ROUTE.replace(&marked.replace("$0", ""), marked);
            let f = Fixture::new(&[REVIEWS, GATEWAY, &route.replace("  http:", "  tl\n  http:")]);
            let items = call_hierarchy(&f.workspace, &f.file, f.offset);
            items.into_iter().map(|item| item.id).collect::<Vec<_>>()
        };
        let host = "shop/reviews.shop.svc.cluster.local";
        assert_eq!(at("subset: $0v1"), [format!("subset:{host}/v1")]);
        assert_eq!(at("{host: re$0views, "), [format!("service:{host}")]);
        assert_eq!(at("sp$0ec:"), [""; 0]);
    }
}
