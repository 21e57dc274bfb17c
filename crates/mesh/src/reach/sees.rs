//! Who has an object in what it is configured from.

use super::served::has_cluster_of;
use super::subject::{Attachment, Role, Subject};
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::attached_gateways;
use crate::index::facts;
use crate::names::subset_of;
use crate::registry::{Service, is_importable};
use crate::visibility::{
    Audience, Member, Reason, Scope, VirtualService, audience, find_destination_rules, scope_of,
    services_of,
};
use crate::workloads::Proxy;
use meshscope_manifest::{ResourceKey, Str};

/// Why `proxy` sees the subject; empty when it does not.
pub(super) fn sees(db: &dyn Db, mesh: Mesh, subject: &Subject, proxy: &Proxy) -> Vec<Because> {
    let because = match &subject.is {
        Role::Services(services) => services
            .iter()
            .find_map(|s| service_seen(db, mesh, proxy, s)),
        Role::Pods(services) => own_pod(subject, proxy, db, mesh).or_else(|| {
            services
                .iter()
                .find_map(|s| service_seen(db, mesh, proxy, s))
        }),
        Role::VirtualServices(list) => list
            .iter()
            .find_map(|vs| virtual_service_seen(db, mesh, proxy, vs)),
        Role::DestinationRule(host) => rule_found(db, mesh, proxy, &subject.key, host),
        Role::Sidecar => sidecar_used(db, mesh, proxy, &subject.key),
        Role::Gateway => gateway_attached(db, mesh, proxy, &subject.key),
        Role::PeerAuthentication(_) => authentication_kept(db, mesh, proxy, &subject.key),
        Role::Policy(attachment) => policy_selects(db, mesh, proxy, &subject.key, attachment),
        Role::Credential => credential_used(db, mesh, proxy, &subject.key),
        Role::MeshConfig => Some(Because::new(
            &subject.key,
            "",
            "mesh config holds for every proxy (V:R9.1)",
        )),
        Role::Namespace => (proxy.namespace == subject.key.name).then(|| {
            Because::new(
                &subject.key,
                "metadata.labels",
                "the labels of the namespace decide injection and discovery of its pods (V:R7.8)",
            )
        }),
        Role::Nothing => None,
    };
    because.into_iter().collect()
}

/// Whether a proxy has a service: in its scope, or for a gateway workload visible to its namespace.
/// Several objects of one namespace may make one service (V:R3.20): each that is exported to the
/// proxy counts.
fn service_seen(db: &dyn Db, mesh: Mesh, proxy: &Proxy, service: &Service) -> Option<Because> {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let of_object = |m: &&Member| {
        m.service.namespace == service.namespace
            && (m.service.object == service.object
                || is_importable(service, &proxy.config_namespace, defaults))
    };
    if proxy.is_router() {
        let services = services_of(db, mesh, proxy);
        let member = services.of_host(&service.host).find(of_object)?;
        if !has_cluster_of(db, mesh, proxy, &member.service) {
            return None;
        }
        return Some(why_member(None, member, service));
    }
    let scope = scope_of(db, mesh, proxy);
    let listed = scope.listeners.iter().map(|l| &l.services);
    let member = std::iter::once(&*scope.services)
        .chain(listed)
        .find_map(|set| set.of_host(&service.host).find(of_object))?;
    Some(why_member(Some(&scope), member, service))
}

/// Why a service is in a set, as a reason that points at the object that decided.
pub(super) fn why_member(scope: Option<&Scope>, member: &Member, service: &Service) -> Because {
    let sidecar = scope.and_then(|s| s.sidecar.as_ref());
    match (&member.reason, sidecar) {
        (Reason::Imported { listener, host }, Some(sidecar)) => Because::new(
            sidecar,
            format!("spec.egress[{listener}].hosts[{host}]"),
            format!("imports {} (V:R3.10)", service.host),
        ),
        (
            Reason::Destination {
                virtual_service, ..
            },
            _,
        ) => Because::new(
            virtual_service,
            "",
            format!("routes to {}, which imports it (V:R3.16)", service.host),
        ),
        (Reason::Imported { .. }, None) => Because::new(
            &service.object,
            export_path(service),
            format!(
                "{} is exported here and no Sidecar narrows it (V:R2.2)",
                service.host
            ),
        ),
        (Reason::Visible, _) => Because::new(
            &service.object,
            export_path(service),
            format!(
                "{} is exported here and a gateway workload gets every service it can see (V:R6.8)",
                service.host
            ),
        ),
    }
}

