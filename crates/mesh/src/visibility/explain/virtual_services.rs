//! Why a proxy has a VirtualService, or why not (V:2.2, V:3.4, V:4.1).

use super::services::list;
use super::{Verdict, sidecars};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::{bindings, missing_gateways};
use crate::index::facts;
use crate::visibility::{
    Audience, VirtualService, audience, mesh_virtual_services, scope_of, virtual_services_in,
};
use crate::workloads::Proxy;
use meshscope_manifest::ResourceKey;

pub(super) fn explain(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    let prepared = virtual_services_in(db, mesh, name(db, &key.namespace));
    let Some(vs) = prepared.iter().find(|v| v.object == *key) else {
        return delegate(db, mesh, proxy, key);
    };
    let (exported, export) = exported(db, mesh, proxy, vs);
    if proxy.is_router() {
        return on_gateway(db, mesh, proxy, vs, exported, export);
    }
    if !vs.is_bound_to("mesh") {
        let why = format!(
            "bound to {} only, not to mesh: sidecars do not have it (V:R4.11)",
            list(&vs.gateways)
        );
        return (false, vec![Because::new(key, "spec.gateways", why)]);
    }
    if !exported {
        return (false, vec![export]);
    }
    let mut steps = vec![export, sidecars::chosen(db, mesh, proxy)];
    let scope = scope_of(db, mesh, proxy);
    for (index, listener) in scope.listeners.iter().enumerate() {
        let mut carried = listener.virtual_services.iter(db, mesh);
        if !carried.any(|v| v.object == *key) {
            continue;
        }
        let host = listener.hosts.importing_virtual_service(vs);
        if let (Some(sidecar), Some(host)) = (&scope.sidecar, host) {
            let path = format!("spec.egress[{index}].hosts[{host}]");
            steps.push(Because::new(
                sidecar,
                path,
                "imports one of its hosts (V:R3.15)",
            ));
        }
        return (true, steps);
    }
    if let Some(sidecar) = &scope.sidecar {
        let why = format!(
            "no egress host imports a host of it from namespace {}: the VirtualService's own \
             namespace counts, not that of its hosts (V:R3.15)",
            vs.namespace
        );
        steps.push(Because::new(sidecar, "spec.egress", why));
    }
    (false, steps)
}

/// Whether the proxy's namespace may use it, and the field that says so (V:R2.6).
fn exported(db: &dyn Db, mesh: Mesh, proxy: &Proxy, vs: &VirtualService) -> (bool, Because) {
    let client = &proxy.config_namespace;
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let (path, said) = if vs.export_to.is_empty() {
        (
            "",
            format!(
                "meshConfig.defaultVirtualServiceExportTo {}",
                list(defaults)
            ),
        )
    } else {
        ("spec.exportTo", format!("exportTo {}", list(&vs.export_to)))
    };
    let (exported, whom) = match audience(vs, defaults) {
        Audience::Public => (true, "usable in every namespace".to_owned()),
        Audience::Namespaces(targets) if targets.contains(client) => {
            (true, format!("usable in {client}"))
        }
        _ => (false, format!("not usable in {client}")),
    };
    let why = format!("{said}: {whom} (V:R2.6)");
    (exported, Because::new(&vs.object, path, why))
}

/// A VirtualService without hosts is a delegate: a proxy has its routes through a root.
fn delegate(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    let why =
        "it has no hosts: a delegate, used only through VirtualServices that name it (V:R4.1)";
    let mut steps = vec![Because::new(key, "spec.hosts", why)];
    let mut roots = Vec::new();
    if proxy.is_router() {
        let bound = bindings(db, mesh, proxy);
        let bound = bound.iter().filter(|b| !b.bound.is_empty());
        roots.extend(bound.map(|b| b.virtual_service.clone()));
    } else {
        roots = mesh_virtual_services(db, mesh, proxy);
    }
    let mut present = false;
    for root in roots {
        let Some(route) = root.http.iter().find(|r| r.object == *key) else {
            continue;
        };
        present = true;
        let path = format!(
            "spec.http[{}].delegate",
            route.delegated_by.unwrap_or_default()
        );
        let why = "its routes take the place of this one (V:R4.5)";
        steps.push(Because::new(&root.object, path, why));
    }
    (present, steps)
}

fn on_gateway(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    vs: &VirtualService,
    exported: bool,
    export: Because,
) -> Verdict {
    let mut steps = Vec::new();
    let all = bindings(db, mesh, proxy);
    let mine: Vec<_> = all
        .iter()
        .filter(|b| b.virtual_service.object == vs.object)
        .collect();
    for binding in &mine {
        for server in &binding.bound {
            let why = format!("serves {} for it (V:R6.10)", list(&server.hosts));
            steps.push(server.gateway.because(server.server, why));
        }
    }
    if !steps.is_empty() {
        steps.insert(0, export);
        return (true, steps);
    }
    steps.push(export);
    if !exported {
        return (false, steps);
    }
    for unbound in mine.iter().flat_map(|b| &b.unbound) {
        steps.extend(unbound.because.iter().cloned());
    }
    if mine.is_empty() {
        let missing = missing_gateways(db, mesh, vs);
        let why = match missing.first() {
            Some((_, gateway)) if missing.len() == vs.gateways.len() => {
                format!("there is no Gateway {gateway} (V:R4.11)")
            }
            _ => format!(
                "bound to {}, of which none applies to these pods (V:R6.2)",
                list(&vs.gateways)
            ),
        };
        steps.push(Because::new(&vs.object, "spec.gateways", why));
    }
    (false, steps)
}
