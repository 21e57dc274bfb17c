//! Which ports a VirtualService can be called on: of the services of its hosts, and of its Gateways.

use super::conditions::{Conditions, legs};
use super::finding;
use crate::prelude::*;
use meshscope_manifest::spec::kubernetes::TargetPort;
use meshscope_mesh::gateways::find_gateway;
use meshscope_mesh::index::resource;
use meshscope_mesh::names::{is_wildcard, matches};
use meshscope_mesh::registry::{Service, similar_hosts};
use meshscope_mesh::visibility::{VirtualService, declared};
use std::sync::Arc;

/// Where the hosts of a VirtualService have ports.
pub(super) struct Ports {
    /// Ports of the services of its hosts; `None` when a host may be more than the files say.
    mesh: Option<Vec<u32>>,
    services: Vec<Arc<Service>>,
}

impl Ports {
    /// Those of the services its hosts name.
    pub(super) fn of(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Ports {
        let mut services: Vec<Arc<Service>> = Vec::new();
        let mut ports: Vec<u32> = vec![];
        let mut certain = true;
        for host in &vs.hosts {
            let similar = similar_hosts(db, mesh, name(db, host));
            let of_host = declared(db, mesh, host);
            let overlapping = similar.0.iter().any(|h| h != host && matches(h, host));
            certain &= !is_wildcard(host) && !overlapping && !of_host.is_empty();
            services.extend(of_host);
        }
        ports.extend(
            services
                .iter()
                .flat_map(|s| s.ports.iter().map(|p| p.number)),
        );
        Ports {
            mesh: certain.then_some(ports),
            services,
        }
    }

    /// The finding that no leg of a match has its port.
    pub(super) fn dead(
        &self,
        db: &dyn Db,
        mesh: Mesh,
        vs: &VirtualService,
        conditions: &Conditions<'_>,
    ) -> Option<Finding> {
        let port = conditions.port;
        let mut known: Vec<u32> = Vec::new();
        let mut reasons = Vec::new();
        let mut others = Vec::new();
        for leg in legs(vs, conditions) {
            if *leg == "mesh" {
                let ports = self.mesh.as_ref()?;
                if ports.contains(&port) {
                    return None;
                }
                known.extend(ports);
                let host = vs.hosts.first().map_or("its host", Str::as_str);
                reasons.push(format!("no service declares {host}:{port}"));
                others.extend(
                    self.services
                        .iter()
                        .map(|s| (s.object.clone(), "spec.ports")),
                );
            } else {
                let gateway = find_gateway(db, mesh, leg)?;
                if gateway.servers.iter().any(|s| s.port == port) {
                    return None;
                }
                known.extend(gateway.servers.iter().map(|s| s.port));
                reasons.push(format!("{leg} has no server on port {port}"));
                others.push((gateway.object.clone(), "spec.servers"));
            }
        }
        if reasons.is_empty() {
            return None;
        }
        known.sort_unstable();
        known.dedup();
        let shown: Vec<Str> = known.iter().map(|p| Str::new(p.to_string())).collect();
        let path = format!("{}.port", conditions.path);
        let message = format!(
            "port {port} is true for nobody: {} (there is {})",
            reasons.join(", and "),
            crate::finding::listing(&shown, 6)
        );
        let mut finding = finding(conditions, &path, message);
        for (object, field) in others {
            finding = finding.related(&object, field, "the ports there are");
        }
        let meant = self.target_of(db, mesh, port).or(match &known[..] {
            [only] => Some(*only),
            _ => None,
        });
        let Some(meant) = meant.filter(|m| known.contains(m)) else {
            return Some(finding);
        };
        let edits = path.parse().map(|path| Edit::Replace {
            path,
            value: meshscope_manifest::Value::Int(meant.into()),
        });
        Some(finding.help(format!("did you mean {meant}?")).fix(Fix {
            title: format!("match port {meant}"),
            safe: false,
            edits: edits.into_iter().collect(),
        }))
    }

    /// The service port whose target was written.
    fn target_of(&self, db: &dyn Db, mesh: Mesh, port: u32) -> Option<u32> {
        self.services.iter().find_map(|s| {
            let object = resource(db, mesh, &s.object)?;
            let ports = &object.service()?.ports;
            let hit = ports
                .iter()
                .find(|p| p.target_port == TargetPort::Number(port));
            hit.map(|p| p.port)
        })
    }
}