fn export_path(service: &Service) -> &'static str {
    if service.export_to.is_empty() {
        ""
    } else if service.is_kubernetes() {
        "metadata.annotations"
    } else {
        "spec.exportTo"
    }
}

fn virtual_service_seen(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    vs: &VirtualService,
) -> Option<Because> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    let exported = match audience(vs, defaults) {
        Audience::Public => true,
        Audience::Namespaces(targets) => targets.contains(&proxy.config_namespace),
        Audience::Nobody => false,
    };
    if !exported {
        return None;
    }
    if proxy.is_router() {
        let attached = attached_gateways(db, mesh, proxy);
        let gateway = attached
            .iter()
            .map(|a| &a.gateway)
            .find(|g| vs.is_bound_to(&g.label()))?;
        return Some(Because::new(
            &vs.object,
            "spec.gateways",
            format!(
                "bound to {}, which this workload serves (V:R6.10)",
                gateway.label()
            ),
        ));
    }
    if !vs.is_bound_to("mesh") {
        return None;
    }
    let scope = scope_of(db, mesh, proxy);
    let (index, host) = scope
        .listeners
        .iter()
        .enumerate()
        .find_map(|(i, l)| Some((i, l.hosts.importing_virtual_service(vs)?)))?;
    Some(match &scope.sidecar {
        Some(sidecar) => Because::new(
            sidecar,
            format!("spec.egress[{index}].hosts[{host}]"),
            format!("imports {} (V:R3.15)", vs.object),
        ),
        None => Because::new(
            &vs.object,
            "",
            "exported here, bound to mesh, and no Sidecar narrows it (V:R3.15)",
        ),
    })
}

/// Whether the rule is in the list some service of the proxy finds (V:R5.3), selected or not.
pub(super) fn rule_found(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
    host: &Str,
) -> Option<Because> {
    let service = services_under_rule(db, mesh, proxy, key, host, |entries| {
        entries.iter().any(|e| e.from.contains(key))
    })?;
    Some(Because::new(
        key,
        "spec.host",
        format!(
            "found for {service} from {} (V:R5.3)",
            proxy.config_namespace
        ),
    ))
}

/// The first service of the proxy for whose host the entries found pass the test.
pub(super) fn services_under_rule(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
    host: &Str,
    test: impl Fn(&[std::sync::Arc<crate::visibility::DestinationRuleEntry>]) -> bool,
) -> Option<Str> {
    let client = &proxy.config_namespace;
    let services = services_of(db, mesh, proxy);
    // A rule is looked for in the client's, the service's and the root namespace: elsewhere it is
    // not even a candidate.
    let everywhere = key.namespace == *client || key.namespace == *facts(db, mesh).root();
    let candidate = |s: &Service| {
        (everywhere || s.namespace == key.namespace) && subset_of(&s.host, host) && {
            let found = find_destination_rules(db, mesh, client, &s.host, &s.namespace);
            found.is_some_and(|(_, entries)| test(&entries))
        }
    };
    let exact = services.of_host(host).find(|m| candidate(&m.service));
    exact
        .or_else(|| {
            let wildcard = crate::names::is_wildcard(host);
            wildcard.then(|| services.iter().find(|m| candidate(&m.service)))?
        })
        .map(|m| m.service.host.clone())
}

