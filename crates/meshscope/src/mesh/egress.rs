//! How calls leave a mesh, and what holds them to the way they are meant to take (O:15, O:16).

use super::Mesh;
use meshscope_manifest::Str;
use meshscope_mesh::egress::{self, ExternalHost, Isolation, Layers, WayRound};
use meshscope_mesh::workloads::find_workload;

impl Mesh<'_> {
    /// The enforcement layers of a namespace.
    pub fn egress_layers(&self, namespace: &str) -> Layers {
        egress::layers(self.db(), self.input(), namespace)
    }

    /// The external hosts of a namespace, each with the path its calls take out.
    pub fn egress_inventory(&self, namespace: &str) -> Vec<ExternalHost> {
        egress::inventory(self.db(), self.input(), namespace)
    }

    /// The inventories of all namespaces that call out.
    pub fn egress_inventories(&self) -> Vec<(Str, Vec<ExternalHost>)> {
        egress::inventories(self.db(), self.input())
    }

    /// Every way round the egress gateway that the workloads of a namespace have.
    pub fn egress_ways_round(&self, namespace: &str) -> Vec<WayRound> {
        egress::ways_round(self.db(), self.input(), namespace)
    }

    /// How well two gateway workloads, each as (namespace, name), are kept apart; none when one of
    /// them is no gateway workload.
    pub fn isolation(&self, a: (&str, &str), b: (&str, &str)) -> Option<Isolation> {
        let (db, mesh) = (self.db(), self.input());
        let a = find_workload(db, mesh, a.0, a.1)?;
        let b = find_workload(db, mesh, b.0, b.1)?;
        egress::isolation(db, mesh, &a, &b)
    }

    /// The isolation of every pair of egress gateways.
    pub fn isolation_matrix(&self) -> Vec<Isolation> {
        egress::isolation_matrix(self.db(), self.input())
    }
}
