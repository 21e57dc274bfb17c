//! egress-gateway-bypassed: a call that some route means to pass an egress gateway goes out without
//! it (O:15A, O:15B). Every answer is a trace.

use crate::finding::listing;
use crate::prelude::*;
use meshscope_mesh::egress::{ExternalHost, HostPath, Intended, Outcome, intended, meant_to_pass};
use meshscope_mesh::index::resource;
use meshscope_mesh::trace::Call;
use meshscope_mesh::visibility::{VirtualService, declared, virtual_services_in};
use std::collections::BTreeSet;

/// The rule.
pub static RULE: Rule = Rule {
    name: "egress-gateway-bypassed",
    group: Group::Egress,
    tier: Tier::Core,
    severity: Severity::Warning,
    summary: "calls that a route means to pass an egress gateway go out without it",
    equivalents: &[],
    page: include_str!("../../pages/egress-gateway-bypassed.md"),
    check: Check::Namespace(check),
};

/// A bypass before clients of several namespaces are put together.
struct Bypass {
    object: ResourceKey,
    path: String,
    call: Call,
    reason: String,
    gateways: Vec<Str>,
    clients: Vec<Str>,
    related: Vec<(ResourceKey, String, String)>,
}

fn check<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Vec<Finding> {
    let own = namespace.text(db);
    if is_unknown(own) {
        return Vec::new();
    }
    let own_services = virtual_services_in(db, mesh, namespace);
    let mut found: Vec<Finding> = own_services
        .iter()
        .filter_map(|vs| shared_leg(db, mesh, vs))
        .collect();
    // Without a leg of the mesh, or a service that says the host is outside, a route through a gateway
    // is one for those who come in there.
    let is_promise = |i: &&Intended| {
        let mut all = own_services.iter();
        i.service.is_some() || all.any(|v| v.object == i.virtual_service && v.is_bound_to("mesh"))
    };
    let all = intended(db, mesh);
    let of_own: Vec<&Intended> = all
        .iter()
        .filter(|i| i.virtual_service.namespace == *own)
        .filter(is_promise)
        .filter(|i| {
            !found
                .iter()
                .any(|f| f.resource() == Some(&i.virtual_service))
        })
        .collect();
    let clients: BTreeSet<&Str> = of_own.iter().flat_map(|i| &i.namespaces).collect();
    let mut bypasses: Vec<Bypass> = Vec::new();
    for client in clients.into_iter().filter(|c| !is_unknown(c)) {
        for host in meant_to_pass(db, mesh, name(db, client)).iter() {
            let meant = of_own.iter().filter(|i| i.host == host.host);
            let meant: Vec<&Intended> = meant
                .copied()
                .filter(|i| i.namespaces.contains(client))
                .collect();
            for path in &host.paths {
                if let Some(new) = bypass(db, mesh, client, host, &meant, path) {
                    add(&mut bypasses, new);
                }
            }
        }
    }
    found.extend(bypasses.into_iter().map(finding));
    found
}

/// One rule for the mesh and for the gateway: a sidecar takes it too, and goes straight out.
fn shared_leg(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> Option<Finding> {
    let other = vs.gateways.iter().find(|g| *g != "mesh")?;
    if !vs.is_bound_to("mesh") || vs.object.kind != Kind::VirtualService || vs.gateway_semantics {
        return None;
    }
    let of_mesh = |g: &[Str]| g.is_empty() || g.iter().any(|g| g == "mesh");
    let of_both = |g: &[Str]| of_mesh(g) && (g.is_empty() || g.len() > 1);
    let http = vs.http.iter().map(|r| {
        let matches: Vec<&[Str]> = r.rule.matches.iter().map(|m| &m.gateways[..]).collect();
        let to: Vec<&Str> = r.rule.route.iter().map(|d| &d.destination.host).collect();
        ("http", r.index, matches, to)
    });
    let l4 = [("tls", &vs.tls), ("tcp", &vs.tcp)]
        .into_iter()
        .flat_map(|(block, routes)| {
            routes.iter().map(move |r| {
                let matches: Vec<&[Str]> = r.matches.iter().map(|m| &m.gateways[..]).collect();
                let to: Vec<&Str> = r.route.iter().map(|d| &d.destination.host).collect();
                (block, r.index, matches, to)
            })
        });
    let straight = |host: &Str| {
        let services = declared(db, mesh, host);
        vs.hosts.contains(host) && !services.is_empty() && services.iter().all(|s| s.mesh_external)
    };
    let mut shared = None;
    for (block, index, matches, to) in http.chain(l4) {
        if !matches.is_empty() && !matches.iter().any(|m| of_mesh(m)) {
            continue;
        }
        // A leg of the mesh that leads anywhere else is judged by tracing.
        if to.is_empty() || !to.iter().all(|h| straight(h)) {
            return None;
        }
        if shared.is_none() && (matches.is_empty() || matches.iter().any(|m| of_both(m))) {
            shared = Some((
                format!("spec.{block}[{index}]"),
                to.first().map(|h| (*h).clone()),
            ));
        }
    }
    let (path, host) = shared?;
    let message = format!(
        "{} never passes Gateway {other}: this rule serves both legs, so a sidecar sends the call straight to the host",
        host?
    );
    let help = "split it: a rule with match.gateways [mesh] to the gateway's Service, and one with the gateway to the host";
    Some(Finding::new(RULE.name, Severity::Error, &vs.object, &path, message).help(help))
}

fn bypass(
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
    gateways.dedup();
    Some(Bypass {
        object,
        path: at,
        call: path.call.clone(),
        reason,
        gateways,
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

fn add(all: &mut Vec<Bypass>, new: Bypass) {
    let same = all.iter_mut().find(|b| {
        (&b.object, &b.path, &b.call, &b.reason) == (&new.object, &new.path, &new.call, &new.reason)
    });
    match same {
        Some(known) => known.clients.extend(new.clients),
        None => all.push(new),
    }
}

fn finding(b: Bypass) -> Finding {
    let message = format!(
        "{} of {} does not pass {}: {}",
        b.call,
        listing(&b.clients, 3),
        listing(&b.gateways, 2),
        b.reason
    );
    let mut finding = Finding::new(RULE.name, RULE.severity, &b.object, &b.path, message)
        .reach(b.clients.len(), 0);
    for (object, path, why) in b.related {
        finding = finding.related(&object, &path, why);
    }
    finding
}
