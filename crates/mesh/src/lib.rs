//! The engine: what istiod gives every proxy, computed incrementally from manifests.
//!
//! A folder per question, the file that answers it on top. Everything is a salsa query over the
//! inputs of [`db`]; results are values that carry their reasons. It must not know files on disk,
//! positions (but for [`index`]'s locate), rules or output formats.

#[macro_use]
pub mod across;
#[macro_use]
pub mod whole;

#[expect(
    missing_docs,
    reason = "salsa's macros generate undocumented accessors"
)]
pub mod db;
pub mod diff;
pub mod egress;
pub mod envoy;
pub mod gateway_api;
pub mod gateways;
pub mod graph;
pub mod inbound;
pub mod index;
pub mod layers;
pub mod names;
pub mod netpol;
pub mod outbound;
pub mod reach;
pub mod registry;
pub mod routes;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
pub mod visibility;
pub mod workloads;

pub use db::{Db, Mesh, MeshSettings, Repository, Source, SourceFile, Unit};
