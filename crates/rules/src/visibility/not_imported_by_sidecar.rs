//! not-imported-by-sidecar: a Sidecar cuts off what something else says is wanted (V:R3.7, V:R3.12,
//! V:R3.15, O:4.3).

mod named;

use crate::prelude::*;
use meshscope_mesh::names::is_wildcard;
use meshscope_mesh::registry::{Service, Source, host_namespaces, services_in};
use meshscope_mesh::visibility::{
    Audience, Client, VirtualService, audience, carries, clients_in, is_visible_to,
    restricted_clients, virtual_services_in,
};
use named::named_by;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rule.
pub static RULE: Rule = Rule {
    name: "not-imported-by-sidecar",
    group: Group::Visibility,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "a Sidecar leaves out a ServiceEntry or VirtualService that is meant for its workloads",
    equivalents: &[],
    page: include_str!("../../pages/not-imported-by-sidecar.md"),
    check: Check::Namespace(check),
};

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let mut found = Vec::new();
    let own = namespace.text(db);
    let clients = restricted_clients(db, mesh);
    if clients.is_empty() || is_unknown(own) {
        return found;
    }
    let services = services_in(db, mesh, namespace);
    let external = services.iter().filter(|s| s.source == Source::External);
    let mut seen: Vec<(&ResourceKey, usize)> = Vec::new();
    for service in external {
        if !seen.contains(&(&service.object, service.host_index)) {
            seen.push((&service.object, service.host_index));
            found.extend(entry(db, mesh, service, &clients));
        }
    }
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if vs.is_bound_to("mesh") && !vs.gateway_semantics {
            found.extend(virtual_service(db, mesh, vs, &clients));
        }
    }
    found
}

/// An external host that is black-holed although the root namespace declares it for all, or the
/// client's own objects name it.
fn entry(
    db: &dyn Db,
    mesh: Mesh,
    service: &Arc<Service>,
    clients: &[Arc<Client>],
) -> Option<Finding> {
    let for_all = service.namespace == *facts(db, mesh).root();
    let by_host = named_by(db, mesh);
    let named_by = by_host.get(&service.host).map_or(&[][..], Vec::as_slice);
    if !for_all && named_by.iter().all(|ns| *ns == service.namespace) {
        return None;
    }
    let mut cut: BTreeMap<Str, (Arc<Client>, bool)> = BTreeMap::new();
    for client in clients {
        let ns = &client.namespace;
        let named = *ns != service.namespace && named_by.contains(ns);
        if *ns == service.namespace || !(for_all || named) || !is_visible_to(db, mesh, service, ns)
        {
            continue;
        }
        let sees = || client.services(db, mesh).get(&service.host).is_some();
        if !client.allows_any(db, mesh) && !sees() {
            cut.insert(ns.clone(), (client.clone(), named));
        }
    }
    let (_, (first, _)) = cut.first_key_value()?;
    let sidecar = first.sidecar.clone()?;
    let namespaces: Vec<Str> = cut.keys().cloned().collect();
    let named = cut.values().any(|(_, named)| *named);
    let workloads = cut.values().map(|(c, _)| c.workloads).sum();
    let message = format!(
        "sidecars in {} do not see {}: Sidecar {}/{} imports only {}, and under REGISTRY_ONLY the host is black-holed",
        crate::finding::listing(&namespaces, 3),
        service.host,
        sidecar.namespace,
        sidecar.name,
        listed(db, mesh, &sidecar),
    );
    let path = format!("spec.hosts[{}]", service.host_index);
    let finding = Finding::new(RULE.name, RULE.severity, &service.object, &path, message)
        .help(format!(
            "add {}/{} to the egress hosts",
            service.namespace, service.host
        ))
        .related(&sidecar, "spec.egress", "does not import it")
        .reach(workloads, 0);
    Some(if named {
        finding
    } else {
        finding.certainty(Certainty::Assumed)
    })
}

