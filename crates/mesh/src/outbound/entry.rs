//! A listener being put together: chains that exclude each other, and its final form (O:5.8-5.10).

use super::chains::{Chain, ConflictKey};
use super::fallback;
use crate::envoy::{Because, ChainMatch, FilterChain, Listener};
use crate::registry::Protocol;
use crate::visibility::parts::Shape;
use indexmap::IndexMap;
use meshscope_manifest::Str;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// A listener being put together.
pub(super) struct Entry {
    pub bind_to_port: bool,
    pub chains: Vec<Chain>,
    /// What the chains so far exclude.
    pub taken: FxHashSet<ConflictKey>,
    pub protocol: Protocol,
    pub locked: bool,
    pub because: Vec<Because>,
}

/// Listeners by address and port, in the order they appeared.
pub(super) type Entries = IndexMap<(Str, u32), Entry, FxBuildHasher>;

/// Mongo and MySQL never share a listener with another protocol (O:5.9).
pub(super) fn is_well_known(incoming: Protocol, existing: Protocol) -> bool {
    let special = |p| matches!(p, Protocol::Mongo | Protocol::Mysql);
    incoming != existing && (special(incoming) || special(existing))
}

/// Appends the chains that do not exclude an earlier one; first come wins (O:5.8).
pub(super) fn merge(entry: &mut Entry, incoming: Vec<Chain>) {
    for chain in incoming {
        if entry.taken.insert(chain.conflict_key()) {
            entry.chains.push(chain);
        }
    }
}

/// The listener's final form (O:5.10).
pub(super) fn finish(shape: &Shape, address: Str, port: u32, entry: Entry) -> Listener {
    let tls_inspector = entry
        .chains
        .iter()
        .any(|c| !c.sni.is_empty() || c.reads_sni);
    let http_inspector = entry.chains.iter().any(|c| c.sniffed.is_some());
    let mut chains = Vec::new();
    let mut default: Option<FilterChain> = None;
    for chain in entry.chains {
        if chain.matches_all() {
            default = Some(chain.finish());
        } else {
            chains.push(chain.finish());
        }
    }
    let default_chain = match default {
        Some(only) if chains.is_empty() => {
            chains.push(only);
            None
        }
        Some(default) => Some(default),
        None => Some(FilterChain {
            name: "PassthroughFilterChain".into(),
            matching: ChainMatch::default(),
            tls: None,
            filter: fallback::filter(shape),
            because: vec![fallback::because(shape)]
                .into_iter()
                .flatten()
                .collect(),
        }),
    };
    Listener {
        name: format!("{address}_{port}").into(),
        address,
        port,
        bind_to_port: entry.bind_to_port,
        tls_inspector,
        http_inspector,
        chains,
        default_chain,
        because: entry.because,
    }
}
