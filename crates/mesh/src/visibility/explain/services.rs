//! Why a proxy has the services of a Service or ServiceEntry, or why not (V:2.1, V:3.3-3.6).

use super::{Verdict, sidecars};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::facts;
use crate::registry::{Service, exports, services_in};
use crate::visibility::{
    Listener, Member, Reason, Scope, competitors, scope_of, services_of, shares_default_scope,
};
use crate::workloads::Proxy;
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::sync::Arc;

pub(super) fn explain(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    let all = services_in(db, mesh, name(db, &key.namespace));
    let mut own: Vec<&Arc<Service>> = all.iter().filter(|s| s.object == *key).collect();
    own.dedup_by(|a, b| a.host == b.host);
    if own.is_empty() {
        let why = "it makes no service: none of its addresses is an IP or a CIDR (V:R1.7)";
        return (false, vec![Because::new(key, "spec.addresses", why)]);
    }
    let set = services_of(db, mesh, proxy);
    let (mut present, mut steps) = (false, Vec::new());
    for service in own {
        let mut members = set.of_host(&service.host);
        match members.find(|m| m.service.object == *key) {
            Some(member) => {
                present = true;
                steps.extend(here(db, mesh, proxy, service, member));
            }
            None => match set.get(&service.host) {
                Some(member) if is_merged_into(service, member) => {
                    present = true;
                    let why = format!(
                        "holds its ports too: same host and namespace (V:R3.20, for {})",
                        service.host
                    );
                    steps.push(exported(db, mesh, proxy, service).1);
                    steps.push(Because::new(&member.service.object, "spec.ports", why));
                }
                other => steps.extend(absent(db, mesh, proxy, service, other)),
            },
        }
    }
    (present, steps)
}

/// Whether the ports of a ServiceEntry are part of the service another one of its namespace makes.
fn is_merged_into(service: &Service, member: &Member) -> bool {
    let into = &member.service;
    into.namespace == service.namespace
        && into.source == service.source
        && service.ports.iter().all(|p| into.port(p.number).is_some())
}

/// Whether a service is listed for the proxy's namespace, and the field that says so (V:R2.2).
fn exported(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Arc<Service>) -> (bool, Because) {
    let client = &proxy.config_namespace;
    let exports = exports(db, mesh, name(db, &service.namespace));
    let is_it = |s: &Arc<Service>| s == service;
    let public = exports.public.iter().any(is_it);
    let named = exports
        .targeted
        .iter()
        .any(|(t, s)| t == client && is_it(s));
    let (path, said) = if service.export_to.is_empty() {
        let defaults = &facts(db, mesh).config.default_service_export_to;
        (
            "",
            format!("meshConfig.defaultServiceExportTo {}", list(defaults)),
        )
    } else if service.is_kubernetes() {
        (
            "metadata.annotations",
            format!("networking.istio.io/exportTo {}", list(&service.export_to)),
        )
    } else {
        (
            "spec.exportTo",
            format!("exportTo {}", list(&service.export_to)),
        )
    };
    let why = if public {
        format!("{said}: visible in every namespace (V:R2.2)")
    } else if named {
        format!("{said}: visible in {client} (V:R2.2)")
    } else {
        format!("{said}: not visible in {client} (V:R2.2)")
    };
    (public || named, Because::new(&service.object, path, why))
}

pub(super) fn list(names: &[Str]) -> String {
    let names: Vec<&str> = names.iter().map(Str::as_str).collect();
    format!("[{}]", names.join(", "))
}

