//! DestinationRules: O7.

use super::{Ambiguity, Decision, first_wins, undecided};
use crate::db::{Db, Mesh, Name, name};
use crate::index::{config_order, facts, objects};
use crate::names::{resolve_short_name, subset_of};
use crate::registry::Service;
use crate::visibility::{destination_rule_tables, services_of};
use crate::workloads::Proxy;
use meshscope_manifest::spec::traffic::DestinationRule;
use meshscope_manifest::{Kind, Resource, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Hosts with several rules in a namespace, each with them in istiod's order.
type Doubled = Arc<[(Str, Vec<Arc<Resource>>)]>;

/// The hosts that several DestinationRules of one namespace are for.
#[salsa::tracked]
fn doubled_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Doubled {
    let domain = &facts(db, mesh).config_domain;
    let mut by_host: BTreeMap<Str, Vec<Arc<Resource>>> = BTreeMap::new();
    for rule in objects(db, mesh, namespace, Kind::DestinationRule).iter() {
        if let Some(spec) = rule.destination_rule() {
            let host = resolve_short_name(&spec.host, &rule.key.namespace, domain);
            by_host.entry(host).or_default().push(rule.clone());
        }
    }
    by_host.retain(|_, rules| rules.len() > 1);
    for rules in by_host.values_mut() {
        rules.sort_by(|a, b| config_order(a, b));
    }
    by_host.into_iter().collect()
}

pub(super) fn find(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Ambiguity> {
    let services = services_of(db, mesh, proxy);
    let client = &proxy.config_namespace;
    let root = facts(db, mesh).root().clone();
    let mut owners: BTreeSet<Str> = services
        .iter()
        .map(|m| m.service.namespace.clone())
        .collect();
    owners.extend([client.clone(), root.clone()]);
    let mut found = Vec::new();
    for owner in owners {
        for (host, rules) in doubled_in(db, mesh, name(db, &owner)).iter() {
            let asked = |s: &Service| owner == *client || owner == root || owner == s.namespace;
            let mut members = services.iter().map(|m| &m.service);
            let is_asked = members.any(|s| {
                asked(s) && subset_of(&s.host, host) && reaches(db, mesh, &owner, client, host, s)
            });
            if is_asked {
                found.extend(pair(proxy, host, rules));
            }
        }
    }
    found
}

/// Whether the rules of `owner` for `host` are the ones its tables answer with for a service.
fn reaches(db: &dyn Db, mesh: Mesh, owner: &str, client: &str, host: &Str, s: &Service) -> bool {
    let own = destination_rule_tables(db, mesh, name(db, client));
    let is_root = client == facts(db, mesh).root();
    let local = if is_root { &own.root_local } else { &own.local };
    if let Some((found, _)) = local.most_specific(&s.host) {
        return owner == client && found == host;
    }
    let tables = destination_rule_tables(db, mesh, name(db, owner));
    let exported = tables.exported.most_specific(&s.host);
    exported.is_some_and(|(found, _)| found == host)
}

/// The first two rules of one host whose order changes something for the proxy.
fn pair(proxy: &Proxy, host: &Str, rules: &[Arc<Resource>]) -> Option<Ambiguity> {
    let decided = |r: &Resource| r.destination_rule().cloned();
    rules.iter().enumerate().find_map(|(i, first)| {
        let a = decided(first)?;
        rules.iter().skip(i + 1).find_map(|second| {
            let b = decided(second)?;
            let open = undecided(first.meta.created, second.meta.created);
            (open && order_matters(proxy, &a, &b)).then(|| Ambiguity {
                outcome: format!("{} counts as the older: first by name", first.key).into(),
                otherwise: format!(
                    "{} does: policy, subsets of one name and what is merged away follow (V:R5.5)",
                    second.key
                )
                .into(),
                ..first_wins(Decision::DestinationRules, host, &first.key, &second.key)
            })
        })
    })
}

/// Rules with and without selector never compete, nor do selectors unless both fit the pods; rules
/// with one export set and different subsets merge into the same whatever the order (V:R8.4).
fn order_matters(proxy: &Proxy, a: &DestinationRule, b: &DestinationRule) -> bool {
    let fits = |r: &DestinationRule| {
        r.workload_selector
            .as_ref()
            .is_some_and(|s| s.subset_of(&proxy.labels))
    };
    match (&a.workload_selector, &b.workload_selector) {
        (Some(_), Some(_)) if !(fits(a) && fits(b)) => return false,
        (Some(x), Some(y)) if x != y => return true,
        (Some(_), None) | (None, Some(_)) => return false,
        _ => {}
    }
    let set = |r: &DestinationRule| -> BTreeSet<Str> { r.export_to.iter().cloned().collect() };
    let names: BTreeSet<&Str> = a.subsets.iter().map(|s| &s.name).collect();
    let same_subset = b.subsets.iter().any(|s| names.contains(&s.name));
    let both_policies = a.traffic_policy.is_some() && b.traffic_policy.is_some();
    (a.workload_selector.is_none() && set(a) != set(b)) || same_subset || both_policies
}
