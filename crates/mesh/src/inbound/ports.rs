//! The ports a sidecar declares: those of Services that select it, or of its Sidecar (O:17.2).

use crate::db::{Db, Mesh};
use crate::envoy::{Because, ClientCertificate, ServerTls};
use crate::gateways::service_targets;
use crate::index::{facts, resource};
use crate::outbound::{client, no_interception};
use crate::registry::Protocol;
use crate::visibility::parts::shape;
use crate::workloads::Proxy;
use meshscope_manifest::spec::gateway::{ServerTls as WrittenTls, TlsMode};
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::sidecar::{CaptureMode, IngressListener};
use meshscope_manifest::{Resource, Str};
use std::sync::Arc;

/// A declared inbound port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundPort {
    /// The port inside the pod.
    pub target: u32,
    /// The port of the Service, or of the Sidecar.
    pub number: u32,
    /// The protocol: that of the oldest Service.
    pub protocol: Protocol,
    /// The address in the names of its chains.
    pub bind: Str,
    /// A real socket rather than a part of the redirected listener.
    pub bind_to_port: bool,
    /// The cluster.
    pub cluster: Str,
    /// Hosts of the Services that lead here, oldest first; empty for a Sidecar's.
    pub hosts: Vec<Str>,
    /// TLS the Sidecar ends itself (O:13.11); only where mutual TLS is off.
    pub own_tls: Option<ServerTls>,
    /// `defaultEndpoint` of a Sidecar's; `None` for a Service's.
    pub default_endpoint: Option<Str>,
    /// Why it is declared.
    pub because: Vec<Because>,
}

/// The Sidecar of a proxy, when it has ingress listeners.
fn sidecar_with_ingress(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Option<Arc<Resource>> {
    let client = client(db, mesh, proxy);
    let key = shape(db, mesh, client.scope(db)).sidecar.as_ref()?;
    resource(db, mesh, key).filter(|r| r.sidecar().is_some_and(|s| !s.ingress.is_empty()))
}

/// The ports a sidecar declares, by port inside the pod.
pub fn inbound_ports(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<InboundPort> {
    let sidecar = sidecar_with_ingress(db, mesh, proxy);
    let merges = facts(db, mesh).flag(Flag::SidecarInboundListenerMerge);
    let ingress = sidecar
        .as_ref()
        .and_then(|r| r.sidecar())
        .map(|s| &s.ingress[..])
        .unwrap_or_default();
    let mut ports: Vec<InboundPort> = Vec::new();
    if ingress.is_empty() && no_interception(db, mesh, proxy) {
        return ports;
    }
    if ingress.is_empty() || merges {
        of_services(db, mesh, proxy, ingress, &mut ports);
    }
    if let Some(sidecar) = &sidecar {
        of_sidecar(db, mesh, proxy, sidecar, ingress, &mut ports);
    }
    ports.sort_by_key(|p| p.target);
    ports
}

fn of_services(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    ingress: &[IngressListener],
    ports: &mut Vec<InboundPort>,
) {
    let wildcard = client(db, mesh, proxy).traits(db).wildcard();
    for target in service_targets(db, mesh, proxy).iter() {
        // A port that the Sidecar declares, too, is the Sidecar's.
        if ingress.iter().any(|i| i.port.number == target.target_port)
            || is_reserved(db, mesh, proxy, target.target_port, true)
        {
            continue;
        }
        let because = Because::new(
            &target.service.object,
            "spec.selector",
            "selects the pod; the oldest such Service decides the protocol of a port (O:17.2)",
        );
        match ports.iter_mut().find(|p| p.target == target.target_port) {
            Some(known) => known.hosts.push(target.service.host.clone()),
            None => ports.push(InboundPort {
                target: target.target_port,
                number: target.port.number,
                protocol: target.port.protocol,
                bind: wildcard.into(),
                bind_to_port: false,
                cluster: cluster(target.target_port),
                hosts: vec![target.service.host.clone()],
                own_tls: None,
                default_endpoint: None,
                because: vec![because],
            }),
        }
    }
}

fn of_sidecar(
    db: &dyn Db,
    mesh: Mesh,
    proxy: &Proxy,
    sidecar: &Resource,
    ingress: &[IngressListener],
    ports: &mut Vec<InboundPort>,
) {
    let facts = facts(db, mesh);
    let wildcard = client(db, mesh, proxy).traits(db).wildcard();
    let targets = service_targets(db, mesh, proxy);
    for (index, listener) in ingress.iter().enumerate() {
        let number = listener.port.number;
        if ports.iter().any(|p| p.target == number)
            || (listener.bind == wildcard && is_reserved(db, mesh, proxy, number, false))
        {
            continue;
        }
        let mut protocol = Protocol::parse(&listener.port.protocol);
        let own_tls = listener
            .tls
            .as_ref()
            .filter(|_| facts.flag(Flag::TlsOnSidecarIngress))
            .map(server_tls);
        if own_tls.is_some() {
            protocol = after_termination(protocol);
        }
        let bind = if listener.bind.is_empty() {
            let own = proxy.ips.first();
            own.cloned().unwrap_or_else(|| wildcard.into())
        } else {
            listener.bind.clone()
        };
        let known = targets.iter().find(|t| t.target_port == number);
        ports.push(InboundPort {
            target: number,
            number,
            protocol,
            bind,
            bind_to_port: match listener.capture_mode {
                CaptureMode::Default => no_interception(db, mesh, proxy),
                mode => mode == CaptureMode::None,
            },
            cluster: cluster(number),
            hosts: known.map(|t| t.service.host.clone()).into_iter().collect(),
            own_tls,
            default_endpoint: Some(listener.default_endpoint.clone()),
            because: vec![Because::new(
                &sidecar.key,
                format!("spec.ingress[{index}]"),
                "declares the port in place of Services (O:13.10)",
            )],
        });
    }
}

/// Ports of the proxy itself, which services may not take (O:5.3).
fn is_reserved(db: &dyn Db, mesh: Mesh, proxy: &Proxy, port: u32, listen_ports: bool) -> bool {
    let config = &facts(db, mesh).config;
    client(db, mesh, proxy)
        .traits(db)
        .reserved_ports
        .contains(&port)
        || (listen_ports
            && (port == config.proxy_listen_port || port == config.proxy_inbound_listen_port))
}

fn cluster(port: u32) -> Str {
    format!("inbound|{port}||").into()
}

fn after_termination(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Https => Protocol::Http,
        Protocol::Tls => Protocol::Tcp,
        other => other,
    }
}

fn server_tls(tls: &WrittenTls) -> ServerTls {
    let istio_mutual = tls.mode == TlsMode::IstioMutual;
    ServerTls {
        client_certificate: match tls.mode {
            TlsMode::Mutual | TlsMode::IstioMutual => ClientCertificate::Required,
            TlsMode::OptionalMutual => ClientCertificate::Optional,
            _ => ClientCertificate::None,
        },
        certificate: if istio_mutual {
            "default".into()
        } else if !tls.credential_name.is_empty() {
            format!("kubernetes://{}", tls.credential_name).into()
        } else {
            format!("file-cert:{}~{}", tls.server_certificate, tls.private_key).into()
        },
        sds_cluster: Str::default(),
        istio_mutual,
    }
}