/// A VirtualService that is plainly meant for others, whose namespace their Sidecars leave out.
fn virtual_service(
    db: &dyn Db,
    mesh: Mesh,
    vs: &Arc<VirtualService>,
    clients: &[Arc<Client>],
) -> Option<Finding> {
    let facts = facts(db, mesh);
    let audience = audience(vs, &facts.config.default_virtual_service_export_to);
    // Routes beside their own clients are for these; others do well to leave them out.
    let for_others = clients_in(db, mesh, name(db, &vs.namespace)).is_empty();
    let meant = |ns: &Str| match &audience {
        Audience::Public => for_others,
        Audience::Namespaces(list) => list.contains(ns),
        Audience::Nobody => false,
    };
    for (i, host) in vs.hosts.iter().enumerate().filter(|(_, h)| !is_wildcard(h)) {
        let owners = host_namespaces(db, mesh, name(db, host));
        if owners.is_empty() || owners.contains(&vs.namespace) {
            continue;
        }
        let cut: Vec<&Arc<Client>> = clients
            .iter()
            .filter(|c| c.namespace != vs.namespace && meant(&c.namespace))
            .filter(|c| {
                let mut imported = c.imported(db, mesh);
                let imports = imported.any(|services| services.get(host).is_some());
                imports && !carries(db, mesh, c, &vs.object)
            })
            .collect();
        let Some(sidecar) = cut.first().and_then(|c| c.sidecar.clone()) else {
            continue;
        };
        let mut namespaces: Vec<Str> = cut.iter().map(|c| c.namespace.clone()).collect();
        namespaces.dedup();
        let message = format!(
            "sidecars in {} import {host} but not this VirtualService: Sidecar {}/{} imports only {}, so the default route of the host is used",
            crate::finding::listing(&namespaces, 3),
            sidecar.namespace,
            sidecar.name,
            listed(db, mesh, &sidecar),
        );
        let path = format!("spec.hosts[{i}]");
        let finding = Finding::new(RULE.name, RULE.severity, &vs.object, &path, message)
            .help(format!("add {}/{host} to the egress hosts", vs.namespace))
            .related(&sidecar, "spec.egress", "does not import it")
            .reach(cut.iter().map(|c| c.workloads).sum(), 0);
        return Some(finding);
    }
    None
}

fn listed(db: &dyn Db, mesh: Mesh, sidecar: &ResourceKey) -> String {
    let object = meshscope_mesh::index::resource(db, mesh, sidecar);
    let spec = object.as_ref().and_then(|o| o.sidecar());
    let hosts = spec
        .into_iter()
        .flat_map(|s| &s.egress)
        .flat_map(|e| e.hosts.clone());
    crate::finding::listing(&hosts.collect::<Vec<_>>(), 4)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, client};

    fn with(namespace: &str, hosts: &str, mode: &str) -> Vec<String> {
        let yaml = format!(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {{name: e, namespace: {namespace}}}\nspec: {{hosts: [a.example.com], ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: DNS}}\n---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: shop}}\nspec: {{outboundTrafficPolicy: {{mode: {mode}}}, egress: [{{hosts: [{hosts}]}}]}}\n"
        );
        check_rule(
            "not-imported-by-sidecar",
            &format!("{yaml}{}", client("shop")),
        )
    }

    #[test]
    fn entries_of_the_root_namespace_are_for_all() {
        let at = "warning ServiceEntry istio-system/e spec.hosts[0]";
        assert_eq!(with("istio-system", "'./*'", "REGISTRY_ONLY"), [at]);
        assert!(with("istio-system", "'./*'", "ALLOW_ANY").is_empty());
        assert!(with("istio-system", "'./*', 'istio-system/*'", "REGISTRY_ONLY").is_empty());
        assert!(with("team", "'./*'", "REGISTRY_ONLY").is_empty());
        assert!(with("shop", "'./*'", "REGISTRY_ONLY").is_empty());
    }
}
