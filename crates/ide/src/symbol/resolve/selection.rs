//! What labels and credential names take: workloads and Secrets.

use super::super::Symbol;
use super::super::mention::Mention;
use super::super::owner::Owner;
use meshscope::engine::db::name;
use meshscope::engine::gateways::workloads_of_gateway;
use meshscope::engine::index::{facts, resource};
use meshscope::engine::registry::{EndpointKind, endpoints, services_in};
use meshscope::engine::workloads::workloads;
use meshscope::manifest::spec::Labels;
use meshscope::manifest::{Kind, ResourceKey, Str, Value};

/// The Secrets a credential name means: in the namespaces of the gateway workloads, or for a
/// DestinationRule in its own (G:TLS-12).
pub(super) fn credential(owner: &Owner<'_>, text: &Str) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let mut namespaces = vec![owner.namespace.clone()];
    if owner.kind == Kind::Gateway {
        let label = format!("{}/{}", owner.namespace, owner.name);
        let workloads = workloads_of_gateway(db, input, name(db, &label));
        if !workloads.is_empty() {
            namespaces = workloads
                .iter()
                .map(|(_, w)| w.namespace().clone())
                .collect();
        }
    }
    namespaces.sort();
    namespaces.dedup();
    let keys = namespaces
        .into_iter()
        .map(|ns| ResourceKey::new(Kind::Secret, ns, text.clone()));
    let written: Vec<ResourceKey> = keys
        .filter(|key| resource(db, input, key).is_some())
        .collect();
    written.into_iter().map(Symbol::Object).collect()
}

/// The workloads a selector takes.
pub(super) fn selected(owner: &Owner<'_>, mention: &Mention) -> Vec<Symbol> {
    let (db, input) = (owner.mesh.db(), owner.mesh.input());
    let key = owner.key();
    let mut found: Vec<ResourceKey> = match owner.kind {
        Kind::Gateway => {
            let label = format!("{}/{}", owner.namespace, owner.name);
            let workloads = workloads_of_gateway(db, input, name(db, &label));
            workloads.iter().map(|(_, w)| w.object.clone()).collect()
        }
        Kind::Service | Kind::ServiceEntry => {
            let services = services_in(db, input, name(db, &owner.namespace));
            let own = services.iter().filter(|service| service.object == key);
            own.flat_map(|service| endpoints(db, input, service))
                .filter_map(|endpoint| match endpoint.kind {
                    EndpointKind::Workload(workload) => Some(workload.object.clone()),
                    EndpointKind::WorkloadEntry(key) => Some(key),
                    _ => None,
                })
                .collect()
        }
        kind => {
            let labels = labels(owner.at(&mention.path));
            // Policies of the root namespace are for the whole mesh; Sidecars and rules are not.
            let everywhere = *facts(db, input).root() == owner.namespace
                && !matches!(kind, Kind::Sidecar | Kind::DestinationRule);
            let all = workloads(db, input);
            let taken = all.iter().filter(|w| {
                (everywhere || *w.namespace() == owner.namespace) && labels.subset_of(&w.labels)
            });
            taken.map(|w| w.object.clone()).collect()
        }
    };
    found.sort();
    found.dedup();
    found.into_iter().map(Symbol::Object).collect()
}

/// The labels of a selector, whether written plainly or under `labels` or `matchLabels`.
fn labels(selector: &Value) -> Labels {
    let nested = ["labels", "matchLabels"]
        .iter()
        .map(|key| selector.get(key));
    let map = nested.into_iter().find(|v| v.as_map().is_some());
    Labels::decode(map.unwrap_or(selector))
}