fn sidecar_used(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Option<Because> {
    if proxy.is_router() {
        return None;
    }
    let scope = scope_of(db, mesh, proxy);
    (scope.sidecar.as_ref() == Some(key)).then(|| {
        let own = key.namespace == proxy.config_namespace;
        let (path, why) = if own {
            (
                "spec.workloadSelector",
                "the Sidecar of this workload (V:R3.2)",
            )
        } else {
            (
                "",
                "the mesh default: this namespace has no Sidecar that applies (V:R3.3)",
            )
        };
        Because::new(key, path, why)
    })
}

fn gateway_attached(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Option<Because> {
    if !proxy.is_router() {
        return None;
    }
    let attached = attached_gateways(db, mesh, proxy);
    let found = attached.iter().find(|a| a.gateway.object == *key)?;
    Some(found.because.clone())
}

fn authentication_kept(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
) -> Option<Because> {
    if key.namespace == *facts(db, mesh).root() {
        return Some(Because::new(
            key,
            "metadata.namespace",
            "a policy of the root namespace holds for every workload (V:R3.22)",
        ));
    }
    if key.namespace == proxy.config_namespace {
        return Some(Because::new(
            key,
            "metadata.namespace",
            "a policy of its own namespace (V:R3.22)",
        ));
    }
    let services = services_of(db, mesh, proxy);
    let service = services
        .iter()
        .find(|m| m.service.namespace == key.namespace)?;
    Some(Because::new(
        key,
        "metadata.namespace",
        format!(
            "a policy of the namespace of {}, which it calls (V:R3.22)",
            service.service.host
        ),
    ))
}

/// Whether a policy applies to the workload: of its own or the root namespace, by selector, or by a
/// reference to the Gateway the workload was made for.
pub(super) fn policy_selects(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    key: &ResourceKey,
    attachment: &Attachment,
) -> Option<Because> {
    let root = key.namespace == *facts(db, mesh).root();
    if !root && key.namespace != proxy.namespace {
        return None;
    }
    if !attachment.target_refs.is_empty() {
        let of = proxy.labels.get("gateway.networking.k8s.io/gateway-name")?;
        let index = attachment
            .target_refs
            .iter()
            .position(|(_, kind, n)| kind == "Gateway" && n == of)?;
        return Some(Because::new(
            key,
            format!("spec.targetRefs[{index}]"),
            "names the Gateway this workload was made for",
        ));
    }
    let selected = attachment.selector.subset_of(&proxy.labels);
    selected.then(|| {
        let (path, why) = match (attachment.selector.is_empty(), root) {
            (false, _) => ("spec.selector", "selects the workload by its labels"),
            (true, true) => (
                "metadata.namespace",
                "of the root namespace, without selector: every workload",
            ),
            (true, false) => (
                "metadata.namespace",
                "of its namespace, without selector: every workload of it",
            ),
        };
        Because::new(key, path, why)
    })
}

/// Whether a gateway workload serves a certificate of this Secret or ConfigMap: by its name or with
/// `-cacert`, in the workload's own namespace (G:TLS-12).
fn credential_used(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Option<Because> {
    if !proxy.is_router() || key.namespace != proxy.namespace {
        return None;
    }
    let of_server = key.name.strip_suffix("-cacert").unwrap_or(&key.name);
    let attached = attached_gateways(db, mesh, proxy);
    attached.iter().find_map(|a| {
        a.gateway
            .servers
            .iter()
            .enumerate()
            .find_map(|(i, server)| {
                let tls = server.tls.as_ref()?;
                let names = std::iter::once(&tls.credential_name)
                    .chain(&tls.credential_names)
                    .chain(std::iter::once(&tls.ca_credential_name));
                let mut names = names.filter(|n| !n.is_empty());
                names.any(|n| *n == of_server || *n == key.name).then(|| {
                    Because::new(
                        &a.gateway.object,
                        format!("spec.servers[{i}].tls"),
                        format!("serves a certificate of {key} (G:TLS-12)"),
                    )
                })
            })
    })
}

fn own_pod(subject: &Subject, proxy: &Proxy, db: &dyn Db, mesh: Mesh) -> Option<Because> {
    if subject.key.namespace != proxy.namespace {
        return None;
    }
    let pods = crate::workloads::workloads_in(db, mesh, name(db, &proxy.namespace));
    let own = pods.iter().find(|w| w.object == subject.key)?;
    let class = crate::workloads::class_proxy(db, mesh, own)?;
    (class == *proxy).then(|| Because::new(&subject.key, "", "the proxy runs in these pods"))
}
