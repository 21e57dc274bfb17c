//! The outline of one file. Needs no mesh: it is there before any is read.

use super::{DocumentSymbol, SymbolKind, symbol_kind};
use crate::words::listed;
use meshscope::Workspace;
use meshscope::engine::index::{self, FileObject};
use meshscope::manifest::Kind;
use meshscope::yaml::{Document, Path, Segment};
use std::ops::Range;

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
    if workspace.is_chart_template(file.path(db)) {
        return Vec::new();
    }
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
