//! Which gateway workloads a Gateway resource programs (V:R6.1).

use super::Mesh;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, ResourceKey, Str};
use meshscope_mesh::index::{facts, resource};
use meshscope_mesh::workloads::gateway_workloads;

impl Mesh<'_> {
    /// The gateway workloads that a Gateway resource programs, as `namespace/name`, sorted; none when
    /// there is no such Gateway.
    pub fn attachments(&self, namespace: &str, name: &str) -> Option<Vec<Str>> {
        let (db, mesh) = (self.db(), self.input());
        let key = ResourceKey::new(Kind::Gateway, namespace, name);
        let gateway = resource(db, mesh, &key)?;
        let spec = gateway.gateway()?;
        let scoped = facts(db, mesh).flag(Flag::ScopeGatewayToNamespace);
        let workloads = gateway_workloads(db, mesh);
        let attached = workloads.iter().filter(|w| {
            (!scoped || w.namespace() == namespace) && spec.selector.subset_of(&w.labels)
        });
        let mut labels: Vec<Str> = attached.map(|w| w.label().into()).collect();
        labels.sort();
        labels.dedup();
        Some(labels)
    }
}
