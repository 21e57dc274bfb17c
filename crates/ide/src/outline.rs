//! Symbols: the objects of a file, and those of the workspace by name or host.

use crate::place::Place;
use crate::words::{self, listed};
use meshscope::engine::index::{self, FileObject, is_unknown_namespace};
use meshscope::manifest::{Body, Kind, Resource, Str};
use meshscope::yaml::{Document, Path, Segment};
use meshscope::{Mesh, Workspace};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;

/// A symbol of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSymbol {
    /// The name.
    pub name: String,
    /// A few words beside it.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub range: Range<usize>,
    /// Its name; inside of `range`.
    pub selection: Range<usize>,
    /// What is in it.
    pub children: Vec<DocumentSymbol>,
}

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolKind {
    /// An object of any kind that has no variant of its own.
    Object,
    /// A Gateway.
    Gateway,
    /// A VirtualService or a Gateway API route.
    Route,
    /// A Service or ServiceEntry.
    Service,
    /// A DestinationRule.
    DestinationRule,
    /// A policy: Sidecar, AuthorizationPolicy, PeerAuthentication and the like.
    Policy,
    /// A workload.
    Workload,
    /// A namespace.
    Namespace,
    /// A host.
    Host,
    /// A subset.
    Subset,
    /// A server or listener of a Gateway.
    Server,
    /// A rule of a route.
    Rule,
    /// A port.
    Port,
}

/// A symbol of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceSymbol {
    /// The name or host.
    pub name: String,
    /// What it is in: `Kind NAMESPACE/NAME` for hosts and subsets, `Kind in NAMESPACE` for objects.
    pub container: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Where its name is written.
    pub place: Place,
    /// The meshes it is in.
    pub meshes: Vec<String>,
}

/// What an object of a kind is in an outline.
pub(crate) fn symbol_kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Gateway | Kind::KubernetesGateway | Kind::ListenerSet => SymbolKind::Gateway,
        Kind::VirtualService
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute => SymbolKind::Route,
        Kind::Service | Kind::ServiceEntry => SymbolKind::Service,
        Kind::DestinationRule => SymbolKind::DestinationRule,
        Kind::Namespace => SymbolKind::Namespace,
        Kind::WorkloadEntry | Kind::WorkloadGroup => SymbolKind::Workload,
        kind if kind.is_workload() => SymbolKind::Workload,
        kind if kind.is_istio() => SymbolKind::Policy,
        Kind::NetworkPolicy => SymbolKind::Policy,
        _ => SymbolKind::Object,
    }
}

/// The lists of a kind whose items are shown, what they are, and the field they are called by; an item
/// that is a text is its own name.
fn children_of(kind: Kind) -> &'static [(&'static str, SymbolKind, &'static str)] {
    match kind {
        Kind::VirtualService => &[
            ("hosts", SymbolKind::Host, ""),
            ("http", SymbolKind::Rule, "name"),
            ("tls", SymbolKind::Rule, "name"),
            ("tcp", SymbolKind::Rule, "name"),
        ],
        Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute => &[
            ("hostnames", SymbolKind::Host, ""),
            ("rules", SymbolKind::Rule, "name"),
        ],
        Kind::Gateway => &[("servers", SymbolKind::Server, "name")],
        Kind::KubernetesGateway | Kind::ListenerSet => &[("listeners", SymbolKind::Server, "name")],
        Kind::DestinationRule => &[("subsets", SymbolKind::Subset, "name")],
        Kind::ServiceEntry => &[
            ("hosts", SymbolKind::Host, ""),
            ("ports", SymbolKind::Port, "name"),
        ],
        Kind::Service => &[("ports", SymbolKind::Port, "name")],
        Kind::Sidecar => &[("egress", SymbolKind::Rule, "name")],
        Kind::AuthorizationPolicy => &[("rules", SymbolKind::Rule, "name")],
        _ => &[],
    }
}

/// The objects of a file with their hosts, servers, rules and subsets. Needs no mesh.
pub fn document_symbols(workspace: &Workspace, file: &str) -> Vec<DocumentSymbol> {
    let Some(file) = workspace.file(file) else {
        return Vec::new();
    };
    let db = workspace.db();
    let summary = index::file_summary(db, file);
    let objects = summary.objects.iter().filter_map(|object| {
        let document = index::document(db, file, object.document).as_ref()?;
        of_object(document, object)
    });
    objects.collect()
}

