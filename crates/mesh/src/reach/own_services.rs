//! The services a proxy itself stands behind (V:R1.25): what its inbound side is made of.

use crate::db::{Db, Mesh, name};
use crate::registry::{Endpoint, EndpointKind, Service, endpoints, services_in};
use crate::workloads::Proxy;
use std::sync::Arc;

/// The services of the proxy's own namespace that select it: Kubernetes Services by label, when none
/// does those whose endpoints hold its IP; ServiceEntries by label or IP. exportTo does not matter.
pub fn own_services(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Arc<Service>> {
    let all = services_in(db, mesh, name(db, &proxy.namespace));
    let by_ip = |service: &Service| {
        !proxy.ips.is_empty()
            && endpoints(db, mesh, service)
                .iter()
                .any(|e| e.address.as_ref().is_some_and(|a| proxy.ips.contains(a)))
    };
    let by_label: Vec<Arc<Service>> = all
        .iter()
        .filter(|s| s.is_kubernetes() && s.selector.selects(&proxy.labels))
        .cloned()
        .collect();
    let external = all.iter().filter(|s| !s.is_kubernetes());
    let external = external.filter(|s| {
        by_ip(s)
            || (s.has_selector
                && endpoints(db, mesh, s)
                    .iter()
                    .any(|e| is_pod_with(e, &s.selector, proxy)))
    });
    let mut own = if by_label.is_empty() {
        all.iter()
            .filter(|s| s.is_kubernetes() && by_ip(s))
            .cloned()
            .collect()
    } else {
        by_label
    };
    own.extend(external.cloned());
    own
}

/// Whether the endpoint is pods that the proxy may be one of.
fn is_pod_with(
    endpoint: &Endpoint,
    selector: &meshscope_manifest::spec::Labels,
    proxy: &Proxy,
) -> bool {
    matches!(endpoint.kind, EndpointKind::Workload(_)) && selector.subset_of(&proxy.labels)
}
