//! Which DestinationRule a workload uses for a service (V:5).
//!
//! Firewalls: [`tables_in`] per namespace; [`lookup`] per (client, host, owner), so that a rule for
//! one host re-runs nothing of another.

use crate::db::{Db, Mesh, Name, name};
use crate::index::{facts, objects};
use crate::names::{HostTable, resolve_short_name};
use crate::workloads::Proxy;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::traffic::{Subset, TrafficPolicy};
use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
use std::borrow::Cow;
use std::sync::Arc;

/// One entry of a host's list: a rule, perhaps with others merged in.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The first rule: its namespace and selector are the entry's.
    pub rule: ResourceKey,
    /// The host, completed.
    pub host: Str,
    /// Every rule that was merged, the first included.
    pub from: Vec<ResourceKey>,
    /// The export set as written, `["."]` for rules with a selector (V:R2.8).
    pub export_to: Vec<Str>,
    /// The workload selector.
    pub selector: Option<Labels>,
    /// The traffic policy and the rule it is of.
    pub policy: Option<(Arc<TrafficPolicy>, ResourceKey)>,
    /// Subsets, each with the rule it is of and its index there.
    pub subsets: Vec<(Subset, ResourceKey, usize)>,
}

// Undecoded parts may hold floats, never NaN.
impl Eq for Entry {}

impl Entry {
    /// The subset called `subset_name`.
    pub fn subset(&self, subset_name: &str) -> Option<&(Subset, ResourceKey, usize)> {
        self.subsets.iter().find(|(s, _, _)| s.name == subset_name)
    }
}

/// The lists of one host.
pub type Entries = Vec<Arc<Entry>>;

/// The three indexes of one namespace (V:R2.9-R2.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// For clients of the namespace itself.
    pub local: HostTable<Entries>,
    /// For clients elsewhere.
    pub exported: HostTable<Entries>,
    /// Private ones, when this is the root namespace.
    pub root_local: HostTable<Entries>,
}

/// The indexes of one namespace. Invalidated by its DestinationRules.
#[salsa::tracked]
pub fn tables_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<Tables> {
    let facts = facts(db, mesh);
    let mut rules = objects(db, mesh, namespace, Kind::DestinationRule).to_vec();
    rules.sort_by(|a, b| crate::index::config_order(a, b));
    rules.sort_by_key(|r| {
        r.destination_rule()
            .is_none_or(|d| d.workload_selector.is_none())
    });
    let enhanced = facts.flag(Flag::EnhancedDestinationRuleMerge);
    let own = namespace.text(db);
    let defaults = &facts.config.default_destination_rule_export_to;
    let mut tables = Tables::default();
    for resource in &rules {
        let Some(entry) = entry(resource, &facts.config_domain) else {
            continue;
        };
        let x = &entry.export_to;
        let is_local = x.is_empty() || x.iter().any(|t| t == "*" || t == "." || t == own);
        let is_private = (x.is_empty() && defaults.iter().any(|t| t == "."))
            || matches!(&x[..], [only] if only == "." || only == own);
        let entry = Arc::new(entry);
        if is_local {
            insert(&mut tables.local, &entry, enhanced);
        }
        if !is_private {
            insert(&mut tables.exported, &entry, enhanced);
        } else if own == facts.root() {
            insert(&mut tables.root_local, &entry, enhanced);
        }
    }
    Arc::new(tables)
}

fn entry(resource: &Resource, domain: &str) -> Option<Entry> {
    let spec = resource.destination_rule()?;
    let export_to = if spec.workload_selector.is_some() {
        vec![".".into()]
    } else {
        let mut set = spec.export_to.clone();
        set.sort();
        set.dedup();
        set
    };
    Some(Entry {
        rule: resource.key.clone(),
        host: resolve_short_name(&spec.host, &resource.key.namespace, domain),
        from: vec![resource.key.clone()],
        export_to,
        selector: spec.workload_selector.clone(),
        policy: spec
            .traffic_policy
            .clone()
            .map(|p| (p, resource.key.clone())),
        subsets: spec
            .subsets
            .iter()
            .enumerate()
            .map(|(i, s)| (s.clone(), resource.key.clone(), i))
            .collect(),
    })
}

/// Inserts a rule into its host's list, merging as istiod does (V:R5.5).
fn insert(table: &mut HostTable<Entries>, new: &Arc<Entry>, enhanced: bool) {
    let list = table.entry_or_insert_with(&new.host, Vec::new);
    let mut append = true;
    for existing in list.iter_mut() {
        if enhanced {
            let (x, e) = (&new.export_to, &existing.export_to);
            if x == e {
                append = false;
            } else if !e.is_empty() && e.iter().all(|t| x.contains(t)) {
                append = true;
            } else {
                append = true;
                continue;
            }
        }
        match (&new.selector, &existing.selector) {
            (Some(a), Some(b)) if a != b => {
                append = true;
                continue;
            }
            (None, None) | (Some(_), Some(_)) => append = false,
            _ => {}
        }
        let merged = Arc::make_mut(existing);
        for subset in &new.subsets {
            if merged.subset(&subset.0.name).is_none() {
                merged.subsets.push(subset.clone());
            }
        }
        if merged.policy.is_none() {
            merged.policy.clone_from(&new.policy);
        }
        merged.from.extend(new.from.iter().cloned());
    }
    if append {
        list.push(new.clone());
    }
}

/// The step of the lookup that answered (V:R5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The client's own namespace.
    Client,
    /// The service's namespace.
    Owner,
    /// The root namespace.
    Root,
}

