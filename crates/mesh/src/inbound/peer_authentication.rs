//! Which mutual TLS a workload asks for (O:11.5).

use crate::db::{Db, Mesh, Name, name};
use crate::index::{config_order, facts, objects};
use crate::workloads::Proxy;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::policy::{MtlsMode, PeerAuthentication};
use meshscope_manifest::{Kind, Resource, ResourceKey};
use std::sync::Arc;

/// The effective mode of a workload, and what decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The mode of every port that has none of its own.
    pub mode: MtlsMode,
    /// Modes of single ports, sorted.
    pub ports: Vec<(u32, MtlsMode)>,
    /// The PeerAuthentication that decided the mode; `None` is the default, PERMISSIVE.
    pub by: Option<ResourceKey>,
    /// The one with the port modes.
    pub ports_by: Option<ResourceKey>,
}

impl Effective {
    /// The mode of a port of the workload.
    pub fn on_port(&self, port: u32) -> MtlsMode {
        let own = self.ports.iter().find(|(p, _)| *p == port);
        own.map_or(self.mode, |(_, mode)| *mode)
    }

    /// The object that decided the mode of a port.
    pub fn decided_by(&self, port: u32) -> Option<&ResourceKey> {
        if self.ports.iter().any(|(p, _)| *p == port) {
            self.ports_by.as_ref()
        } else {
            self.by.as_ref()
        }
    }
}

/// What a namespace's PeerAuthentications without selector say, its own and those of the root
/// namespace. Changes only with these.
#[salsa::tracked]
fn unselective<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
) -> (MtlsMode, Option<ResourceKey>) {
    let root = name(db, facts(db, mesh).root());
    let mut found = (MtlsMode::Permissive, None);
    // Narrower scopes overwrite wider ones; UNSET inherits.
    for ns in if namespace == root {
        vec![root]
    } else {
        vec![root, namespace]
    } {
        let first = oldest(db, mesh, ns, |p| p.selector.is_empty());
        if let Some((key, policy)) = first
            && policy.mode != MtlsMode::Unset
        {
            found = (policy.mode, Some(key));
        }
    }
    found
}

/// The mode the namespace of a service has, or the mesh: what clients infer for it (O:11.4).
/// `None` when neither says anything.
pub fn namespace_mode(db: &dyn Db, mesh: Mesh, namespace: &str) -> Option<(MtlsMode, ResourceKey)> {
    let (mode, by) = unselective(db, mesh, name(db, namespace)).clone();
    by.map(|by| (mode, by))
}

/// The effective modes of the workloads of a namespace with these labels.
pub fn effective(db: &dyn Db, mesh: Mesh, namespace: &str, labels: &Labels) -> Effective {
    let ns = name(db, namespace);
    let (mut mode, mut by) = unselective(db, mesh, ns).clone();
    let mut ports = Vec::new();
    let mut ports_by = None;
    // Selectors in the root namespace are ignored here.
    if namespace != facts(db, mesh).root().as_str() {
        let own = oldest(db, mesh, ns, |p| p.selector.selects(labels));
        if let Some((key, policy)) = own {
            if policy.mode != MtlsMode::Unset {
                mode = policy.mode;
                by = Some(key.clone());
            }
            if !policy.port_level.is_empty() {
                ports = policy.port_level;
                for (_, port_mode) in &mut ports {
                    if *port_mode == MtlsMode::Unset {
                        *port_mode = mode;
                    }
                }
                ports_by = Some(key);
            }
        }
    }
    Effective {
        mode,
        ports,
        by,
        ports_by,
    }
}

/// The effective modes of a proxy.
pub fn effective_for(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Effective {
    effective(db, mesh, &proxy.config_namespace, &proxy.labels)
}

fn oldest<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    namespace: Name<'db>,
    accept: impl Fn(&PeerAuthentication) -> bool,
) -> Option<(ResourceKey, PeerAuthentication)> {
    let all = objects(db, mesh, namespace, Kind::PeerAuthentication);
    let policy = |r: &Arc<Resource>| r.peer_authentication().cloned();
    let mut fitting: Vec<&Arc<Resource>> = all
        .iter()
        .filter(|r| r.peer_authentication().is_some_and(&accept))
        .collect();
    fitting.sort_by(|a, b| config_order(a, b));
    let first = fitting.first()?;
    Some((first.key.clone(), policy(first)?))
}
