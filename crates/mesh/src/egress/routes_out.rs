//! What is meant to leave through an egress gateway: hosts that a VirtualService leads to one, or
//! that a Gateway on one serves outward. Intent is what bypasses are measured against.

use super::isolation::egress_gateways;
use crate::db::{Db, Mesh, Name, name};
use crate::gateways::{attached_gateways, service_targets};
use crate::index::{facts, namespaces};
use crate::names::matches;
use crate::registry::{Service, host_namespaces, service_in};
use crate::trace::{Call, Scheme};
use crate::visibility::{Audience, VirtualService, audience, virtual_services_in};
use crate::workloads::class_proxy;
use meshscope_manifest::{ResourceKey, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A host that is meant to leave through an egress gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intended {
    /// The host of the VirtualService.
    pub host: Str,
    /// The VirtualService that leads it to the gateway, or serves it there.
    pub virtual_service: ResourceKey,
    /// The gateway workloads, `namespace/name`; empty when the Gateways it names run nowhere.
    pub gateways: Vec<Str>,
    /// The Gateways it is bound to, `namespace/name`, those that do not exist among them.
    pub gateway_names: Vec<Str>,
    /// Whether it is bound to mesh: else it only serves the gateway.
    pub client_leg: bool,
    /// The kinds of call it is about, as (scheme, port).
    pub calls: Vec<(Scheme, u32)>,
    /// The client namespaces it is for: those it is exported to, or its own for one that only
    /// serves the gateway.
    pub namespaces: BTreeSet<Str>,
    /// The service that defines the host, when one does.
    pub service: Option<Arc<Service>>,
}

impl Intended {
    /// Whether its own rules are about a call of a client namespace: else the call is one its author
    /// left out, such as another port of the host.
    pub fn means(&self, call: &Call, namespace: &Str) -> bool {
        self.namespaces.contains(namespace)
            && self
                .calls
                .iter()
                .any(|(scheme, port)| *port == call.port && scheme.is_tls() == call.scheme.is_tls())
    }
}

/// An egress gateway by what leads to it: hosts of its Services, names of its Gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WayOut {
    label: Str,
    hosts: BTreeSet<Str>,
    names: BTreeSet<Str>,
}

whole! {
    /// The egress gateways of the mesh. Unchanged by an edit of routes that leaves them what they are.
    fn ways_out() -> Arc<[WayOut]> = ways_out_gathered;
}

#[salsa::tracked]
pub(crate) fn ways_out_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[WayOut]> {
    let workloads = egress_gateways(db, mesh);
    let gateways = workloads.iter().filter_map(|w| {
        let proxy = class_proxy(db, mesh, w)?;
        let targets = service_targets(db, mesh, &proxy);
        let attached = attached_gateways(db, mesh, &proxy);
        Some(WayOut {
            label: w.label().into(),
            hosts: targets.iter().map(|t| t.service.host.clone()).collect(),
            names: attached.iter().map(|a| a.gateway.label()).collect(),
        })
    });
    gateways.collect()
}

whole! {
    /// Everything that is meant to leave through a gateway.
    pub fn intended() -> Arc<[Intended]> = intended_gathered;
}

#[salsa::tracked]
pub(crate) fn intended_gathered(db: &dyn Db, mesh: Mesh) -> Arc<[Intended]> {
    let mut found = Vec::new();
    for (_, of_namespace) in each_intended(db, mesh) {
        found.extend(of_namespace.iter().cloned());
    }
    found.into()
}

across! {
    fn each_intended() -> Arc<[Intended]> = intended_in in intended_of_group;
}

/// What VirtualServices of one namespace mean to lead through a gateway.
#[salsa::tracked]
fn intended_in<'db>(db: &'db dyn Db, mesh: Mesh, namespace: Name<'db>) -> Arc<[Intended]> {
    let gateways = ways_out(db, mesh);
    let mut found = Vec::new();
    for vs in virtual_services_in(db, mesh, namespace).iter() {
        of_virtual_service(db, mesh, vs, gateways, &mut found);
    }
    found.into()
}