/// The rules a client namespace finds for a service host of `owner`: the host's whole entry list.
#[salsa::tracked]
pub fn lookup<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Name<'db>,
    host: Name<'db>,
    owner: Name<'db>,
) -> Option<(Step, Arc<[Arc<Entry>]>)> {
    let (client, host, owner) = (client.text(db), host.text(db), owner.text(db));
    let (step, entries) = find(db, mesh, client, host, owner)?;
    Some((step, entries.as_ref().into()))
}

/// [`lookup`] without a memo: for who asks about many hosts once. Whoever asks depends on all rules of
/// the namespaces looked at.
pub fn find<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: &str,
    host: &str,
    owner: &str,
) -> Option<(Step, Cow<'db, [Arc<Entry>]>)> {
    let facts = facts(db, mesh);
    let root = facts.root();
    let own = tables_in(db, mesh, name(db, client));
    let local = if client == root {
        &own.root_local
    } else {
        &own.local
    };
    if let Some((_, entries)) = local.most_specific(host) {
        return Some((Step::Client, Cow::Borrowed(entries)));
    }
    for (step, namespace) in [(Step::Owner, owner), (Step::Root, root.as_str())] {
        let tables = tables_in(db, mesh, name(db, namespace));
        let Some((_, entries)) = tables.exported.most_specific(host) else {
            continue;
        };
        let passes = |e: &&Arc<Entry>| passes_export(e, client);
        if entries.iter().all(|e| passes(&e)) {
            return Some((step, Cow::Borrowed(entries)));
        }
        let passing: Vec<Arc<Entry>> = entries.iter().filter(passes).cloned().collect();
        if !passing.is_empty() {
            return Some((step, Cow::Owned(passing)));
        }
    }
    None
}

/// The export filter at lookup (V:R2.13): `.` is not accepted here.
pub fn passes_export(entry: &Entry, client: &str) -> bool {
    entry.export_to.is_empty() || entry.export_to.iter().any(|t| t == "*" || t == client)
}

/// The entry a workload of `client` with these labels uses (V:R5.7): the first whose selector fits
/// and that lives in the client's namespace, else the last without selector.
pub fn choose(entries: &[Arc<Entry>], client: &str, labels: &Labels) -> Option<Arc<Entry>> {
    let selected = entries.iter().find(|e| {
        e.rule.namespace == client && e.selector.as_ref().is_some_and(|s| s.subset_of(labels))
    });
    selected
        .or_else(|| entries.iter().rev().find(|e| e.selector.is_none()))
        .cloned()
}

/// The DestinationRule a proxy uses for a service host of `owner`.
pub fn destination_rule_for(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    host: &str,
    owner: &str,
) -> Option<Arc<Entry>> {
    let client = &proxy.config_namespace;
    let found = lookup(db, mesh, name(db, client), name(db, host), name(db, owner)).clone()?;
    choose(&found.1, client, &proxy.labels)
}

/// The hosts the DestinationRules of one namespace are for: unchanged by an edit of their policies.
#[salsa::tracked]
fn rule_hosts_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Str]> {
    let domain = &facts(db, mesh).config_domain;
    let mut hosts: Vec<Str> = objects(db, mesh, namespace, Kind::DestinationRule)
        .iter()
        .filter_map(|r| Some((r, r.destination_rule()?)))
        .map(|(r, d)| resolve_short_name(&d.host, &r.key.namespace, domain))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts.into()
}

whole! {
    /// For each host some DestinationRule is for, the namespaces that have one.
    fn rule_hosts() -> Arc<HostTable<Vec<Str>>> = rule_hosts_gathered;
}

#[salsa::tracked]
pub(crate) fn rule_hosts_gathered(db: &dyn Db, mesh: Mesh) -> Arc<HostTable<Vec<Str>>> {
    let mut table: HostTable<Vec<Str>> = HostTable::default();
    for (ns, hosts) in each_rule_hosts(db, mesh) {
        for host in hosts.iter() {
            table.entry_or_insert_with(host, Vec::new).push(ns.clone());
        }
    }
    Arc::new(table)
}

across! {
    fn each_rule_hosts() -> Arc<[Str]> = rule_hosts_in in rule_hosts_of_group;
}

/// The namespaces that have a DestinationRule for `host` or for a wildcard that covers it, sorted.
#[salsa::tracked]
pub fn rule_namespaces<'db>(db: &'db dyn Db, mesh: Mesh, host: Name<'db>) -> Arc<[Str]> {
    let found = namespaces_with_rule(db, mesh, host.text(db));
    let mut namespaces: Vec<Str> = found.cloned().collect();
    namespaces.sort();
    namespaces.dedup();
    namespaces.into()
}

/// The same in any order, some more than once. Whoever asks depends on the hosts of all rules.
pub(super) fn namespaces_with_rule<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    host: &'db str,
) -> impl Iterator<Item = &'db Str> {
    let covering = rule_hosts(db, mesh).covering(host);
    covering.flat_map(|(_, list)| list)
}

/// The DestinationRules of one namespace for `host`, wildcards that cover it included, in istiod's
/// order, whoever they are exported to.
pub fn rules_covering<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    host: &str,
) -> Vec<Arc<Resource>> {
    let domain = &facts(db, mesh).config_domain;
    let covers = |r: &Resource| {
        r.destination_rule().is_some_and(|d| {
            let own = resolve_short_name(&d.host, &r.key.namespace, domain);
            own == host || crate::names::subset_of(host, &own)
        })
    };
    let rules = objects(db, mesh, namespace, Kind::DestinationRule);
    let mut rules: Vec<Arc<Resource>> = rules.iter().filter(|r| covers(r)).cloned().collect();
    rules.sort_by(|a, b| crate::index::config_order(a, b));
    rules
}
