//! Outbound listeners: one per address and port, and who wins where services meet (O:5).

use super::address::{NONE, address_for};
use super::chains::{Builder, Chain, ServicePort};
use super::client::{Client, on_port};
use super::domains::Home;
use super::entry::{Entries, Entry, finish, is_well_known, merge};
use crate::db::{Db, Mesh, Name, name};
use crate::envoy::{Because, Listener};
use crate::index::facts;
use crate::names::is_ip;
use crate::registry::{Port, Protocol, ProtocolClass, Resolution, Service, shared_endpoints};
use crate::visibility::parts::{Egress, services, shape};
use meshscope_manifest::Str;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_manifest::spec::sidecar::CaptureMode;
use std::sync::Arc;

/// The listener at exactly this address and port. `own` says that the address is the proxy's: the
/// listeners of its headless peers leave it out (O:5.4). Changes with the services and
/// VirtualServices of that port alone.
#[salsa::tracked]
pub fn listener_at<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    address: Name<'db>,
    port: u32,
    own: bool,
) -> Option<Arc<Listener>> {
    let address = address.text(db);
    let wanted = Wanted {
        port: Some(port),
        address: Some(address),
        own: if own { address } else { "" },
    };
    let built = build(db, mesh, client, &wanted);
    built.into_iter().next().map(Arc::new)
}

/// All listeners of a client whose own address is `own`, empty when not known.
#[salsa::tracked]
pub fn all<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    own: Name<'db>,
) -> Arc<[Listener]> {
    let wanted = Wanted {
        port: None,
        address: None,
        own: own.text(db),
    };
    build(db, mesh, client, &wanted).into()
}

/// Which listeners are asked for.
struct Wanted<'a> {
    port: Option<u32>,
    address: Option<&'a str>,
    own: &'a str,
}

impl Wanted<'_> {
    fn port(&self, port: u32) -> bool {
        self.port.is_none_or(|p| p == port)
    }

    fn address(&self, address: &str) -> bool {
        self.address.is_none_or(|a| a == address)
    }
}

fn build<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    client: Client<'db>,
    wanted: &Wanted<'_>,
) -> Vec<Listener> {
    let facts = facts(db, mesh);
    let scope = client.scope(db);
    let shape = shape(db, mesh, scope);
    let traits = client.traits(db);
    let home = Home {
        namespace: scope.namespace(db).text(db),
        domain: &facts.domain,
        absolute: facts.flag(Flag::AbsoluteFqdnVhostDomain),
    };
    let mut entries = Entries::default();
    for (index, egress) in shape.listeners.iter().enumerate() {
        let builder = Builder {
            db,
            mesh,
            client,
            listener: index,
            home,
            traits,
        };
        let side = Side {
            builder,
            egress,
            reserved: [
                facts.config.proxy_listen_port,
                facts.config.proxy_inbound_listen_port,
            ],
        };
        side.add(wanted, &mut entries);
    }
    entries
        .into_iter()
        .map(|((address, port), entry)| finish(shape, address, port, entry))
        .collect()
}

/// One egress listener at work.
struct Side<'a, 'db> {
    builder: Builder<'a, 'db>,
    egress: &'a Egress,
    reserved: [u32; 2],
}

impl Side<'_, '_> {
    fn bind_to_port(&self) -> bool {
        self.builder.traits.no_interception
            || self.egress.capture_mode == CaptureMode::None
            || self.egress.bind.starts_with("unix://")
    }

    /// The address all its listeners share; empty when each service's own counts (O:5.1).
    fn bind(&self) -> &str {
        if !self.egress.bind.is_empty() {
            &self.egress.bind
        } else if self.bind_to_port() {
            self.builder.traits.localhost()
        } else {
            ""
        }
    }

    fn add(&self, wanted: &Wanted<'_>, entries: &mut Entries) {
        let builder = &self.builder;
        let scope = builder.client.scope(builder.db);
        match &self.egress.port {
            Some(port) => {
                let port = Port {
                    number: port.number,
                    name: port.name.clone(),
                    protocol: Protocol::parse(&port.protocol),
                    target_port: 0,
                };
                if !wanted.port(port.number) || !self.can_bind(&port) {
                    return;
                }
                let set = services(builder.db, builder.mesh, scope, builder.listener);
                for member in set.iter() {
                    self.add_at(&member.service, &port, self.bind(), wanted, entries);
                }
            }
            None => {
                entries.values_mut().for_each(|e| e.locked = true);
                match wanted.port {
                    Some(number) => {
                        let (db, mesh) = (builder.db, builder.mesh);
                        for service in on_port(db, mesh, scope, builder.listener, number).iter() {
                            self.add_service(service, wanted, entries);
                        }
                    }
                    None => {
                        let set = services(builder.db, builder.mesh, scope, builder.listener);
                        for member in set.iter() {
                            self.add_service(&member.service, wanted, entries);
                        }
                    }
                }
            }
        }
    }

    /// All ports of a service, for a listener without a port of its own (O:5.4).
    fn add_service(&self, service: &Arc<Service>, wanted: &Wanted<'_>, entries: &mut Entries) {
        for port in service.ports.iter().filter(|p| wanted.port(p.number)) {
            if !self.can_bind(port) {
                continue;
            }
            let per_endpoint = self.bind().is_empty()
                && service.resolution == Resolution::Passthrough
                && self.address(service) == NONE
                && matches!(
                    port.protocol.class(),
                    ProtocolClass::Tcp | ProtocolClass::Auto
                );
            if !per_endpoint {
                self.add_at(service, port, self.bind(), wanted, entries);
                continue;
            }
            let found = shared_endpoints(self.builder.db, self.builder.mesh, service, port.number);
            if found.is_empty() && !service.is_kubernetes() && !service.has_selector {
                self.add_at(service, port, self.bind(), wanted, entries);
                continue;
            }
            for endpoint in &found {
                // A pod of files has no IP: the service's host stands for it.
                let address = endpoint.address.as_ref().unwrap_or(&service.host);
                let known = endpoint.address.is_some();
                if (known && !is_ip(address)) || address == wanted.own {
                    continue;
                }
                self.add_at(service, port, address, wanted, entries);
            }
        }
    }

