//! The claims of a case against its mesh: one file per kind of claim.

mod attachments;
mod blast_radius;
mod clusters;
mod egress_assurance;
mod findings;
mod gateway_clusters;
mod isolation;
mod listeners;
mod proxy;
mod sets;
mod trace;
mod validity;
mod virtual_host_domains;
mod visibility;

use crate::case::Case;
use crate::report::Check;
use meshscope::Mesh;

/// Checks every claim of a case, in a fixed order of kinds.
pub fn all(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let mut checks = attachments::check(mesh, case);
    checks.extend(visibility::check(mesh, case));
    checks.extend(trace::check(mesh, case));
    checks.extend(virtual_host_domains::check(mesh, case));
    checks.extend(clusters::check(mesh, case));
    checks.extend(listeners::check(mesh, case));
    checks.extend(findings::check(mesh, case));
    checks.extend(validity::check(mesh, case));
    checks.extend(blast_radius::check(mesh, case));
    checks.extend(isolation::check(mesh, case));
    checks.extend(egress_assurance::check(mesh, case));
    checks.extend(gateway_clusters::check(mesh, case));
    checks
}
