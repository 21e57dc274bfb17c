//! Whether two egress gateways are kept apart: physically (pods, namespaces, selectors, service
//! accounts) and logically (objects both are configured from) (G:SEL-3, G:CL-1, V:R2.2).

use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::gateways::{attached_gateways, service_targets};
use crate::index::{facts, is_unknown_namespace, namespaces};
use crate::registry::{is_importable, services_in};
use crate::visibility::{destination_rule_for, services_of, virtual_services_for};
use crate::workloads::{Proxy, Workload, class_proxy};
use meshscope_manifest::{ResourceKey, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether two things are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Apart {
    /// They are.
    Separate,
    /// They are not.
    Shared,
    /// No file says.
    Unknown,
}

/// What keeps the pods apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Physical {
    /// The pods are of different workloads.
    pub pods: Apart,
    /// They are in different namespaces.
    pub namespaces: Apart,
    /// No Gateway and no Service selects pods of both.
    pub selectors: Apart,
    /// They run as different service accounts: AuthorizationPolicies can tell them apart.
    pub service_accounts: Apart,
    /// They run on different nodes: not said by anything that is read.
    pub nodes: Apart,
}

/// What both are configured from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logical {
    /// ServiceEntries, VirtualServices and DestinationRules both get, sorted; objects of the root
    /// namespace are meant for all and stand apart.
    pub shared_exported_resources: Vec<ResourceKey>,
    /// The same of the root namespace.
    pub mesh_wide: Vec<ResourceKey>,
    /// Gateways that apply to both.
    pub shared_gateways: Vec<ResourceKey>,
    /// Namespaces whose calls are routed to both.
    pub common_clients: Vec<Str>,
}

/// The isolation of a pair of gateway workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The pair, `namespace/name`.
    pub gateways: (Str, Str),
    /// Pods.
    pub physical: Physical,
    /// Configuration.
    pub logical: Logical,
    /// Whether they are apart on both axes.
    pub isolated: bool,
    /// What ties them together.
    pub because: Vec<Because>,
}

/// The isolation of two gateway workloads; `None` when one of them runs no gateway proxy.
pub fn isolation(db: &dyn Db, mesh: Mesh, a: &Workload, b: &Workload) -> Option<Isolation> {
    let (pa, pb) = (class_proxy(db, mesh, a)?, class_proxy(db, mesh, b)?);
    if !pa.is_router() || !pb.is_router() {
        return None;
    }
    let mut because = Vec::new();
    let logical = logical(db, mesh, &pa, &pb, &mut because);
    let physical = physical(db, mesh, (a, &pa), (b, &pb), &logical, &mut because);
    let isolated = [
        physical.pods,
        physical.namespaces,
        physical.selectors,
        physical.service_accounts,
    ]
    .iter()
    .all(|p| *p == Apart::Separate)
        && logical.shared_exported_resources.is_empty()
        && logical.shared_gateways.is_empty();
    Some(Isolation {
        gateways: (a.label().into(), b.label().into()),
        physical,
        logical,
        isolated,
        because,
    })
}

fn apart(separate: bool) -> Apart {
    if separate {
        Apart::Separate
    } else {
        Apart::Shared
    }
}

fn physical(
    db: &dyn Db,
    mesh: Mesh,
    (a, pa): (&Workload, &Proxy),
    (b, pb): (&Workload, &Proxy),
    logical: &Logical,
    because: &mut Vec<Because>,
) -> Physical {
    let pods = a.object != b.object;
    let namespaces = a.namespace() != b.namespace();
    if !pods {
        because.push(Because::new(&a.object, "", "the same pods"));
    } else if !namespaces {
        because.push(Because::new(
            &a.object,
            "metadata.namespace",
            "the same namespace: exports and selectors reach both",
        ));
    }
    let (ta, tb) = (service_targets(db, mesh, pa), service_targets(db, mesh, pb));
    let common = ta
        .iter()
        .map(|t| &t.service.object)
        .find(|s| tb.iter().any(|t| t.service.object == **s));
    if let Some(service) = common {
        because.push(Because::new(
            service,
            "spec.selector",
            "this Service selects pods of both",
        ));
    }
    let unknown = is_unknown_namespace(a.namespace()) || is_unknown_namespace(b.namespace());
    let account = |w: &Workload| {
        let named = if w.service_account.is_empty() {
            "default"
        } else {
            w.service_account.as_str()
        };
        (w.namespace().clone(), Str::new(named))
    };
    Physical {
        pods: apart(pods),
        namespaces: if unknown {
            Apart::Unknown
        } else {
            apart(namespaces)
        },
        selectors: apart(logical.shared_gateways.is_empty() && common.is_none()),
        service_accounts: apart(account(a) != account(b)),
        nodes: if pods { Apart::Unknown } else { Apart::Shared },
    }
}

