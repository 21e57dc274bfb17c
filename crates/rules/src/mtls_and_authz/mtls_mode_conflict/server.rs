//! What the workload behind a service takes, and what it refuses.

use super::RULE;
use crate::prelude::*;
use meshscope_manifest::spec::policy::MtlsMode;
use meshscope_manifest::spec::traffic::{ClientTlsMode, DestinationRule};
use meshscope_mesh::inbound::effective;
use meshscope_mesh::registry::Service;
use meshscope_mesh::workloads::Workload;

/// Whether a workload refuses one of these modes on some port.
pub(super) fn refuses_some(
    db: &dyn Db,
    mesh: Mesh,
    modes: &[Option<ClientTlsMode>],
    workload: &Workload,
) -> bool {
    let effective = effective(db, mesh, workload.namespace(), &workload.labels);
    let ports = std::iter::once(0).chain(effective.ports.iter().map(|(p, _)| *p));
    ports.into_iter().any(|p| {
        let mut modes = modes.iter();
        modes.any(|m| meets(db, mesh, *m, workload, p).is_some())
    })
}

/// Why a workload refuses what is sent, and the object that says so.
pub(super) fn meets(
    db: &dyn Db,
    mesh: Mesh,
    sent: Option<ClientTlsMode>,
    workload: &Workload,
    port: u32,
) -> Option<(String, Option<ResourceKey>)> {
    let mutual = sent == Some(ClientTlsMode::IstioMutual);
    match workload.proxy {
        Some(ProxyKind::Sidecar) => {
            let effective = effective(db, mesh, workload.namespace(), &workload.labels);
            let by = effective.decided_by(port).cloned();
            let name = by
                .as_ref()
                .map_or_else(|| "the default".to_owned(), ResourceKey::to_string);
            match effective.on_port(port) {
                MtlsMode::Strict if !mutual => Some((format!("which {name} makes STRICT"), by)),
                MtlsMode::Disable if mutual => {
                    Some((format!("where {name} turns mutual TLS off"), by))
                }
                _ => None,
            }
        }
        // Pods without a sidecar are a matter of mtls-to-unmeshed-workload.
        Some(ProxyKind::Router) | None => None,
    }
}

/// The pods are not in the files: those the Service selects have at least its labels.
pub(super) fn unknown_workload(
    db: &dyn Db,
    mesh: Mesh,
    rule: &Resource,
    spec: &DestinationRule,
    service: &Service,
) -> Option<Finding> {
    let tls = spec.traffic_policy.as_ref()?.tls.as_ref()?;
    let effective = effective(db, mesh, &service.namespace, &service.selector);
    let by = effective.by.clone()?;
    let mutual = tls.mode == ClientTlsMode::IstioMutual;
    let server = match effective.mode {
        MtlsMode::Strict if !mutual && effective.ports.is_empty() => "makes STRICT",
        MtlsMode::Disable if mutual && effective.ports.is_empty() => "turns mutual TLS off for",
        _ => return None,
    };
    if service.selector.is_empty() {
        return None;
    }
    let message = format!(
        "clients are told to send {} to {}, which {by} {server}: connections fail if its pods, which are not in these files, have sidecars",
        tls.mode.name(),
        service.host
    );
    let path = "spec.trafficPolicy.tls.mode";
    Some(
        Finding::new(RULE.name, RULE.severity, &rule.key, path, message)
            .help("remove tls, or write mode ISTIO_MUTUAL")
            .related(&by, "spec.mtls", "decides what the pods take")
            .certainty(Certainty::Assumed),
    )
}