fn of_virtual_service(
    db: &dyn Db,
    mesh: Mesh,
    vs: &VirtualService,
    gateways: &[WayOut],
    found: &mut Vec<Intended>,
) {
    let leads = |g: &&WayOut| vs.destinations().any(|(_, d)| g.hosts.contains(&d.host));
    let serves = |g: &&WayOut| vs.gateways.iter().any(|n| g.names.contains(n));
    let through: Vec<Str> = gateways
        .iter()
        .filter(|g| leads(g) || serves(g))
        .map(|g| g.label.clone())
        .collect();
    let gateway_names: Vec<Str> = vs
        .gateways
        .iter()
        .filter(|g| *g != "mesh")
        .cloned()
        .collect();
    // Bound to mesh and to a Gateway alike, an external host is meant to pass the Gateway even when
    // that one does not exist.
    let both_legs = vs.is_bound_to("mesh") && !gateway_names.is_empty();
    if through.is_empty() && !both_legs {
        return;
    }
    for host in &vs.hosts {
        let owners = host_namespaces(db, mesh, name(db, host));
        let service = owners
            .iter()
            .find_map(|ns| service_in(db, mesh, name(db, ns), name(db, host)).clone());
        // A route to the gateway's own Service, or to one inside the mesh, leads nowhere out.
        if service.as_ref().is_some_and(|s| !s.mesh_external)
            || gateways.iter().any(|g| g.hosts.contains(host))
            || (through.is_empty() && service.is_none())
        {
            continue;
        }
        found.push(Intended {
            host: host.clone(),
            virtual_service: vs.object.clone(),
            gateways: through.clone(),
            gateway_names: gateway_names.clone(),
            client_leg: vs.is_bound_to("mesh"),
            calls: calls(vs, host, service.as_deref()),
            namespaces: audience_of(db, mesh, vs),
            service,
        });
    }
}

/// The kinds of call a VirtualService is about: per kind of rule, the ports its matches name, else
/// those of the service, else the usual one.
fn calls(vs: &VirtualService, host: &str, service: Option<&Service>) -> Vec<(Scheme, u32)> {
    let mut found: Vec<(Scheme, u32)> = Vec::new();
    let mut add = |scheme: Scheme, named: Vec<u32>, usual: u32| {
        let known = |p: &u32| service.is_none_or(|s| s.port(*p).is_some());
        let mut ports: Vec<u32> = named.into_iter().filter(known).collect();
        if ports.is_empty() {
            let fits = service.iter().flat_map(|s| s.ports.iter()).filter(|p| {
                let spoken = super::inventory::scheme_of(p.protocol, p.number);
                spoken.is_some_and(|s| s.is_tls() == scheme.is_tls())
            });
            ports = fits.map(|p| p.number).collect();
        }
        if ports.is_empty() && usual != 0 && service.is_none() {
            ports.push(usual);
        }
        for port in ports {
            if !found.contains(&(scheme, port)) {
                found.push((scheme, port));
            }
        }
    };
    if !vs.http.is_empty() {
        let ports = vs.http.iter().flat_map(|r| &r.rule.matches);
        add(
            Scheme::Http,
            ports.map(|m| m.port).filter(|p| *p != 0).collect(),
            80,
        );
    }
    let covers = |sni: &[Str]| sni.is_empty() || sni.iter().any(|s| matches(s, host));
    if !vs.tls.is_empty() {
        let all = vs.tls.iter().flat_map(|r| &r.matches);
        let ports = all.filter(|m| covers(&m.sni_hosts)).map(|m| m.port);
        add(Scheme::Https, ports.filter(|p| *p != 0).collect(), 443);
    }
    if !vs.tcp.is_empty() {
        let ports = vs.tcp.iter().flat_map(|r| &r.matches).map(|m| m.port);
        let tls_only = service.is_some_and(|s| s.ports.iter().all(|p| p.protocol.is_tls()));
        let scheme = if tls_only { Scheme::Https } else { Scheme::Tcp };
        add(scheme, ports.filter(|p| *p != 0).collect(), 0);
    }
    found
}

fn audience_of(db: &dyn Db, mesh: Mesh, vs: &VirtualService) -> BTreeSet<Str> {
    let defaults = &facts(db, mesh).config.default_virtual_service_export_to;
    match audience(vs, defaults) {
        Audience::Public => namespaces(db, mesh).iter().cloned().collect(),
        Audience::Namespaces(targets) => targets.into_iter().collect(),
        Audience::Nobody => BTreeSet::new(),
    }
}
