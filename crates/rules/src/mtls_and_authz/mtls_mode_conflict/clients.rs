//! What each client sends under a rule, set against what the workloads take.

use super::server::meets;
use super::{RULE, of_workload};
use crate::prelude::*;
use crate::viewers::{Caller, callers};
use meshscope_manifest::spec::traffic::{ClientTlsMode, DestinationRule};
use meshscope_mesh::index::resource;
use meshscope_mesh::outbound::sent_tls;
use meshscope_mesh::registry::{Endpoint, Service, target_port};
use std::sync::Arc;

/// One finding per field of the rule that makes some client send what a workload refuses.
pub(super) fn of_clients(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    service: &Arc<Service>,
    endpoints: &[Endpoint],
) -> Vec<Finding> {
    let object = resource(db, mesh, &service.object);
    let ports = object
        .as_ref()
        .and_then(|o| o.service())
        .map_or(&[][..], |s| &s.ports);
    let mut found: Vec<Finding> = Vec::new();
    for Caller {
        proxy,
        workloads,
        gateways,
        who,
    } in callers(db, mesh, &service.host)
    {
        let subsets = spec.subsets.iter().map(|s| s.name.as_str());
        for subset in std::iter::once("").chain(subsets) {
            let labels = spec
                .subsets
                .iter()
                .find(|s| s.name == subset)
                .map(|s| &s.labels);
            let hit = endpoints
                .iter()
                .filter(|e| labels.is_none_or(|l| l.subset_of(&e.labels)));
            for (endpoint, workload) in hit.filter_map(|e| Some((e, of_workload(e)?))) {
                for port in ports {
                    let Some(target) =
                        target_port(&port.target_port, port.port, &port.protocol, workload)
                    else {
                        continue;
                    };
                    let to = Some((endpoint, target));
                    let sent = sent_tls(db, mesh, &proxy, service, port.port, subset, to);
                    let Some(because) = sent.because.iter().find(|b| b.object == rule.key) else {
                        continue;
                    };
                    let path = format!("{}.mode", because.path);
                    let met = meets(db, mesh, sent.mode, workload, target);
                    let Some((server, by)) = met else { continue };
                    let mode = sent.mode.map_or("plaintext", ClientTlsMode::name);
                    let message = format!(
                        "{who} told to send {mode} to {}, {server}: connections fail",
                        service.host
                    );
                    let mut finding = Finding::new(RULE.name, RULE.severity, &rule.key, &path, message)
                        .help("remove tls (Istio then sends what the workload takes), or write mode ISTIO_MUTUAL where it has a sidecar")
                        .related(&workload.object, "", "is the workload")
                        .reach(workloads, gateways);
                    if let Some(by) = by {
                        finding = finding.related(&by, "spec", "decides what it takes");
                    }
                    // One finding per field: further clients add to its reach.
                    match found.iter_mut().find(|f| f.anchor == finding.anchor) {
                        Some(first) if !first.message.starts_with(who.as_str()) => {
                            if let Some(reach) = &mut first.reach {
                                reach.workloads += workloads;
                                reach.gateways += gateways;
                            }
                        }
                        Some(_) => {}
                        None => found.push(finding),
                    }
                }
            }
        }
    }
    found
}
