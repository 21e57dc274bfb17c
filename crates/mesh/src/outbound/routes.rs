//! HTTP route configs of sidecars: which virtual hosts there are, what they are called and where
//! their routes come from (O:8).
//!
//! A route config of a large mesh has a virtual host per service. Whoever asks about one Host header
//! gets only those that can take it ([`hosts_for`]); both ways run the same code, over all services
//! or over the candidates, so they agree.

use super::client::{Client, lower_case};
use super::fallback;
use super::virtual_hosts::Work;
use crate::db::{Db, Mesh, Name};
use crate::envoy::RouteConfig;
use crate::visibility::parts::{Shape, shape};
use meshscope_manifest::Str;
use std::sync::Arc;

/// The route config of a name, complete.
#[salsa::tracked]
pub fn route_config<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: Name<'db>,
) -> Arc<RouteConfig> {
    Arc::new(assemble(db, mesh, client, config.text(db), None))
}

/// The part of a route config that can take requests for one host: its virtual hosts for it, and the
/// catch-all. `host` is lower-case and without port. Changes only with what touches that host.
#[salsa::tracked]
pub fn hosts_for<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: Name<'db>,
    host: Name<'db>,
) -> Arc<RouteConfig> {
    Arc::new(assemble(
        db,
        mesh,
        client,
        config.text(db),
        Some(host.text(db)),
    ))
}

/// What the name of a route config says (O:5.6).
enum Kind<'a> {
    /// A port: shared by its services.
    Port(u32),
    /// A sniffed service of its own.
    Private { host: &'a str, port: u32 },
    /// The forward proxy or a unix socket.
    AllPorts,
}

fn kind(config: &str) -> Option<Kind<'_>> {
    if config == "http_proxy" || config.starts_with("unix://") {
        return Some(Kind::AllPorts);
    }
    match config.split_once(':') {
        None => config.parse().ok().map(Kind::Port),
        Some((host, port)) => port.parse().ok().map(|port| Kind::Private { host, port }),
    }
}

fn assemble<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    config: &str,
    host: Option<&str>,
) -> RouteConfig {
    let mut found = RouteConfig {
        name: config.into(),
        virtual_hosts: Vec::new(),
    };
    let Some(kind) = kind(config) else {
        return found;
    };
    let shape = shape(db, mesh, client.scope(db));
    let port = match kind {
        Kind::Port(port) | Kind::Private { port, .. } => port,
        Kind::AllPorts => 0,
    };
    let listener = listener_for(shape, port, config);
    // A private config is the virtual host of its service, whatever Host the request has.
    let host = match kind {
        Kind::Private { host, .. } => Some(lower_case(&host.into())),
        _ => host.map(Str::new),
    };
    if let Some(listener) = listener {
        let work = Work::new(db, mesh, client, shape, listener, port);
        found.virtual_hosts = work.virtual_hosts(host.as_deref());
    }
    found.virtual_hosts.sort_by(|a, b| a.name.cmp(&b.name));
    match kind {
        Kind::Private { host, .. } => {
            found
                .virtual_hosts
                .retain(|v| v.domains.iter().any(|d| d == host || d == config));
            if let [only] = &mut found.virtual_hosts[..] {
                only.domains = vec!["*".into()];
            }
        }
        _ => found.virtual_hosts.push(fallback::virtual_host(shape)),
    }
    found
}

/// The egress listener a route config belongs to (O:8.1).
fn listener_for(shape: &Shape, port: u32, config: &str) -> Option<usize> {
    shape.listeners.iter().position(|l| match &l.port {
        None => true,
        Some(p) if p.number != port => false,
        Some(_) => port != 0 || l.bind == config,
    })
}
