//! Whether one way out of a client namespace goes round the gateway, and which object is at fault.

use super::Bypass;
use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::egress::{ExternalHost, HostPath, Intended, Outcome};
use meshscope_mesh::index::resource;

/// The bypass that a path is, if it is one: the call leaves without the gateway it is meant to pass.
pub(super) fn bypass(
    db: &dyn Db,
    mesh: Mesh,
    client: &Str,
    host: &ExternalHost,
    meant: &[&Intended],
    path: &HostPath,
) -> Option<Bypass> {
    let first = meant.first()?;
    let route = meant.iter().find(|i| i.means(&path.call, client));
    if !path.outcome.leaves_without_gateway() {
        return None;
    }
    let own = first.virtual_service.namespace == *client;
    let direct = matches!(path.outcome, Outcome::Direct | Outcome::Split(_));
    let decided = path.because.iter().rev();
    let by = decided
        .clone()
        .find(|b| b.object.kind == Kind::VirtualService && !b.path.is_empty());
    let (object, at, reason) = match route {
        // A route that is exported is no promise to namespaces that do not know the host.
        Some(_) if !own && !direct => return None,
        Some(i) => {
            let block = if path.call.scheme.is_tls() {
                "spec.tls"
            } else {
                "spec"
            };
            match &path.outcome {
                Outcome::NotCaptured if has_sidecars(host) => return None,
                Outcome::NotCaptured => {
                    let why = "no sidecar takes it".to_owned();
                    (i.virtual_service.clone(), "spec.gateways".to_owned(), why)
                }
                Outcome::Passthrough => {
                    let why = "no rule for the mesh matches it, it leaves unclaimed".to_owned();
                    (i.virtual_service.clone(), block.to_owned(), why)
                }
                _ => match by {
                    Some(b) => (b.object.clone(), b.path.to_string(), b.why.to_string()),
                    None => {
                        let why = "no rule for the mesh matches it, it goes straight to the host";
                        (i.virtual_service.clone(), block.to_owned(), why.to_owned())
                    }
                },
            }
        }
        None if direct => {
            let elsewhere = host.intended.iter().any(|i| i.means(&path.call, client));
            let covers = meant.iter().any(|i| !i.calls.is_empty());
            let entry = host
                .service
                .clone()
                .filter(|k| k.kind == Kind::ServiceEntry)?;
            let ports = resource(db, mesh, &entry)?;
            let ports = &ports.service_entry()?.ports;
            let index = ports.iter().position(|p| p.number == path.call.port)?;
            let is_first =
                host.intended.first().map(|i| &i.virtual_service) == Some(&first.virtual_service);
            if elsewhere || !covers || !is_first {
                return None;
            }
            let why = format!("only {} is routed there", routed(meant));
            (entry, format!("spec.ports[{index}]"), why)
        }
        None => return None,
    };
    let decided = decided.filter(|b| b.object != object && b.object.kind != Kind::Deployment);
    let mut related: Vec<(ResourceKey, String, String)> = decided
        .take(3)
        .map(|b| (b.object.clone(), b.path.to_string(), b.why.to_string()))
        .collect();
    for i in meant.iter().filter(|i| i.virtual_service != object) {
        related.push((
            i.virtual_service.clone(),
            String::new(),
            "means it to pass the gateway".into(),
        ));
    }
    let mut gateways: Vec<Str> = meant.iter().flat_map(|i| i.gateways.clone()).collect();
    // The Gateways it names run on nothing in the files.
    let elsewhere = gateways.is_empty();
    if elsewhere {
        let named = meant.iter().flat_map(|i| &i.gateway_names);
        gateways.extend(named.map(|g| Str::new(format!("Gateway {g}"))));
    }
    gateways.dedup();
    Some(Bypass {
        object,
        path: at,
        call: path.call.clone(),
        reason,
        gateways,
        elsewhere,
        clients: path.clients.clone(),
        related,
    })
}

fn routed(meant: &[&Intended]) -> String {
    let calls = meant.iter().flat_map(|i| &i.calls);
    let mut ports: Vec<Str> = calls.map(|(_, p)| format!("port {p}").into()).collect();
    ports.sort();
    ports.dedup();
    listing(&ports, 3)
}

/// Whether any client of the namespace has a sidecar: then one without is a matter of enforcement.
fn has_sidecars(host: &ExternalHost) -> bool {
    host.paths.iter().any(|p| p.outcome != Outcome::NotCaptured)
}
