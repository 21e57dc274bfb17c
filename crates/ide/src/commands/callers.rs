//! From where a call is worth tracing, and which.

use super::proxy;
use crate::references::meant;
use crate::symbol::Symbol;
use crate::symbol::clients::prepared;
use crate::symbol::cursor::{hits, owners_at};
use meshscope::engine::db::name;
use meshscope::engine::gateways::{bindings, workloads_of_gateway};
use meshscope::engine::names::is_wildcard;
use meshscope::engine::registry::{ProtocolClass, Service, service_in};
use meshscope::engine::visibility::{VirtualService, carriers};
use meshscope::engine::workloads::{Proxy, ProxyKind, classes_in, workloads_in};
use meshscope::manifest::{Kind, ResourceKey, Str};
use meshscope::{Mesh, Workspace};
use serde::Serialize;
use std::collections::BTreeMap;

/// Workloads and calls that are listed, at most.
const LIMIT: usize = 50;

/// A workload a trace may start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub who: String,
    /// The mesh.
    pub mesh: String,
    /// Calls worth asking about from here, as URLs; the hosts under the cursor first.
    pub calls: Vec<String>,
}

/// The workloads worth tracing from at `offset`: on a workload itself; on a route or host, those that
/// carry it; on a Gateway its gateway workloads.
pub fn callers(workspace: &Workspace, file: &str, offset: usize) -> Vec<Caller> {
    let mut asked = meant(&hits(workspace, file, offset));
    asked.retain(|(_, symbols)| !symbols.is_empty());
    if asked.is_empty()
        && let Some(file) = workspace.file(file)
    {
        let owners = owners_at(workspace, file, offset).into_iter();
        asked = owners
            .map(|owner| (owner.mesh, vec![Symbol::Object(owner.key())]))
            .collect();
    }
    let mut found: Vec<Caller> = Vec::new();
    for (mesh, symbols) in asked {
        let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for symbol in &symbols {
            of_symbol(mesh, symbol, &mut |who, urls| {
                let own = calls.entry(who).or_default();
                for url in urls {
                    if !own.contains(url) && own.len() < LIMIT {
                        own.push(url.clone());
                    }
                }
            });
        }
        found.extend(calls.into_iter().take(LIMIT).map(|(who, calls)| Caller {
            who,
            mesh: mesh.name().into(),
            calls,
        }));
    }
    found
}

/// What is called with a workload and URLs.
type Add<'a> = dyn FnMut(String, &[String]) + 'a;

fn of_symbol(mesh: Mesh<'_>, symbol: &Symbol, add: &mut Add<'_>) {
    let (db, input) = (mesh.db(), mesh.input());
    match symbol {
        Symbol::Host { owner: None, .. } => {}
        Symbol::Host {
            host,
            owner: Some(owner),
        } => {
            let service = service_in(db, input, name(db, owner), name(db, host)).clone();
            if let Some(service) = service {
                of_service(mesh, &service, add);
            }
        }
        Symbol::Object(key) | Symbol::Part { object: key, .. } => match key.kind {
            Kind::Gateway | Kind::KubernetesGateway => of_gateway(mesh, key, add),
            kind if kind.is_workload() => {
                let all = workloads_in(db, input, name(db, &key.namespace));
                if let Some(workload) = all.iter().find(|w| w.object == *key) {
                    add(
                        proxy(
                            workload.proxy.unwrap_or(ProxyKind::Sidecar),
                            &workload.label(),
                        ),
                        &[],
                    );
                }
            }
            _ => prepared(mesh, key)
                .iter()
                .for_each(|vs| of_route(mesh, vs, add)),
        },
    }
}

/// The sidecars of the service's own namespace: nearest to whoever looks at it.
fn of_service(mesh: Mesh<'_>, service: &Service, add: &mut Add<'_>) {
    let urls = urls_of(service);
    let classes = classes_in(mesh.db(), mesh.input(), name(mesh.db(), &service.namespace));
    let classes = classes.iter().filter(|class| !class.proxy.is_router());
    for workload in classes.flat_map(|class| &class.workloads).take(LIMIT) {
        add(proxy(ProxyKind::Sidecar, workload), &urls);
    }
}

/// Calls to the ports of a service.
fn urls_of(service: &Service) -> Vec<String> {
    if is_wildcard(&service.host) {
        return Vec::new();
    }
    let urls = service.ports.iter().filter_map(|port| {
        let (host, number) = (&service.host, port.number);
        match port.protocol.class() {
            ProtocolClass::Udp => None,
            ProtocolClass::Tcp if port.protocol.is_tls() => {
                Some(format!("https://{host}:{number}/"))
            }
            ProtocolClass::Tcp => Some(format!("tcp://{host}:{number}")),
            ProtocolClass::Http | ProtocolClass::Auto => Some(format!("http://{host}:{number}/")),
        }
    });
    urls.collect()
}

/// The gateway workloads of a Gateway, with what is bound on them.
fn of_gateway(mesh: Mesh<'_>, key: &ResourceKey, add: &mut Add<'_>) {
    let db = mesh.db();
    let all = meshscope::engine::gateways::gateways_in(db, mesh.input(), name(db, &key.namespace));
    for gateway in all.iter().filter(|gateway| gateway.object == *key) {
        let label = gateway.label();
        for (proxy, _) in workloads_of_gateway(db, mesh.input(), name(db, &label)).iter() {
            on_gateway(mesh, proxy, &label, None, add);
        }
    }
}

/// The calls that a Gateway takes on a gateway workload, of one VirtualService or all.
fn on_gateway(
    mesh: Mesh<'_>,
    router: &Proxy,
    label: &str,
    of: Option<&VirtualService>,
    add: &mut Add<'_>,
) {
    let all = bindings(mesh.db(), mesh.input(), router);
    let own = all.iter().filter(|binding| {
        binding.gateway == label && of.is_none_or(|vs| vs.object == binding.virtual_service.object)
    });
    let mut urls = Vec::new();
    for server in own.flat_map(|binding| &binding.bound) {
        let Some(written) = server.gateway.servers.get(server.server) else {
            continue;
        };
        let scheme = match written.protocol.to_ascii_uppercase().as_str() {
            "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => "http",
            "TCP" | "MONGO" | "MYSQL" | "REDIS" => "tcp",
            _ => "https",
        };
        let hosts = server.hosts.iter().filter(|host| !is_wildcard(host));
        let path = if scheme == "tcp" { "" } else { "/" };
        urls.extend(hosts.map(|host| format!("{scheme}://{host}:{}{path}", written.port)));
    }
    add(proxy(ProxyKind::Router, &router.workload), &urls);
}

/// The proxies that carry a route.
fn of_route(mesh: Mesh<'_>, vs: &VirtualService, add: &mut Add<'_>) {
    let (db, input) = (mesh.db(), mesh.input());
    for gateway in vs.gateways.iter().filter(|gateway| *gateway != "mesh") {
        for (router, _) in workloads_of_gateway(db, input, name(db, gateway)).iter() {
            on_gateway(mesh, router, gateway, Some(vs), add);
        }
    }
    let hosts: Vec<&Str> = vs.hosts.iter().filter(|host| !is_wildcard(host)).collect();
    for host in &hosts {
        for view in carriers(db, input, vs, host) {
            let client = &view.client;
            let known = crate::symbol::clients::service_for(mesh, &client.namespace, host);
            let urls = match &known {
                Some(service) => urls_of(service),
                None => vec![format!("http://{host}/")],
            };
            for own in client.proxies.iter().take(LIMIT) {
                add(proxy(ProxyKind::Sidecar, &own.workload), &urls);
            }
        }
    }
}