    /// O:5.3.
    fn can_bind(&self, port: &Port) -> bool {
        let traits = self.builder.traits;
        if self.bind_to_port() && traits.unprivileged && (1..1024).contains(&port.number) {
            return false;
        }
        let bind = self.bind();
        let on_wildcard = if bind.is_empty() {
            port.protocol.is_http()
        } else {
            bind == traits.wildcard()
        };
        !(on_wildcard
            && (self.reserved.contains(&port.number)
                || traits.reserved_ports.contains(&port.number)))
    }

    /// Adds what one service port contributes to the listener it belongs to (O:5.4, O:5.8).
    fn add_at(
        &self,
        service: &Arc<Service>,
        port: &Port,
        bind: &str,
        wanted: &Wanted<'_>,
        entries: &mut Entries,
    ) {
        let class = port.protocol.class();
        if service.is_alias() || class == ProtocolClass::Udp {
            return;
        }
        let wildcard = self.builder.traits.wildcard();
        let own = self.address(service);
        let mut cidrs = Vec::new();
        let address: Str = match class {
            _ if !bind.is_empty() => bind.into(),
            ProtocolClass::Http => wildcard.into(),
            _ if own.contains('/') => {
                cidrs.push(own.clone());
                wildcard.into()
            }
            _ if own == NONE => wildcard.into(),
            _ => own.clone(),
        };
        if !wanted.address(&address) {
            return;
        }
        let key = (address, port.number);
        let existing = entries.get(&key);
        if existing.is_some_and(|e| e.locked) {
            return;
        }
        let conflict = existing.map(|e| e.protocol);
        let over = conflict.map(Protocol::class);
        if class == ProtocolClass::Http
            && port.protocol != Protocol::HttpProxy
            && over.is_some_and(|o| o != ProtocolClass::Tcp)
        {
            // The routes still appear: route configs are shared per port.
            return;
        }
        if class == ProtocolClass::Auto && over == Some(ProtocolClass::Auto) {
            return;
        }
        let on_wildcard = key.0 == wildcard;
        let aliases = self.aliases(service);
        let at = ServicePort {
            service,
            port: port.number,
            protocol: port.protocol,
            bind: &key.0,
            cidrs,
            address: &own,
            aliases: &aliases,
        };
        let mut protocol = port.protocol;
        let chains = match class {
            _ if protocol == Protocol::HttpProxy => vec![self.builder.http(&at, false, false)],
            ProtocolClass::Http => {
                if on_wildcard {
                    protocol = Protocol::Unsupported;
                }
                vec![self.builder.http(&at, on_wildcard, false)]
            }
            ProtocolClass::Tcp => self.builder.tcp(&at),
            _ => {
                let mut chains = self.builder.tcp(&at);
                chains.push(self.builder.http(&at, true, !on_wildcard));
                chains
            }
        };
        let because = self.because(service, port, on_wildcard);
        let entry = match (conflict, over) {
            (Some(existing), Some(over)) => {
                if protocol != Protocol::HttpProxy && is_well_known(port.protocol, existing) {
                    return;
                }
                if class == ProtocolClass::Auto && over == ProtocolClass::Http {
                    None
                } else {
                    let mixed = class != ProtocolClass::Tcp || over == ProtocolClass::Http;
                    entries.get_mut(&key).map(|e| (e, mixed))
                }
            }
            _ => None,
        };
        match entry {
            Some((entry, mixed)) if protocol != Protocol::HttpProxy => {
                merge(entry, chains);
                if mixed {
                    entry.protocol = Protocol::Unsupported;
                }
                entry.because.push(because);
            }
            _ => {
                let bind_to_port = self.bind_to_port();
                entries.insert(
                    key,
                    Entry {
                        bind_to_port,
                        taken: chains.iter().map(Chain::conflict_key).collect(),
                        chains,
                        protocol,
                        locked: false,
                        because: vec![because],
                    },
                );
            }
        }
    }

    fn address(&self, service: &Service) -> Str {
        let builder = &self.builder;
        address_for(builder.db, builder.mesh, service, builder.traits)
    }

    fn aliases(&self, service: &Service) -> Vec<Str> {
        aliases(self.builder.db, self.builder.mesh, self.egress, service)
    }

    fn because(&self, service: &Service, port: &Port, on_wildcard: bool) -> Because {
        let index = service.ports.iter().position(|p| p.number == port.number);
        let path = index.map_or_else(Str::default, |i| format!("spec.ports[{i}]").into());
        let why = if on_wildcard {
            "has this port, and no address of its own counts for it (O:5.4)"
        } else {
            "has this port at this address (O:5.4)"
        };
        Because::new(&service.object, path, why)
    }
}

/// The ExternalName hosts a listener knows a service by, too (O:2.8, V:R1.24).
pub(super) fn aliases(db: &dyn Db, mesh: Mesh, egress: &Egress, service: &Service) -> Vec<Str> {
    crate::registry::aliases_of(db, mesh, name(db, &service.host))
        .iter()
        .filter(|a| egress.hosts.imports_alias(service, &a.host))
        .map(|a| a.host.clone())
        .collect()
}
