//! Why a proxy uses a DestinationRule, or why not (V:5).

use super::Verdict;
use crate::db::{Db, Mesh, name};
use crate::envoy::Because;
use crate::index::{facts, resource};
use crate::names::{resolve_short_name, subset_of};
use crate::registry::Service;
use crate::visibility::{
    DestinationRuleEntry, LookupStep, choose, destination_rule_tables, destination_rules,
    passes_export, services_of,
};
use crate::workloads::Proxy;
use meshscope_manifest::{ResourceKey, Str};
use std::sync::Arc;

/// Services explained one by one when a rule is used by none.
const SHOWN: usize = 3;

pub(super) fn explain(db: &dyn Db, mesh: Mesh, proxy: &Proxy, key: &ResourceKey) -> Verdict {
    let Some(host) = host(db, mesh, key) else {
        return (
            false,
            vec![Because::new(key, "spec.host", "it has no host")],
        );
    };
    let services = under(db, mesh, proxy, &host);
    if services.is_empty() {
        let why = format!("the proxy has no service that {host} stands for (V:R5.13)");
        return (false, vec![Because::new(key, "spec.host", why)]);
    }
    let case = Case {
        db,
        mesh,
        proxy,
        key,
    };
    if let Some(used) = services.iter().find_map(|s| case.used(s)) {
        return (true, used);
    }
    let steps = services.iter().take(SHOWN).flat_map(|s| case.unused(s));
    (false, steps.collect())
}

/// The rule's host, completed.
fn host(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Option<Str> {
    let object = resource(db, mesh, key)?;
    let spec = object.destination_rule()?;
    Some(resolve_short_name(
        &spec.host,
        &key.namespace,
        &facts(db, mesh).config_domain,
    ))
}

/// The services of the proxy that a rule host stands for.
fn under(db: &dyn Db, mesh: Mesh, proxy: &Proxy, host: &str) -> Vec<Arc<Service>> {
    let set = services_of(db, mesh, proxy);
    if let Some(member) = set.get(host) {
        return vec![member.service.clone()];
    }
    if !host.starts_with('*') {
        return Vec::new();
    }
    let covered = set.iter().filter(|m| subset_of(&m.service.host, host));
    covered.map(|m| m.service.clone()).collect()
}

struct Case<'a> {
    db: &'a dyn Db,
    mesh: Mesh,
    proxy: &'a Proxy,
    key: &'a ResourceKey,
}

type Found = (LookupStep, Arc<[Arc<DestinationRuleEntry>]>);