fn of_object(document: &Document, object: &FileObject) -> Option<DocumentSymbol> {
    let whole = document.locate(&object.prefix)?.value.range();
    let metadata = object.prefix.join("metadata");
    let name = document.node_at(&metadata.join("name"));
    let selection = name.map_or(whole.start..whole.start, |name| name.span().range());
    let text = |path: &Path| document.node_at(path).and_then(|node| node.text());
    let namespace = text(&metadata.join("namespace")).unwrap_or_default();
    let spec = object.prefix.join("spec");
    let children = children_of(object.kind)
        .iter()
        .flat_map(|(list, kind, named)| {
            let list = spec.join(list);
            let items = document.node_at(&list).map_or(0, |node| node.len());
            (0u32..)
                .take(items)
                .filter_map(|index| of_item(document, &list.index(index), *kind, named))
                .collect::<Vec<_>>()
        });
    Some(DocumentSymbol {
        name: name.and_then(|n| n.text()).unwrap_or_default().to_owned(),
        detail: match namespace {
            "" => object.kind.to_string(),
            namespace => format!("{} in {namespace}", object.kind),
        },
        kind: symbol_kind(object.kind),
        selection: within(selection, &whole),
        range: whole,
        children: children.collect(),
    })
}

fn of_item(
    document: &Document,
    path: &Path,
    kind: SymbolKind,
    named: &str,
) -> Option<DocumentSymbol> {
    let range = document.locate(path)?.entry.range();
    let node = document.node_at(path)?;
    let name_node = if node.is_scalar() {
        Some(node)
    } else {
        node.get(named)
    };
    let number = match path.last() {
        Some(Segment::Index(index)) => *index,
        _ => 0,
    };
    let word = match path.segments().iter().rev().nth(1) {
        Some(Segment::Key(list)) => list.as_str(),
        _ => "",
    };
    let name = name_node.and_then(|n| n.text()).filter(|n| !n.is_empty());
    let selection = name_node.map_or(range.clone(), |n| n.span().range());
    Some(DocumentSymbol {
        name: name.map_or_else(|| format!("{word} {number}"), str::to_owned),
        detail: detail(document, path, kind),
        kind,
        selection: within(selection, &range),
        range,
        children: Vec::new(),
    })
}

/// A range that is inside another; its start where it is not, as behind an alias.
fn within(range: Range<usize>, outer: &Range<usize>) -> Range<usize> {
    match outer.start <= range.start && range.end <= outer.end {
        true => range,
        false => outer.start..outer.start,
    }
}

/// What an item is about, in a few words.
fn detail(document: &Document, path: &Path, kind: SymbolKind) -> String {
    let node = |keys: &[&str]| {
        let path = keys.iter().fold(path.clone(), |path, key| path.join(key));
        document.node_at(&path)
    };
    let text = |keys: &[&str]| node(keys).and_then(|n| n.text()).unwrap_or_default();
    match kind {
        SymbolKind::Server => {
            let hosts = node(&["hosts"]);
            let hosts = hosts
                .iter()
                .flat_map(|hosts| hosts.items())
                .filter_map(|h| h.text());
            let hosts = hosts.chain([text(&["hostname"])]);
            let hosts: Vec<&str> = hosts.filter(|host| !host.is_empty()).collect();
            let port = [text(&["port", "number"]), text(&["port"])].concat();
            let protocol = [text(&["port", "protocol"]), text(&["protocol"])].concat();
            let words = format!("{protocol} {port} {}", listed(&hosts, 3));
            words.trim().to_owned()
        }
        SymbolKind::Port => [text(&["number"]), text(&["port"])].concat(),
        _ => String::new(),
    }
}

/// Objects, hosts and subsets whose name has the characters of `query` in this order, ignoring case;
/// best first, at most `limit`.
pub fn workspace_symbols(workspace: &Workspace, query: &str, limit: usize) -> Vec<WorkspaceSymbol> {
    let mut ranked: Vec<(u32, WorkspaceSymbol)> = Vec::new();
    let mut known: HashMap<(Place, String), usize> = HashMap::new();
    for mesh in workspace.meshes() {
        each_symbol(mesh, &mut |name, container, kind, find| {
            let Some(rank) = rank(name, query) else {
                return;
            };
            let Some(place) = find() else { return };
            let at = (place.clone(), name.to_owned());
            match known.get(&at) {
                Some(&index) => {
                    let meshes = &mut ranked[index].1.meshes;
                    if !meshes.iter().any(|m| m == mesh.name()) {
                        meshes.push(mesh.name().into());
                    }
                }
                None => {
                    known.insert(at, ranked.len());
                    let symbol = WorkspaceSymbol {
                        name: name.to_owned(),
                        container: container(),
                        kind,
                        place,
                        meshes: vec![mesh.name().into()],
                    };
                    ranked.push((rank, symbol));
                }
            }
        });
    }
    ranked.sort_by(|(a, x), (b, y)| {
        (a, &x.name, &x.container, &x.place.path).cmp(&(b, &y.name, &y.container, &y.place.path))
    });
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, symbol)| symbol).collect()
}

/// What is called for every symbol of a mesh: its name, how to write what it is in, what it is, and how
/// to find its place. The latter two cost something and are for symbols that fit.
type Each<'e> = dyn FnMut(&str, &dyn Fn() -> String, SymbolKind, &dyn Fn() -> Option<Place>) + 'e;

