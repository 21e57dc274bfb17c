//! The objects of a file, and those of all folders by name.

use crate::world::{File, World};
use meshscope_ide as ide;
use tower_lsp::ls_types::{
    DocumentSymbol, DocumentSymbolResponse, Location, OneOf, SymbolInformation, SymbolKind, Uri,
    WorkspaceSymbol, WorkspaceSymbolResponse,
};

/// How many symbols a search finds, at most, in each folder.
const MOST: usize = 256;

/// The objects of a file.
pub fn document_symbols(file: &File<'_>, uri: &Uri) -> Option<DocumentSymbolResponse> {
    let symbols = ide::document_symbols(file.workspace(), &file.path);
    if file.world.traits.symbol_tree {
        let tree = symbols.into_iter().map(|symbol| of_tree(file, symbol));
        return Some(DocumentSymbolResponse::Nested(tree.collect()));
    }
    let mut flat = Vec::new();
    for symbol in symbols {
        flatten(file, uri, symbol, None, &mut flat);
    }
    Some(DocumentSymbolResponse::Flat(flat))
}

#[allow(deprecated, reason = "the type has no other way to be made")]
fn of_tree(file: &File<'_>, symbol: ide::DocumentSymbol) -> DocumentSymbol {
    let children = symbol
        .children
        .into_iter()
        .map(|child| of_tree(file, child));
    let children: Vec<_> = children.collect();
    DocumentSymbol {
        name: symbol.name,
        detail: Some(symbol.detail).filter(|detail| !detail.is_empty()),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: file.range(&symbol.range),
        selection_range: file.range(&symbol.selection),
        children: (!children.is_empty()).then_some(children),
    }
}

#[allow(deprecated, reason = "the type has no other way to be made")]
fn flatten(
    file: &File<'_>,
    uri: &Uri,
    symbol: ide::DocumentSymbol,
    container: Option<&str>,
    flat: &mut Vec<SymbolInformation>,
) {
    flat.push(SymbolInformation {
        name: symbol.name.clone(),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        location: Location::new(uri.clone(), file.range(&symbol.range)),
        container_name: container.map(str::to_owned),
    });
    for child in symbol.children {
        flatten(file, uri, child, Some(&symbol.name), flat);
    }
}

/// Objects, hosts and subsets of all folders.
pub fn workspace_symbols(world: &World, query: &str) -> Option<WorkspaceSymbolResponse> {
    let mut found = Vec::new();
    for folder in &world.folders {
        let symbols = ide::workspace_symbols(&folder.workspace, query, MOST).into_iter();
        found.extend(symbols.filter_map(|symbol| {
            let place = symbol.place;
            let location = world.location(folder, &place.path, &place.range)?;
            Some(WorkspaceSymbol {
                name: symbol.name,
                kind: kind(symbol.kind),
                tags: None,
                container_name: Some(symbol.container),
                location: OneOf::Left(location),
                data: None,
            })
        }));
    }
    Some(WorkspaceSymbolResponse::Nested(found))
}

/// The nearest the protocol has.
pub fn kind(kind: ide::SymbolKind) -> SymbolKind {
    match kind {
        ide::SymbolKind::Object => SymbolKind::OBJECT,
        ide::SymbolKind::Gateway => SymbolKind::INTERFACE,
        ide::SymbolKind::Route => SymbolKind::FUNCTION,
        ide::SymbolKind::Service => SymbolKind::CLASS,
        ide::SymbolKind::DestinationRule => SymbolKind::STRUCT,
        ide::SymbolKind::Policy => SymbolKind::EVENT,
        ide::SymbolKind::Workload => SymbolKind::MODULE,
        ide::SymbolKind::Namespace => SymbolKind::NAMESPACE,
        ide::SymbolKind::Host => SymbolKind::STRING,
        ide::SymbolKind::Subset => SymbolKind::ENUM_MEMBER,
        ide::SymbolKind::Server => SymbolKind::PROPERTY,
        ide::SymbolKind::Rule => SymbolKind::METHOD,
        ide::SymbolKind::Port => SymbolKind::NUMBER,
    }
}
