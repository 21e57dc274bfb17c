//! Which routes are asked about: those that mean to lead a call elsewhere than it was dialled. It must not
//! know what clusters the destinations become.

use crate::destinations::{Layer, Use};
use crate::prelude::*;
use meshscope_mesh::egress::intended;
use meshscope_mesh::names::matches;
use meshscope_mesh::registry::{Resolution, Service};
use meshscope_mesh::visibility::{VirtualService, declared, rule_namespaces};

/// Whether it leads calls to an egress gateway: one that is not passed is a bypass, and found as such.
pub(super) fn leads_out(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> bool {
    let mut routes = intended(db, mesh).iter();
    routes.any(|i| i.virtual_service == vs.object && i.client_leg && !i.gateways.is_empty())
}

/// Whether a destination is worth asking what clusters it becomes.
pub(super) fn may_keep(db: &dyn Db, mesh: Mesh, vs: &VirtualService, at: &Use) -> bool {
    let host = &at.destination.host;
    // A copy has no caller's address to keep.
    let asked = at.live && at.layer != Layer::Mirror && !is_unknown(host);
    // Most routes lead to the host they are for.
    let is_dialled = |dialled: &Str| is_unknown(dialled) || matches(dialled, host);
    asked
        && !vs.hosts.iter().any(is_dialled)
        && (declared(db, mesh, host).iter().any(|s| keeps_by_itself(s))
            || !rule_namespaces(db, mesh, name(db, host)).is_empty())
}

/// Whether its clusters keep the dialled address without any DestinationRule.
pub(super) fn keeps_by_itself(service: &Service) -> bool {
    service.resolution == Resolution::Passthrough
}

/// Whether no host of the VirtualService is another name for the destination, or a Service of the same
/// pods.
pub(super) fn leads_elsewhere(db: &dyn Db, mesh: Mesh, vs: &VirtualService, at: &Use) -> bool {
    let host = &at.destination.host;
    let targets = declared(db, mesh, host);
    let same_pods = |dialled: &Service| {
        let mut all = targets.iter();
        dialled.has_selector
            && all.any(|t| t.namespace == dialled.namespace && t.selector == dialled.selector)
    };
    let mut dialled = vs.hosts.iter().flat_map(|h| declared(db, mesh, h));
    !dialled.any(|s| same_pods(&s) || s.host == *host)
}
