//! What a gateway workload makes of an object: the questions this folder asks of `gateways`.

use crate::db::{Db, Mesh};
use crate::envoy::Because;
use crate::index::{all_objects, facts};
use crate::registry::Service;
use crate::visibility::VirtualService;
use crate::workloads::Proxy;
use meshscope_manifest::spec::gateway::Server;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::{Kind, ResourceKey, Str};
use std::sync::Arc;

/// temporary
pub(super) struct Gateway {
    pub object: ResourceKey,
    pub servers: Vec<Server>,
}
impl Gateway {
    pub fn label(&self) -> Str {
        format!("{}/{}", self.object.namespace, self.object.name).into()
    }
}
/// temporary
pub(super) struct AttachedGateway {
    pub gateway: Arc<Gateway>,
    pub because: Because,
}
pub(super) fn attached_gateways(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<AttachedGateway> {
    if !proxy.is_router() {
        return Vec::new();
    }
    let _ = facts(db, mesh).flag(Flag::ScopeGatewayToNamespace);
    all_objects(db, mesh, Kind::Gateway)
        .iter()
        .filter_map(|r| {
            let g = r.gateway()?;
            g.selector
                .subset_of(&proxy.labels)
                .then(|| AttachedGateway {
                    because: Because::new(
                        &r.key,
                        "spec.selector",
                        "every label of the selector is on the pod (G:SEL-3)",
                    ),
                    gateway: Arc::new(Gateway {
                        object: r.key.clone(),
                        servers: g.servers.clone(),
                    }),
                })
        })
        .collect()
}
pub(super) fn has_cluster_of(_: &dyn Db, _: Mesh, _: &Proxy, _: &Service) -> bool {
    true
}
pub(super) fn uses_gateway(_: &dyn Db, _: Mesh, _: &Proxy, _: &ResourceKey) -> bool {
    true
}
pub(super) fn serves_virtual_service(_: &dyn Db, _: Mesh, _: &Proxy, _: &VirtualService) -> bool {
    true
}
