//! What proxies see more or less: services, VirtualServices, and the DestinationRule each service
//! uses.

use super::Pair;
use super::objects::ObjectChange;
use crate::db::{Db, Mesh, name};
use crate::gateways::attached_gateways;
use crate::names::subset_of;
use crate::reach::{Role, subject};
use crate::visibility::{
    destination_rule_for, mesh_virtual_services, services_of, virtual_services_for,
};
use crate::workloads::Proxy;
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::collections::BTreeSet;

/// What the workloads of one class gain and lose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisibilityChange {
    /// The workloads, `namespace/name`.
    pub workloads: Vec<Str>,
    /// Services, `namespace/host`, with their ports when only these differ (`…:80,443`).
    pub services_gained: Vec<Str>,
    /// Services they lose.
    pub services_lost: Vec<Str>,
    /// VirtualServices they gain.
    pub virtual_services_gained: Vec<ResourceKey>,
    /// VirtualServices they lose.
    pub virtual_services_lost: Vec<ResourceKey>,
    /// Hosts that are called by another DestinationRule: host, before, after.
    pub rules: Vec<(Str, Option<ResourceKey>, Option<ResourceKey>)>,
}

impl VisibilityChange {
    fn is_empty(&self) -> bool {
        self.services_gained.is_empty()
            && self.services_lost.is_empty()
            && self.virtual_services_gained.is_empty()
            && self.virtual_services_lost.is_empty()
            && self.rules.is_empty()
    }
}

/// The changes per class, classes in order of their first workload.
pub(super) fn changes(
    db: &dyn Db,
    base: Mesh,
    head: Mesh,
    objects: &[ObjectChange],
    pairs: &[Pair],
) -> Vec<VisibilityChange> {
    let rules = rule_hosts(db, base, head, objects);
    let mut found: Vec<(VisibilityChange, Vec<Str>)> = Vec::new();
    for pair in pairs {
        let mut change = VisibilityChange::default();
        let (old, new) = (
            services(db, base, pair.before.as_ref()),
            services(db, head, pair.after.as_ref()),
        );
        change.services_gained = difference(&new, &old);
        change.services_lost = difference(&old, &new);
        let (old, new) = (
            routes(db, base, pair.before.as_ref()),
            routes(db, head, pair.after.as_ref()),
        );
        change.virtual_services_gained = new.difference(&old).cloned().collect();
        change.virtual_services_lost = old.difference(&new).cloned().collect();
        change.rules = used_rules(db, base, head, pair, &rules);
        if change.is_empty() {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == change) {
            Some((_, workloads)) => workloads.extend(pair.workloads.iter().cloned()),
            None => found.push((change, pair.workloads.clone())),
        }
    }
    let mut found: Vec<VisibilityChange> = found
        .into_iter()
        .map(|(change, mut workloads)| {
            workloads.sort();
            VisibilityChange {
                workloads,
                ..change
            }
        })
        .collect();
    found.sort_by(|a, b| a.workloads.cmp(&b.workloads));
    found
}

/// Services as (label, ports).
type Services = BTreeSet<(Str, Vec<u32>)>;

fn services(db: &dyn Db, mesh: Mesh, proxy: Option<&Proxy>) -> Services {
    let Some(proxy) = proxy else {
        return Services::new();
    };
    let set = services_of(db, mesh, proxy);
    let members = set.iter().map(|m| {
        let mut ports: Vec<u32> = m.service.ports.iter().map(|p| p.number).collect();
        ports.sort_unstable();
        (m.service.label().into(), ports)
    });
    members.collect()
}

/// What is only in `a`; a service that only differs in ports shows the ports only `a` has.
fn difference(a: &Services, b: &Services) -> Vec<Str> {
    let only = a.difference(b);
    only.filter_map(|(label, ports)| {
        let other = b.iter().find(|(l, _)| l == label);
        let Some((_, theirs)) = other else {
            return Some(label.clone());
        };
        let extra: Vec<String> = ports
            .iter()
            .filter(|p| !theirs.contains(p))
            .map(ToString::to_string)
            .collect();
        (!extra.is_empty()).then(|| format!("{label}:{}", extra.join(",")).into())
    })
    .collect()
}

fn routes(db: &dyn Db, mesh: Mesh, proxy: Option<&Proxy>) -> BTreeSet<ResourceKey> {
    let Some(proxy) = proxy else {
        return BTreeSet::new();
    };
    if !proxy.is_router() {
        let list = mesh_virtual_services(db, mesh, proxy);
        return list.iter().map(|v| v.object.clone()).collect();
    }
    let client = name(db, &proxy.config_namespace);
    let attached = attached_gateways(db, mesh, proxy);
    let of = |label: Str| virtual_services_for(db, mesh, client, name(db, &label)).clone();
    attached
        .iter()
        .flat_map(|a| {
            let list = of(a.gateway.label());
            list.iter().map(|v| v.object.clone()).collect::<Vec<_>>()
        })
        .collect()
}

/// The hosts of the DestinationRules that changed, on either side.
fn rule_hosts(db: &dyn Db, base: Mesh, head: Mesh, objects: &[ObjectChange]) -> Vec<Str> {
    let changed = objects
        .iter()
        .filter(|o| o.object.kind == Kind::DestinationRule);
    let mut hosts = Vec::new();
    for change in changed {
        for mesh in [base, head] {
            if let Role::DestinationRule(host) = subject(db, mesh, &change.object).is {
                hosts.push(host);
            }
        }
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

fn used_rules(
    db: &dyn Db,
    base: Mesh,
    head: Mesh,
    pair: &Pair,
    hosts: &[Str],
) -> Vec<(Str, Option<ResourceKey>, Option<ResourceKey>)> {
    let (Some(before), Some(after)) = (&pair.before, &pair.after) else {
        return Vec::new();
    };
    if hosts.is_empty() {
        return Vec::new();
    }
    let (old, new) = (services_of(db, base, before), services_of(db, head, after));
    let mut found = Vec::new();
    for member in old.iter() {
        let host = &member.service.host;
        let Some(now) = new.get(host) else { continue };
        if !hosts.iter().any(|h| subset_of(host, h)) {
            continue;
        }
        let rule = |mesh, proxy, owner: &str| {
            destination_rule_for(db, mesh, proxy, host, owner).map(|e| e.rule.clone())
        };
        let (was, is) = (
            rule(base, before, &member.service.namespace),
            rule(head, after, &now.service.namespace),
        );
        if was != is {
            found.push((host.clone(), was, is));
        }
    }
    found.sort();
    found
}