fn each_symbol(mesh: Mesh<'_>, each: &mut Each<'_>) {
    let (db, input) = (mesh.db(), mesh.input());
    for unit in input.units(db).iter() {
        for object in index::unit_objects(db, unit) {
            let Some(resource) = &object.resource else {
                continue;
            };
            let key = &resource.key;
            let place = |path: &str| {
                let path = path.parse().ok()?;
                let found = mesh.field_place(&object.definition, &path)?;
                Some(Place {
                    path: found.file.path(db).to_string(),
                    range: found.text.unwrap_or(found.value).range(),
                })
            };
            let inside = || match is_unknown_namespace(&key.namespace) || key.namespace.is_empty() {
                true => key.kind.to_string(),
                false => format!("{} in {}", key.kind, key.namespace),
            };
            each(&key.name, &inside, symbol_kind(key.kind), &|| {
                place("metadata.name")
            });
            let within = || words::object(key);
            for (path, name, kind) in parts(resource) {
                each(&name, &within, kind, &|| place(&path));
            }
        }
    }
}

/// The hosts and subsets of an object, with their paths.
fn parts(resource: &Resource) -> Vec<(String, Str, SymbolKind)> {
    let hosts = |hosts: &[Str]| -> Vec<(String, Str, SymbolKind)> {
        let numbered = hosts.iter().enumerate();
        numbered
            .map(|(i, host)| (format!("spec.hosts[{i}]"), host.clone(), SymbolKind::Host))
            .collect()
    };
    match &resource.body {
        Body::VirtualService(vs) => hosts(&vs.hosts),
        Body::ServiceEntry(entry) => hosts(&entry.hosts),
        Body::DestinationRule(rule) => {
            let subsets = rule.subsets.iter().enumerate();
            let named = subsets.map(|(i, subset)| {
                (
                    format!("spec.subsets[{i}].name"),
                    subset.name.clone(),
                    SymbolKind::Subset,
                )
            });
            named.collect()
        }
        _ => Vec::new(),
    }
}

/// How well a name fits a query, lower is better; `None` when it does not.
fn rank(name: &str, query: &str) -> Option<u32> {
    let (name, query) = (name.to_lowercase(), query.to_lowercase());
    if name == query {
        return Some(0);
    }
    if name.starts_with(&query) {
        return Some(1);
    }
    if name.contains(&query) {
        return Some(2);
    }
    let mut rest = name.chars();
    let all = query.chars().all(|wanted| rest.any(|c| c == wanted));
    all.then_some(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, GATEWAY, REVIEWS};

    fn tree(f: &Fixture, file: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for symbol in document_symbols(&f.workspace, file) {
            let at = f.show_range(file, &symbol.selection);
            lines.push(format!("{} ({}) {at}", symbol.name, symbol.detail));
            for child in &symbol.children {
                assert!(
                    symbol.range.start <= child.range.start && child.range.end <= symbol.range.end
                );
                lines.push(format!(
                    "  {} ({}) {:?}",
                    child.name, child.detail, child.kind
                ));
            }
        }
        lines
    }

    const ROUTE: &str = "\
#- shop/route.yaml
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews.example.com]
  http:
  - name: first
    route: [{destination: {host: reviews}}]
  - route: [{destination: {host: reviews}}]
";

    #[test]
    fn a_file_is_its_objects_with_their_parts() {
        let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
        assert_eq!(
            tree(&f, "shop/route.yaml"),
            [
                "reviews (VirtualService in shop) shop/route.yaml:3: reviews",
                "  reviews.example.com () Host",
                "  first () Rule",
                "  http 1 () Rule",
            ]
        );
        assert_eq!(
            tree(&f, "infra/gateway.yaml"),
            [
                "public (Gateway in infra) infra/gateway.yaml:3: public",
                "  servers 0 (HTTP 80 *.example.com) Server",
                "ingress (Deployment in infra) infra/gateway.yaml:12: ingress",
            ]
        );
        assert_eq!(tree(&f, "shop/rule.yaml")[1], "  v1 () Subset");
    }

    #[test]
    fn half_typed_objects_are_there() {
        let f = Fixture::new(&[&ROUTE.replace("  http:", "  gat$0\n  http:")]);
        assert_eq!(tree(&f, "shop/route.yaml").len(), 4);
    }

    #[test]
    fn the_workspace_is_searched_by_name_and_host() {
        let f = Fixture::new(&[REVIEWS, GATEWAY, ROUTE]);
        let found = |query: &str| {
            let all = workspace_symbols(&f.workspace, query, 3);
            all.iter()
                .map(|s| format!("{} ({}) {}", s.name, s.container, f.show(&s.place)))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("PUB"),
            ["public (Gateway in infra) infra/gateway.yaml:3: public"]
        );
        assert_eq!(
            found("v1"),
            [
                "v1 (DestinationRule shop/reviews) shop/rule.yaml:7: v1",
                "reviews-v1 (Deployment in shop) shop/reviews.yaml:11: reviews-v1",
            ]
        );
        assert_eq!(
            found("rexc"),
            [
                "reviews.example.com (VirtualService shop/reviews) shop/route.yaml:5: reviews.example.com"
            ]
        );
        assert_eq!(found("").len(), 3, "no more than asked for");
    }
}
