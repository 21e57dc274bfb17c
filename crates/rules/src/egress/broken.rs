//! Calls that routes mean to lead through an egress gateway and that end on the way. It must not know what
//! is wrong with them.

use crate::prelude::*;
use meshscope_mesh::egress::{HostPath, Outcome, intended, meant_to_pass};
use meshscope_mesh::trace::{From, Trace, Verdict, trace};
use meshscope_mesh::workloads::find_workload;

/// What `judge` finds in the calls of one namespace that end on the way, each place once.
pub(super) fn broken<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    judge: impl Fn(&HostPath, Verdict) -> Option<Finding>,
) -> Vec<Finding> {
    if is_unknown(namespace.text(db)) || intended(db, mesh).is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = Vec::new();
    let hosts = meant_to_pass(db, mesh, namespace);
    for path in hosts.iter().flat_map(|host| &host.paths) {
        if let Outcome::Broken(verdict) = path.outcome
            && let Some(finding) = judge(path, verdict)
            && !found.iter().any(|f| f.anchor == finding.anchor)
        {
            found.push(finding);
        }
    }
    found
}

/// The way of a call, hop by hop, for the first of those who make it.
pub(super) fn retraced(db: &dyn Db, mesh: Mesh, path: &HostPath) -> Option<Trace> {
    let (ns, client) = path.clients.first()?.split_once('/')?;
    let workload = find_workload(db, mesh, ns, client)?;
    Some(trace(db, mesh, &From::Workload(workload), &path.call))
}