impl Case<'_> {
    fn found(&self, service: &Service) -> Option<Found> {
        let client = name(self.db, &self.proxy.config_namespace);
        let (host, owner) = (
            name(self.db, &service.host),
            name(self.db, &service.namespace),
        );
        destination_rules(self.db, self.mesh, client, host, owner).clone()
    }

    fn chosen(&self, found: &Found) -> Option<Arc<DestinationRuleEntry>> {
        choose(&found.1, &self.proxy.config_namespace, &self.proxy.labels)
    }

    /// The steps that lead from a service to the rule.
    fn used(&self, service: &Service) -> Option<Vec<Because>> {
        let found = self.found(service)?;
        let entry = self.chosen(&found).filter(|e| e.from.contains(self.key))?;
        let mut steps = vec![Because::new(
            self.key,
            "spec.host",
            self.where_found(found.0, service),
        )];
        if entry.rule != *self.key {
            let why = "an older rule for the same host: this one is merged into it, which adds its \
                       subsets, and its policy if the older has none (V:R5.5)";
            steps.push(Because::new(&entry.rule, "", why));
        } else if entry.selector.is_some() {
            let why = "its selector fits the pods (V:R5.7)";
            steps.push(Because::new(self.key, "spec.workloadSelector", why));
        }
        Some(steps)
    }

    fn where_found(&self, step: LookupStep, service: &Service) -> String {
        let (host, client) = (&service.host, &self.proxy.config_namespace);
        match step {
            LookupStep::Client => format!(
                "for {host} the rules of the client's namespace {client} are asked first, and answer (V:R5.3)"
            ),
            LookupStep::Owner => format!(
                "for {host} the rules of the service's namespace {} answer (V:R5.3)",
                service.namespace
            ),
            LookupStep::Root => format!("for {host} only the root namespace has a rule (V:R5.3)"),
        }
    }

    /// Why the rule is not used for a service it could be for.
    fn unused(&self, service: &Service) -> Vec<Because> {
        let (own, client) = (&self.key.namespace, &self.proxy.config_namespace);
        let root = facts(self.db, self.mesh).root().clone();
        let found = self.found(service);
        let mut steps = Vec::new();
        if own != client && *own != service.namespace && *own != root {
            let why = format!(
                "rules of {own} count for clients in {own} and services of {own} only; {} is of {} \
                 (V:R5.3)",
                service.host, service.namespace
            );
            steps.push(Because::new(self.key, "metadata.namespace", why));
        } else if let Some(why) = self.in_its_table(service, &root) {
            steps.push(why);
        }
        let Some(found) = found else {
            return steps;
        };
        match self.chosen(&found) {
            Some(entry) => steps.push(Because::new(
                &entry.rule,
                "spec.host",
                self.where_found(found.0, service),
            )),
            None => {
                let why = "found first, but only with selectors that do not fit the pods: no rule \
                           applies and nobody else is asked (V:R5.3)";
                let first = found.1.first();
                steps.extend(first.map(|e| Because::new(&e.rule, "spec.workloadSelector", why)));
            }
        }
        steps
    }

    /// What keeps it from being chosen among the rules of its own namespace; `None` when they were
    /// not asked at all.
    fn in_its_table(&self, service: &Service, root: &Str) -> Option<Because> {
        let (own, client) = (&self.key.namespace, &self.proxy.config_namespace);
        let tables = destination_rule_tables(self.db, self.mesh, name(self.db, own));
        let in_root_local = tables.root_local.most_specific(&service.host).is_some();
        let table = match (own == client, own == root) {
            (true, true) if in_root_local => &tables.root_local,
            (true, false) => &tables.local,
            _ => &tables.exported,
        };
        let export = |why: &str| Some(Because::new(self.key, "spec.exportTo", why));
        let Some((host, entries)) = table.most_specific(&service.host) else {
            return export(if own == client {
                "its export does not hold for its own namespace (V:R2.9, V:R2.11)"
            } else {
                "private to its namespace (V:R2.10)"
            });
        };
        let mut of_rule = entries.iter().filter(|e| e.from.contains(self.key));
        let Some(entry) = of_rule.next_back() else {
            let rival = entries.first()?;
            let why = format!("a rule for {host} is more specific (V:R0.13)");
            return match rival.host == *host && *host != self.host_of() {
                true => Some(Because::new(&rival.rule, "spec.host", why)),
                false => export("not exported to these clients (V:R2.9, V:R2.11)"),
            };
        };
        if own != client && !passes_export(entry, client) {
            let why = if entry.rule == *self.key {
                format!("not exported to {client} (V:R2.13)")
            } else {
                format!("merged into this rule, which is not exported to {client} (V:R5.5)")
            };
            return Some(Because::new(&entry.rule, "spec.exportTo", why));
        }
        if entry.selector.is_some() {
            let why = "its selector does not fit the pods (V:R5.7)";
            return Some(Because::new(self.key, "spec.workloadSelector", why));
        }
        let why =
            "another rule for the same host stays beside it, and the last one counts (V:R5.7)";
        entries
            .iter()
            .any(|e| e.rule != entry.rule)
            .then(|| Because::new(self.key, "", why))
    }

    fn host_of(&self) -> Str {
        host(self.db, self.mesh, self.key).unwrap_or_default()
    }
}
