//! What a proxy gets: services, VirtualServices, DestinationRules and clusters.

use super::Mesh;
use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::visibility::{self, Cluster, DestinationRuleEntry, Member, VirtualService};
use meshscope_mesh::workloads::Proxy;
use std::sync::Arc;

/// What a proxy gets.
#[derive(Clone, Debug)]
pub struct Visibility {
    /// The services it gets clusters for, and why.
    pub services: Vec<Member>,
    /// The VirtualServices its egress listeners carry; for a gateway workload none, because which
    /// ones count there is decided per Gateway.
    pub virtual_services: Vec<Arc<VirtualService>>,
    /// For each service that has one: its DestinationRule.
    pub destination_rules: Vec<(Str, Str, Arc<DestinationRuleEntry>)>,
}

impl Visibility {
    /// The DestinationRule objects in use, each once.
    pub fn destination_rule_objects(&self) -> Vec<ResourceKey> {
        let entries = self.destination_rules.iter();
        let mut keys: Vec<ResourceKey> = entries
            .flat_map(|(_, _, entry)| entry.from.iter().cloned())
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

impl Mesh<'_> {
    /// What a proxy gets.
    pub fn visibility(&self, proxy: &Proxy) -> Visibility {
        let (db, mesh) = (self.db(), self.input());
        let services: Vec<Member> = visibility::services_of(db, mesh, proxy)
            .iter()
            .cloned()
            .collect();
        let rule = |member: &Member| {
            let service = &member.service;
            let (host, namespace) = (&service.host, &service.namespace);
            let entry = visibility::destination_rule_for(db, mesh, proxy, host, namespace)?;
            Some((namespace.clone(), host.clone(), entry))
        };
        let destination_rules = services.iter().filter_map(rule).collect();
        let virtual_services = if proxy.is_router() {
            Vec::new()
        } else {
            visibility::mesh_virtual_services(db, mesh, proxy)
        };
        Visibility {
            services,
            virtual_services,
            destination_rules,
        }
    }

    /// The outbound clusters a proxy is sent.
    pub fn clusters(&self, proxy: &Proxy) -> Vec<Cluster> {
        visibility::clusters(self.db(), self.input(), proxy)
    }
}
