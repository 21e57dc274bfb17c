//! Which gateway workloads a Gateway resource programs (G:SEL).

use super::Mesh;
use meshscope_manifest::Str;
use meshscope_mesh::gateways::{attached_gateways, find_gateway};
use meshscope_mesh::workloads::{gateway_workloads, proxy_of};

impl Mesh<'_> {
    /// The gateway workloads that a Gateway programs, as `namespace/name`, sorted; none when there is
    /// no such Gateway.
    pub fn attachments(&self, namespace: &str, name: &str) -> Option<Vec<Str>> {
        let (db, mesh) = (self.db(), self.input());
        let label = format!("{namespace}/{name}");
        let gateway = find_gateway(db, mesh, &label)?;
        let workloads = gateway_workloads(db, mesh).iter();
        let attached = workloads.filter(|workload| {
            proxy_of(workload).is_some_and(|proxy| {
                let attached = attached_gateways(db, mesh, &proxy);
                attached
                    .iter()
                    .any(|a| a.gateway.label() == gateway.label())
            })
        });
        let mut labels: Vec<Str> = attached.map(|w| w.label().into()).collect();
        labels.sort();
        labels.dedup();
        Some(labels)
    }
}