fn logical(db: &dyn Db, mesh: Mesh, a: &Proxy, b: &Proxy, because: &mut Vec<Because>) -> Logical {
    let root = facts(db, mesh).root().clone();
    let mut shared: BTreeSet<ResourceKey> = BTreeSet::new();
    shared.extend(shared_entries(db, mesh, a, b));
    shared.extend(shared_rules(db, mesh, a, b));
    let (ga, gb) = (
        attached_gateways(db, mesh, a),
        attached_gateways(db, mesh, b),
    );
    let both = ga
        .iter()
        .filter(|g| gb.iter().any(|o| o.gateway.object == g.gateway.object));
    let mut shared_gateways: Vec<ResourceKey> = Vec::new();
    for attached in both {
        let key = &attached.gateway.object;
        if !shared_gateways.contains(key) {
            shared_gateways.push(key.clone());
            because.push(Because::new(
                key,
                "spec.selector",
                "this Gateway applies to both (G:SEL-3)",
            ));
        }
        let gateway = name(db, &attached.gateway.label());
        let of = |p: &Proxy| virtual_services_for(db, mesh, name(db, &p.config_namespace), gateway);
        let theirs = of(b);
        let common = of(a);
        let common = common
            .iter()
            .filter(|vs| theirs.iter().any(|o| o.object == vs.object));
        shared.extend(common.map(|vs| vs.object.clone()));
    }
    let (mesh_wide, shared): (Vec<_>, Vec<_>) =
        shared.into_iter().partition(|key| key.namespace == root);
    for key in &shared {
        because.push(Because::new(
            key,
            "spec.exportTo",
            "both gateways are configured from it (V:R2.2)",
        ));
    }
    Logical {
        shared_exported_resources: shared,
        mesh_wide,
        shared_gateways,
        common_clients: common_clients(db, mesh, a, b),
    }
}

/// ServiceEntries both get clusters for (G:CL-1). Several objects of one namespace may make one
/// service: those exported to both count.
fn shared_entries(db: &dyn Db, mesh: Mesh, a: &Proxy, b: &Proxy) -> Vec<ResourceKey> {
    let defaults = &facts(db, mesh).config.default_service_export_to;
    let (sa, sb) = (services_of(db, mesh, a), services_of(db, mesh, b));
    let external = sa.iter().filter(|m| !m.service.is_kubernetes());
    let common = external.filter(|m| {
        let mut theirs = sb.of_host(&m.service.host);
        theirs.any(|o| o.service.namespace == m.service.namespace)
    });
    common
        .flat_map(|m| {
            let all = services_in(db, mesh, name(db, &m.service.namespace));
            let to = |p: &Proxy, s| is_importable(s, &p.config_namespace, defaults);
            all.iter()
                .filter(|s| s.host == m.service.host && to(a, s) && to(b, s))
                .map(|s| s.object.clone())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// DestinationRules that decide how both call an external host (G:CL-3).
fn shared_rules(db: &dyn Db, mesh: Mesh, a: &Proxy, b: &Proxy) -> Vec<ResourceKey> {
    let (sa, sb) = (services_of(db, mesh, a), services_of(db, mesh, b));
    let mut found = Vec::new();
    for member in sa.iter().filter(|m| m.service.mesh_external) {
        let Some(theirs) = sb.get(&member.service.host) else {
            continue;
        };
        let rule =
            |p: &Proxy, owner: &str| destination_rule_for(db, mesh, p, &member.service.host, owner);
        let (Some(ra), Some(rb)) = (
            rule(a, &member.service.namespace),
            rule(b, &theirs.service.namespace),
        ) else {
            continue;
        };
        found.extend(ra.from.iter().filter(|k| rb.from.contains(k)).cloned());
    }
    found
}

/// Namespaces that have VirtualServices to Services of both.
fn common_clients(db: &dyn Db, mesh: Mesh, a: &Proxy, b: &Proxy) -> Vec<Str> {
    let hosts = |p: &Proxy| -> BTreeSet<Str> {
        let targets = service_targets(db, mesh, p);
        targets.iter().map(|t| t.service.host.clone()).collect()
    };
    let (ha, hb) = (hosts(a), hosts(b));
    let leads = |ns: &str, to: &BTreeSet<Str>| {
        let all = virtual_services_for(db, mesh, name(db, ns), name(db, "mesh"));
        all.iter()
            .any(|vs| vs.destinations().any(|(_, d)| to.contains(&d.host)))
    };
    namespaces(db, mesh)
        .iter()
        .filter(|ns| **ns != a.namespace && **ns != b.namespace)
        .filter(|ns| leads(ns, &ha) && leads(ns, &hb))
        .cloned()
        .collect()
}

/// The gateway workloads that lead out: a VirtualService of one of their Gateways routes to a
/// service outside the mesh.
pub fn egress_gateways(db: &dyn Db, mesh: Mesh) -> Vec<Arc<Workload>> {
    let all = crate::workloads::gateway_workloads(db, mesh);
    all.iter()
        .filter(|w| class_proxy(db, mesh, w).is_some_and(|p| leads_out(db, mesh, &p)))
        .cloned()
        .collect()
}

fn leads_out(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> bool {
    let services = services_of(db, mesh, proxy);
    let client = name(db, &proxy.config_namespace);
    let attached = attached_gateways(db, mesh, proxy);
    attached.iter().any(|g| {
        let bound = virtual_services_for(db, mesh, client, name(db, &g.gateway.label()));
        bound.iter().any(|vs| {
            vs.destinations().any(|(_, d)| {
                services
                    .get(&d.host)
                    .is_some_and(|m| m.service.mesh_external)
            })
        })
    })
}

/// The matrix: every pair of egress gateways.
pub fn isolation_matrix(db: &dyn Db, mesh: Mesh) -> Vec<Isolation> {
    let gateways = egress_gateways(db, mesh);
    let mut found = Vec::new();
    for (i, a) in gateways.iter().enumerate() {
        for b in gateways.iter().skip(i + 1) {
            found.extend(isolation(db, mesh, a, b));
        }
    }
    found
}
