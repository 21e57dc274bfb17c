//! Symbols: the objects of a file, and those of the workspace by name or host.

mod document;
mod search;

pub use document::document_symbols;
pub use search::workspace_symbols;

use crate::place::Place;
use meshscope::manifest::Kind;
use serde::{Deserialize, Serialize};
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

#[cfg(test)]
mod tests;