fn here(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Arc<Service>,
    member: &Member,
) -> Vec<Because> {
    let (listed, export) = exported(db, mesh, proxy, service);
    let mut steps = vec![export];
    match &member.reason {
        Reason::Visible => steps.push(router(db, mesh, proxy)),
        Reason::Imported { listener, host } => {
            if proxy.is_router() {
                steps.push(router(db, mesh, proxy));
            } else {
                steps.push(sidecars::chosen(db, mesh, proxy));
                let scope = scope_of(db, mesh, proxy);
                if let Some(sidecar) = &scope.sidecar {
                    let path = format!("spec.egress[{listener}].hosts[{host}]");
                    steps.push(Because::new(sidecar, path, "imports it (V:R3.10)"));
                }
            }
        }
        Reason::Destination {
            virtual_service, ..
        } => {
            if !listed {
                let why = "a route destination of its own namespace needs no export (V:R2.4)";
                steps.push(Because::new(&service.object, "", why));
            }
            let why = format!(
                "routes to {}: destinations are imported (V:R3.16)",
                service.host
            );
            steps.push(Because::new(virtual_service, "spec", why));
        }
    }
    let rivals = competitors(db, mesh, proxy, &service.host);
    if let Some(rival) = rivals.iter().find(|s| s.object != service.object) {
        steps.push(wins(proxy, service, rival));
    }
    if member.service.ports.len() < service.ports.len() {
        let ports: Vec<String> = member
            .service
            .ports
            .iter()
            .map(|p| p.number.to_string())
            .collect();
        let why = format!("only port {} of it (V:R3.11)", ports.join(", "));
        steps.push(Because::new(&service.object, "spec.ports", why));
    }
    if service.is_alias() {
        let why = "another name for its target: no cluster of its own (V:R1.23)";
        steps.push(Because::new(&service.object, "spec.externalName", why));
    }
    steps
}

fn router(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Because {
    let namespace = ResourceKey::new(Kind::Namespace, "", proxy.config_namespace.clone());
    let why = if shares_default_scope(db, mesh, name(db, &proxy.config_namespace)) {
        "a gateway workload beside sidecars without a Sidecar is given their scope (V:R6.8)"
    } else {
        "a gateway workload has every service visible in its namespace (V:R6.8)"
    };
    Because::new(&namespace, "", why)
}

/// Why `winner` has the host rather than `loser` (V:R3.14, V:R3.20).
fn wins(proxy: &Proxy, winner: &Service, loser: &Service) -> Because {
    let host = &winner.host;
    let over = &loser.object;
    let own = winner.namespace == proxy.config_namespace && !proxy.is_router();
    let why = if own && loser.namespace != winner.namespace {
        format!("has {host}, not {over}: the client's own namespace comes first (V:R3.14)")
    } else if winner.is_kubernetes() && !loser.is_kubernetes() {
        format!("has {host}, not {over}: a Kubernetes Service replaces a ServiceEntry (V:R3.20)")
    } else {
        format!("has {host}, not {over}: it comes first by age and name (V:R0.21)")
    };
    Because::new(&winner.object, "", why)
}

fn absent(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    service: &Arc<Service>,
    holder: Option<&Member>,
) -> Vec<Because> {
    let (listed, export) = exported(db, mesh, proxy, service);
    let mut steps = vec![export];
    if !listed {
        return steps;
    }
    if proxy.is_router() {
        steps.extend(holder.map(|m| wins(proxy, &m.service, service)));
        return steps;
    }
    let scope = scope_of(db, mesh, proxy);
    steps.push(sidecars::chosen(db, mesh, proxy));
    let lost: Vec<Because> = (scope.listeners.iter().enumerate())
        .filter_map(|(index, listener)| lost_in(proxy, &scope, index, listener, service))
        .collect();
    let holder = holder.map(|m| wins(proxy, &m.service, service));
    match (lost.is_empty(), holder, &scope.sidecar) {
        (false, _, _) => steps.extend(lost),
        (true, Some(holder), _) => steps.push(holder),
        (true, None, Some(sidecar)) => {
            let why = format!(
                "no egress host imports {} (V:R3.7, V:R3.12)",
                service.label()
            );
            steps.push(Because::new(sidecar, "spec.egress", why));
        }
        (true, None, None) => {}
    }
    steps
}

/// What keeps a service that a listener's hosts import out of it; `None` when they do not import it.
fn lost_in(
    proxy: &Proxy,
    scope: &Scope,
    index: usize,
    listener: &Listener,
    service: &Arc<Service>,
) -> Option<Because> {
    listener.hosts.importing(service)?;
    if let Some(port) = listener.match_port().filter(|p| service.port(*p).is_none()) {
        let why = format!(
            "the listener is for port {port}, which {} does not have (V:R3.10)",
            service.host
        );
        let sidecar = scope.sidecar.as_ref()?;
        return Some(Because::new(
            sidecar,
            format!("spec.egress[{index}].port"),
            why,
        ));
    }
    let taken = listener.services.get(&service.host);
    taken
        .or_else(|| scope.services.get(&service.host))
        .filter(|m| m.service.object != service.object)
        .map(|m| wins(proxy, &m.service, service))
}
