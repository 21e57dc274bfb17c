//! Who looks at a VirtualService: the namespaces whose proxies carry it, each of which may understand
//! its hosts and subsets in its own way.

use super::owner::Owner;
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::gateways::routers;
use meshscope::engine::index::namespaces;
use meshscope::engine::registry::{Service, alias_target};
use meshscope::engine::visibility::{
    DestinationRuleEntry, VirtualService, carriers, find_destination_rules, pick,
    virtual_services_in,
};
use meshscope::manifest::{Kind, ResourceKey, Str};
use std::sync::Arc;

/// The prepared VirtualServices that an object is, or is merged into as a delegate.
pub(crate) fn prepared(mesh: Mesh<'_>, key: &ResourceKey) -> Vec<Arc<VirtualService>> {
    let (db, input) = (mesh.db(), mesh.input());
    let own = virtual_services_in(db, input, name(db, &key.namespace));
    let own: Vec<_> = own.iter().filter(|v| v.object == *key).cloned().collect();
    if !own.is_empty() || key.kind != Kind::VirtualService {
        return own;
    }
    let uses = |vs: &&Arc<VirtualService>| vs.http.iter().any(|route| route.object == *key);
    let all = namespaces(db, input);
    let all = all.iter().flat_map(|ns| {
        let list = virtual_services_in(db, input, name(db, ns));
        list.iter().filter(uses).cloned().collect::<Vec<_>>()
    });
    all.collect()
}

/// The namespaces from which a host of an object is understood, its own first: for routes also those
/// whose proxies carry it.
pub(crate) fn viewpoints(owner: &Owner<'_>, host: &str) -> Vec<Str> {
    let mut found = vec![owner.namespace.clone()];
    if owner.kind != Kind::VirtualService {
        return found;
    }
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    for vs in prepared(owner.mesh, &owner.key()) {
        let views = carriers(db, input, &vs, host);
        found.extend(views.iter().map(|view| view.client.namespace.clone()));
        let routers = routers(db, input, &vs);
        found.extend(
            routers
                .iter()
                .map(|(_, proxy, _)| proxy.config_namespace.clone()),
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|ns| seen.insert(ns.clone()));
    found
}

/// The service a host means to a client namespace; for an ExternalName the one it stands for.
pub(crate) fn service_for(mesh: Mesh<'_>, client: &str, host: &str) -> Option<Arc<Service>> {
    let (db, input) = (mesh.db(), mesh.input());
    let found = pick(db, input, name(db, client), name(db, host)).clone()?;
    match alias_target(&found) {
        Some(target) => pick(db, input, name(db, client), name(db, target)).clone(),
        None => Some(found),
    }
}

/// The DestinationRule entries a client namespace finds for a host (V:R5.3); for a host that is no
/// service, as if it were one of the client's own.
pub(crate) fn rules_for(
    mesh: Mesh<'_>,
    client: &str,
    host: &str,
) -> Vec<Arc<DestinationRuleEntry>> {
    let (db, input) = (mesh.db(), mesh.input());
    let service = service_for(mesh, client, host);
    let (host, owner) = match &service {
        Some(service) => (service.host.as_str(), service.namespace.as_str()),
        None => (host, client),
    };
    let found = find_destination_rules(db, input, client, host, owner);
    found
        .map(|(_, entries)| entries.to_vec())
        .unwrap_or_default()
}
