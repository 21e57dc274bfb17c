//! Who can see an object: namespaces, sidecars, gateway workloads.

use super::reasons;
use crate::db::{Db, Mesh, name};
use crate::index::{facts, namespaces, resource};
use crate::registry::exports;
use crate::visibility::{
    Audience, DestinationRuleEntry, audience, destination_rule_tables, passes_export,
    virtual_services_in,
};
use crate::workloads::classes_in;
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::collections::BTreeSet;

/// Who can see an object; every list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisibleTo {
    /// Namespaces whose clients may have it, as far as exports decide.
    pub namespaces: Vec<Str>,
    /// Workloads whose sidecar has it, `namespace/name`.
    pub sidecars: Vec<Str>,
    /// Gateway workloads that have it, `namespace/name`.
    pub gateways: Vec<Str>,
}

/// Who can see an object. Decided once per proxy class.
pub fn visible_to(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> VisibleTo {
    let mut found = VisibleTo::default();
    let audience = audience_of(db, mesh, key);
    for ns in namespaces(db, mesh).iter() {
        if audience.covers(ns) {
            found.namespaces.push(ns.clone());
        }
        for class in classes_in(db, mesh, name(db, ns)).iter() {
            if reasons(db, mesh, &class.proxy, key).0 {
                let list = match class.proxy.is_router() {
                    true => &mut found.gateways,
                    false => &mut found.sidecars,
                };
                list.extend(class.workloads.iter().cloned());
            }
        }
    }
    found.sidecars.sort();
    found.gateways.sort();
    found
}

#[derive(Default)]
struct Exported {
    everyone: bool,
    named: BTreeSet<Str>,
}

impl Exported {
    fn covers(&self, namespace: &Str) -> bool {
        self.everyone || self.named.contains(namespace)
    }
}

fn audience_of(db: &dyn Db, mesh: Mesh, key: &ResourceKey) -> Exported {
    let ns = name(db, &key.namespace);
    let mut found = Exported::default();
    let Some(object) = resource(db, mesh, key) else {
        return found;
    };
    match key.kind {
        Kind::Service | Kind::ServiceEntry => {
            let exports = exports(db, mesh, ns);
            found.everyone = exports.public.iter().any(|s| s.object == *key);
            let named = exports.targeted.iter().filter(|(_, s)| s.object == *key);
            found.named.extend(named.map(|(target, _)| target.clone()));
        }
        Kind::VirtualService => {
            let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
            let prepared = virtual_services_in(db, mesh, ns);
            match prepared
                .iter()
                .find(|v| v.object == *key)
                .map(|v| audience(v, defaults))
            {
                Some(Audience::Public) => found.everyone = true,
                Some(Audience::Namespaces(targets)) => found.named.extend(targets),
                Some(Audience::Nobody) | None => {}
            }
        }
        Kind::DestinationRule => {
            let tables = destination_rule_tables(db, mesh, ns);
            let of_rule = |entries: &[std::sync::Arc<DestinationRuleEntry>]| {
                entries
                    .iter()
                    .filter(|e| e.from.contains(key))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            let is_root = key.namespace == *facts(db, mesh).root();
            let local = if is_root {
                &tables.root_local
            } else {
                &tables.local
            };
            if local.iter().any(|(_, e)| !of_rule(e).is_empty()) {
                found.named.insert(key.namespace.clone());
            }
            for entry in tables.exported.iter().flat_map(|(_, e)| of_rule(e)) {
                let passing = namespaces(db, mesh);
                let passing = passing.iter().filter(|ns| passes_export(&entry, ns));
                found.named.extend(passing.cloned());
            }
        }
        // Their own namespace, or the whole mesh for a default in the root namespace.
        Kind::Sidecar => {
            let selects = object
                .sidecar()
                .is_some_and(|s| s.workload_selector.is_some());
            found.everyone = key.namespace == *facts(db, mesh).root() && !selects;
            found.named.insert(key.namespace.clone());
        }
        Kind::Gateway => found.everyone = true,
        _ => {}
    }
    found
}
