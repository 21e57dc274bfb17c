//! The destinations of VirtualServices and what becomes of each at every proxy that carries it.
//!
//! Several rules read this one judgement: unknown hosts, ports and subsets, hidden services. It must
//! not know what any of them says.

mod verdicts;
mod written;

pub use verdicts::{Verdict, clients_in_words, totals};
pub use written::{Layer, Use, written, written_host};

use crate::finding::Finding;
use crate::known::is_unknown;
use crate::rule::Rule;
use meshscope_manifest::validate::Severity;
use meshscope_manifest::{Kind, ResourceKey};
use meshscope_mesh::db::{Db, Mesh, Name};
use meshscope_mesh::gateways::routers;
use meshscope_mesh::index::objects;
use meshscope_mesh::registry::Service;
use meshscope_mesh::visibility::{
    Fate, View, VirtualService, carriers, completed, declared, delegates_named, virtual_services_in,
};
use meshscope_mesh::workloads::{Proxy, Workload};
use std::sync::Arc;
use verdicts::{Seen, ports_at, verdicts};
use written::uses;

/// A destination with something wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The destination.
    pub at: Use,
    /// The VirtualService that proxies carry it with.
    pub carried_by: ResourceKey,
    /// The services its host names anywhere in the mesh, hidden ones included.
    pub declared: Vec<Arc<Service>>,
    /// One verdict per group of proxies, good ones included.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// Sidecar and gateway workloads that carry the route.
    pub fn carriers(&self) -> (usize, usize) {
        totals(self.verdicts.iter())
    }

    /// A finding on a field of the destination (empty: the destination), for the proxies of `hit`: an
    /// error where requests are lost, a warning for mirrors, for rules nothing reaches and where nobody
    /// carries the route.
    pub fn finding(&self, rule: &Rule, field: &str, hit: &[&Verdict], message: String) -> Finding {
        let lost = !hit.is_empty() && self.at.live && self.at.layer != Layer::Mirror;
        let severity = if lost {
            rule.severity
        } else {
            Severity::Warning
        };
        let path = self.at.path_of(field);
        let (workloads, gateways) = totals(hit.iter().copied());
        Finding::new(rule.name, severity, &self.at.object, &path, message)
            .reach(workloads, gateways)
    }

    /// The verdicts that pass a test.
    pub fn where_fate<'j>(&'j self, test: impl Fn(&Verdict) -> bool + 'j) -> Vec<&'j Verdict> {
        self.verdicts.iter().filter(|v| test(v)).collect()
    }
}

/// The destinations of the VirtualServices of one namespace that have something wrong. Reads per
/// destination what its host means to each group of clients, nothing else.
#[salsa::tracked]
pub fn judged_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Judged]> {
    let mut found = Vec::new();
    let mut seen = Seen::default();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        if !vs.gateway_semantics && vs.object.kind == Kind::VirtualService {
            judge(db, mesh, vs, true, &mut seen, &mut found);
        }
    }
    // Delegates are judged with the roots that name them; those nobody names, by themselves.
    for resource in objects(db, mesh, namespace, Kind::VirtualService).iter() {
        let key = (resource.key.namespace.clone(), resource.key.name.clone());
        let delegate = resource.virtual_service().is_some_and(|v| v.is_delegate());
        if delegate
            && !delegates_named(db, mesh).contains(&key)
            && let Some(vs) = completed(db, mesh, resource)
        {
            judge(db, mesh, &vs, false, &mut seen, &mut found);
        }
    }
    found.into()
}

/// The destinations of a VirtualService at each gateway workload where their rules can apply.
pub fn at_gateways(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
) -> Vec<(Use, Proxy, Arc<Workload>)> {
    let mut found = Vec::new();
    for (gateway, proxy, workload) in routers(db, mesh, vs) {
        for (at, matching) in uses(db, mesh, vs) {
            let ports = matching.ports(&gateway, &proxy);
            if at.live && !ports.is_some_and(|p| p.is_empty()) {
                found.push((at, proxy.clone(), workload.clone()));
            }
        }
    }
    found
}

/// The proxies of a destination's sidecars: groups that are alike, one proxy of each, and the ports they
/// may give the destination.
pub struct AtSidecars {
    /// The sidecars.
    pub view: View,
    /// One proxy per class, with the ports.
    pub proxies: Vec<(Proxy, Vec<u32>)>,
}

/// The sidecars that may use one destination of a VirtualService bound to mesh, for the destinations
/// that are `wanted`.
pub fn at_sidecars(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    wanted: impl Fn(&Use) -> bool,
) -> Vec<(Use, Vec<AtSidecars>)> {
    let mut found = Vec::new();
    for (at, matching) in uses(db, mesh, vs) {
        if !wanted(&at) {
            continue;
        }
        let views = carriers(db, mesh, vs, &at.destination.host).into_iter();
        let sidecars = views.map(|view| {
            let proxies = view.client.proxies.iter().filter_map(|proxy| {
                let ports = ports_at((db, mesh), &view.client, proxy, vs, &at, &matching)?;
                Some((proxy.clone(), ports))
            });
            let proxies = proxies.collect();
            AtSidecars { view, proxies }
        });
        let sidecars = sidecars.collect();
        found.push((at, sidecars));
    }
    found
}

fn judge<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    carried: bool,
    seen: &mut Seen<'db>,
    found: &mut Vec<Judged>,
) {
    for (at, matching) in uses(db, mesh, vs) {
        let host = &at.destination.host;
        if host.is_empty() || is_unknown(host) || is_unknown(&at.destination.subset) {
            continue;
        }
        let verdicts = if carried {
            verdicts(db, mesh, vs, &at, &matching, seen)
        } else {
            Vec::new()
        };
        // Whoever has a cluster for it has a service for it.
        if verdicts.is_empty() || !fine(&verdicts) {
            found.push(Judged {
                declared: declared(db, mesh, host),
                at,
                carried_by: vs.object.clone(),
                verdicts,
            });
        }
    }
}

fn fine(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|v| v.fate == Fate::Cluster)
}
