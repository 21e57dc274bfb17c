//! Whose behaviour depends on an object: narrower than who sees it.

use super::sees;
use super::served::{bound_servers, uses_gateway};
use super::subject::{Role, Subject};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::service_targets;
use crate::index::{facts, objects};
use crate::registry::{EndpointKind, Service, endpoints};
use crate::visibility::{VirtualService, choose, scope_of, services_of};
use crate::workloads::{PatchedSide, Proxy, patches_for};
use meshscope_manifest::spec::Labels;
use meshscope_manifest::{Kind, ResourceKey, Value};
use std::sync::Arc;

/// Why `proxy` would do something else without the subject; `seen` is why it sees it.
pub(super) fn depends(
    db: &dyn Db,
    mesh: Mesh,
    subject: &Subject,
    proxy: &Proxy,
    seen: &[Because],
) -> Vec<Because> {
    let key = &subject.key;
    match &subject.is {
        Role::Services(services) => {
            let mut why = seen.to_vec();
            why.extend(inbound(db, mesh, services, proxy));
            why
        }
        Role::Pods(_) | Role::Sidecar | Role::Credential | Role::Namespace | Role::MeshConfig => {
            seen.to_vec()
        }
        Role::VirtualServices(_) if seen.is_empty() => Vec::new(),
        Role::VirtualServices(list) => list
            .iter()
            .find_map(|vs| virtual_service_used(db, mesh, proxy, vs))
            .into_iter()
            .collect(),
        Role::DestinationRule(_) if seen.is_empty() => Vec::new(),
        Role::DestinationRule(host) => {
            let client = &proxy.config_namespace;
            let used = sees::services_under_rule(db, mesh, proxy, key, host, |entries| {
                choose(entries, client, &proxy.labels).is_some_and(|e| e.from.contains(key))
            });
            let because = |host| {
                Because::new(
                    key,
                    "spec",
                    format!("decides how {host} is called (V:R5.7)"),
                )
            };
            used.map(because).into_iter().collect()
        }
        Role::Gateway if seen.is_empty() => Vec::new(),
        Role::Gateway => {
            if uses_gateway(db, mesh, proxy, key) {
                seen.to_vec()
            } else {
                Vec::new()
            }
        }
        Role::PeerAuthentication(selector) => {
            peer_authentication(db, mesh, proxy, key, selector, seen)
        }
        Role::Policy(_) => {
            let object = crate::index::resource(db, mesh, key);
            let filter = object
                .as_deref()
                .and_then(|o| o.attached())
                .map(|a| &a.spec);
            match filter.filter(|_| key.kind == Kind::EnvoyFilter) {
                Some(spec) if !patches(spec, proxy) => Vec::new(),
                _ => seen.to_vec(),
            }
        }
        Role::Nothing => Vec::new(),
    }
}

fn inbound(db: &dyn Db, mesh: Mesh, services: &[Arc<Service>], proxy: &Proxy) -> Option<Because> {
    let own = service_targets(db, mesh, proxy);
    let service = services
        .iter()
        .find(|s| own.iter().any(|t| t.service.object == s.object))?;
    Some(Because::new(
        &service.object,
        "",
        format!(
            "the workload stands behind {}: its inbound side is made of it (V:R1.25)",
            service.host
        ),
    ))
}

/// On a gateway: bound to a server. In a sidecar: it brings TLS or TCP routes, or one of its hosts
/// is not taken by an earlier VirtualService (V:R4.14).
fn virtual_service_used(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    vs: &VirtualService,
) -> Option<Because> {
    if proxy.is_router() {
        let bound = bound_servers(db, mesh, proxy, vs);
        return (!bound.is_empty()).then(|| {
            Because::new(
                &vs.object,
                "spec.hosts",
                "its hosts are served here (V:R6.10)",
            )
        });
    }
    if !vs.tls.is_empty() || !vs.tcp.is_empty() {
        return Some(Because::new(
            &vs.object,
            "spec",
            "its TLS and TCP routes make filter chains (V:4.5)",
        ));
    }
    let scope = scope_of(db, mesh, proxy);
    let carries = scope
        .listeners
        .iter()
        .filter(|l| l.hosts.importing_virtual_service(vs).is_some());
    for listener in carries {
        let earlier = |host| {
            let before = listener.virtual_services.iter(db, mesh);
            let mut before = before.take_while(|v| v.object != vs.object);
            before.any(|v| !v.http.is_empty() && v.hosts.contains(host))
        };
        if let Some(index) = vs.hosts.iter().position(|h| !earlier(h)) {
            return Some(Because::new(
                &vs.object,
                format!("spec.hosts[{index}]"),
                "the first VirtualService for this host (V:4.4)",
            ));
        }
    }
    None
}

/// A server: no narrower policy takes its place. A client: it calls services whose pods the policy
/// selects, and so whether it speaks mutual TLS to them (O:11.5).
fn peer_authentication(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
    selector: &Labels,
    seen: &[Because],
) -> Vec<Because> {
    if seen.is_empty() {
        return Vec::new();
    }
    let root = facts(db, mesh).root().clone();
    if governs(
        db,
        mesh,
        key,
        selector,
        &proxy.namespace,
        &proxy.labels,
        &root,
    ) {
        return vec![Because::new(
            key,
            "spec",
            "decides whether callers must use mutual TLS here",
        )];
    }
    let services = services_of(db, mesh, proxy);
    let called = services.iter().find(|m| {
        m.service.is_kubernetes()
            && (key.namespace == root || m.service.namespace == key.namespace)
            && endpoints(db, mesh, &m.service).iter().any(|e| {
                matches!(&e.kind, EndpointKind::Workload(w)
                    if w.proxy.is_some()
                        && governs(db, mesh, key, selector, w.namespace(), &w.labels, &root))
            })
    });
    let because = |m: &crate::visibility::Member| {
        Because::new(
            key,
            "spec",
            format!(
                "governs the pods of {}, which it calls (O:11.5)",
                m.service.host
            ),
        )
    };
    called.map(because).into_iter().collect()
}

/// Whether this policy, and no narrower one, decides for pods with these labels.
fn governs(
    db: &dyn Db,
    mesh: Mesh,
    key: &ResourceKey,
    selector: &Labels,
    namespace: &str,
    labels: &Labels,
    root: &str,
) -> bool {
    if key.namespace != namespace && (key.namespace != root || !selector.is_empty()) {
        return false;
    }
    if !selector.is_empty() {
        return selector.subset_of(labels);
    }
    let own = objects(db, mesh, name(db, namespace), Kind::PeerAuthentication);
    !own.iter().any(|r| {
        r.key != *key
            && r.peer_authentication().is_some_and(|p| {
                let narrower = if p.selector.is_empty() {
                    key.namespace != namespace
                } else {
                    p.selector.subset_of(labels)
                };
                narrower && p.mode != meshscope_manifest::spec::policy::MtlsMode::Unset
            })
    })
}

/// Whether an EnvoyFilter has a patch for this kind of proxy (O:18.1).
fn patches(spec: &Value, proxy: &Proxy) -> bool {
    let sides: &[PatchedSide] = if proxy.is_router() {
        &[PatchedSide::Gateway]
    } else {
        &[PatchedSide::Inbound, PatchedSide::Outbound]
    };
    sides
        .iter()
        .any(|side| patches_for(spec, *side).next().is_some())
}
