//! Whom istiod pushes to (V:R9.6-R9.12): its own over-approximation, followed to the letter.

use super::sees;
use super::served::has_cluster_of;
use super::subject::{Role, Subject};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::service_targets;
use crate::index::facts;
use crate::registry::{Resolution, Service, host_namespaces, service_in};
use crate::visibility::{scope_of, services_of};
use crate::workloads::{Proxy, ProxyKind};
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::sync::Arc;

/// Why istiod pushes to `proxy` when the subject changes; empty when it does not.
pub(super) fn pushed(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Because> {
    let key = &subject.key;
    let always = |why: &str| Some(Because::new(key, "", why));
    let because = match &subject.is {
        Role::MeshConfig => always("mesh config is pushed to everyone (V:R9.1)"),
        Role::Nothing | Role::Namespace => None,
        Role::Services(services) => of_services(db, mesh, services, proxy),
        Role::Pods(services) => {
            let own = sees::sees(db, mesh, subject, proxy);
            let own = own.into_iter().find(|b| b.object == *key);
            own.or_else(|| of_services(db, mesh, services, proxy))
        }
        // A router skips one kind only (V:R9.11); the hostname test is for services alone.
        Role::Sidecar if proxy.is_router() => None,
        // A delegate nobody merges is no key at all (V:R9.1).
        Role::VirtualServices(roots) if roots.is_empty() => None,
        _ if proxy.is_router() => {
            always("a change of this kind is pushed to every gateway workload (V:R9.11)")
        }
        Role::Gateway => None,
        Role::Sidecar
        | Role::VirtualServices(_)
        | Role::DestinationRule(_)
        | Role::PeerAuthentication(_) => sees::sees(db, mesh, subject, proxy).into_iter().next(),
        Role::Policy(_) if key.kind == Kind::ProxyConfig => {
            always("istiod asks every proxy for a kind it does not track (V:R9.8)")
        }
        Role::Policy(_) => of_policy(db, mesh, key, proxy),
        Role::Credential => always("istiod asks every proxy for a kind it does not track (V:R9.8)"),
    };
    because.into_iter().collect()
}

/// Selectors are not looked at: the namespace decides (V:R9.8).
fn of_policy(db: &dyn Db, mesh: Mesh, key: &ResourceKey, proxy: &Proxy) -> Option<Because> {
    let why = if key.namespace == *facts(db, mesh).root() {
        "a policy of the root namespace is pushed to every proxy (V:R9.8)"
    } else if key.namespace == proxy.config_namespace {
        "a policy is pushed to every proxy of its namespace, selected or not (V:R9.8)"
    } else {
        return None;
    };
    Some(Because::new(key, "metadata.namespace", why))
}

fn of_services(
    db: &dyn Db,
    mesh: Mesh,
    services: &[Arc<Service>],
    proxy: &Proxy,
) -> Option<Because> {
    let mut keys: Vec<(Str, Str)> = Vec::new();
    for service in services {
        keys.push((service.host.clone(), service.namespace.clone()));
        keys.extend(aliased(db, mesh, service));
    }
    let in_scope = services_of(db, mesh, proxy);
    for (host, namespace) in &keys {
        let member = in_scope
            .of_host(host)
            .find(|m| proxy.is_router() || m.service.namespace == *namespace);
        if let Some(member) = member {
            if proxy.is_router() && !has_cluster_of(db, mesh, proxy, &member.service) {
                continue;
            }
            if proxy.is_router() {
                return Some(Because::new(
                    &member.service.object,
                    "",
                    format!(
                        "a gateway workload that has the host {host}, whoever defines it (V:R9.11)"
                    ),
                ));
            }
            let scope = scope_of(db, mesh, proxy);
            return Some(sees::why_member(Some(&scope), member, &member.service));
        }
    }
    let own = service_targets(db, mesh, proxy);
    let own = own.iter().map(|t| &t.service).find(|s| {
        keys.iter()
            .any(|(host, ns)| s.host == *host && s.namespace == *ns)
    })?;
    Some(Because::new(
        &own.object,
        "",
        format!("the proxy itself stands behind {} (V:R9.10)", own.host),
    ))
}

/// What an ExternalName Service finally names, in every namespace that has it (V:R9.4).
fn aliased(db: &dyn Db, mesh: Mesh, service: &Service) -> Vec<(Str, Str)> {
    let mut seen: Vec<Str> = Vec::new();
    let mut current = Some(Arc::new(service.clone()));
    while let Some(s) = current.take() {
        let Resolution::Alias(target) = &s.resolution else {
            return Vec::new();
        };
        if seen.contains(target) {
            return Vec::new();
        }
        seen.push(target.clone());
        let owners = host_namespaces(db, mesh, name(db, target));
        let next = owners
            .iter()
            .find_map(|ns| service_in(db, mesh, name(db, ns), name(db, target)).clone());
        match next {
            Some(next) if next.is_alias() => current = Some(next),
            _ => {
                return owners
                    .iter()
                    .map(|ns| (target.clone(), ns.clone()))
                    .collect();
            }
        }
    }
    Vec::new()
}

/// Which xDS types a push of one kind regenerates (V:9.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PushTypes {
    /// Clusters.
    pub clusters: bool,
    /// Endpoints.
    pub endpoints: bool,
    /// Listeners.
    pub listeners: bool,
    /// Route configs.
    pub routes: bool,
    /// The name table of DNS capture.
    pub names: bool,
}

/// What a change of an object of `kind` regenerates on a proxy. Nothing at all is a push that costs
/// istiod a look and the proxy nothing.
pub fn push_types(kind: Kind, proxy: ProxyKind) -> PushTypes {
    let of = |c: bool, e: bool, l: bool, r: bool, n: bool| PushTypes {
        clusters: c,
        endpoints: e,
        listeners: l,
        routes: r,
        names: n,
    };
    let router = proxy == ProxyKind::Router;
    match kind {
        Kind::Service | Kind::ServiceEntry => of(true, true, true, true, true),
        Kind::VirtualService
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute => of(true, false, true, true, false),
        Kind::DestinationRule => of(true, true, true, true, false),
        Kind::Sidecar => of(true, false, true, true, true),
        Kind::PeerAuthentication => of(true, true, true, false, false),
        Kind::Gateway | Kind::KubernetesGateway => of(router, false, router, router, false),
        Kind::EnvoyFilter => of(true, true, true, true, false),
        Kind::AuthorizationPolicy
        | Kind::RequestAuthentication
        | Kind::Telemetry
        | Kind::WasmPlugin
        | Kind::TrafficExtension => of(false, false, true, false, false),
        Kind::WorkloadEntry | Kind::Endpoints | Kind::EndpointSlice => {
            of(false, true, false, false, false)
        }
        Kind::IstioOperator => of(true, true, true, true, true),
        _ => PushTypes::default(),
    }
}
