//! Whom outbound configuration is computed for, and the slices of its scope that it reads.
//!
//! [`Client`] is the class: what of a proxy can change its outbound side. [`ScopeKey`] is the coarser
//! key of everything that does not depend on labels. The tracked projections here are firewalls on top
//! of the parts of a scope: its services change, those of one port do not.

use crate::db::{Db, Mesh, Name, name};
use crate::index::facts;
use crate::names::is_wildcard;
use crate::registry::{Resolution, Service};
use crate::visibility::parts::{
    ScopeKey, cluster_services, scope_key, services, shape, virtual_services,
};
use crate::visibility::{Public, public_source_keys, source_keys_of};
use crate::workloads::Proxy;
use meshscope_manifest::Str;
use meshscope_manifest::spec::Labels;
use meshscope_manifest::spec::meshconfig::Flag;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A class of sidecars with equal outbound configuration.
#[salsa::interned(debug)]
pub struct Client<'db> {
    /// Its scope.
    #[returns(copy)]
    pub scope: ScopeKey<'db>,
    /// The namespace of the pods, which source conditions compare.
    #[returns(copy)]
    pub namespace: Name<'db>,
    /// The labels that a source condition in the scope mentions.
    pub labels: Labels,
    /// What proxy metadata changes.
    #[returns(copy)]
    pub traits: Traits,
}

/// What of a proxy's metadata changes its outbound configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traits {
    /// It captures DNS, so that auto-allocated addresses are dialled (O:2.5).
    pub uses_auto_addresses: bool,
    /// It has, or may have, an IPv4 address.
    pub ipv4: bool,
    /// It has, or may have, an IPv6 address.
    pub ipv6: bool,
    /// Interception mode NONE: nothing is redirected (O:1.3).
    pub no_interception: bool,
    /// HTTP/1.0 is accepted (O:5.7).
    pub http10: bool,
    /// It may not bind ports below 1024 (O:5.3).
    pub unprivileged: bool,
    /// Ports of its own (status, metrics) that services may not take (O:5.3).
    pub reserved_ports: [u32; 2],
    /// The forward proxy port; 0 means none (O:5.13).
    pub http_proxy_port: u32,
}

impl Traits {
    /// The address that stands for every address.
    pub fn wildcard(self) -> &'static str {
        if self.ipv4 { "0.0.0.0" } else { "::" }
    }

    /// The loopback address.
    pub fn localhost(self) -> &'static str {
        if self.ipv4 { "127.0.0.1" } else { "::1" }
    }

    /// Whether an address is of a family the proxy has.
    pub fn supports(self, address: &str) -> bool {
        if address.contains(':') {
            self.ipv6
        } else {
            self.ipv4
        }
    }
}

/// The class of a sidecar.
pub fn client<'db>(db: &'db dyn Db, mesh: Mesh, proxy: &Proxy) -> Client<'db> {
    let scope = scope_key(db, mesh, proxy);
    let mut labels = proxy.labels.clone();
    let keys = source_keys(db, mesh, scope);
    labels.0.retain(|(k, _)| keys.contains(k));
    let facts = facts(db, mesh);
    let metadata = |key: &str| {
        let default = || facts.config.metadata(&format!("ISTIO_META_{key}"));
        proxy.metadata(key).or_else(default)
    };
    let is_true = |key: &str| matches!(metadata(key), Some("true" | "1" | "TRUE" | "True" | "t"));
    let number = |key: &str| metadata(key).and_then(|v| v.parse().ok());
    let allocates = facts.flag(Flag::IpAutoallocate) || is_true("DNS_AUTO_ALLOCATE");
    let is_v6 = |ip: &Str| ip.contains(':');
    let traits = Traits {
        uses_auto_addresses: allocates && is_true("DNS_CAPTURE"),
        ipv4: proxy.ips.is_empty() || !proxy.ips.iter().all(is_v6),
        ipv6: proxy.ips.is_empty() || proxy.ips.iter().any(is_v6),
        no_interception: no_interception(db, mesh, proxy),
        http10: facts.flag(Flag::Http10) || metadata("HTTP10") == Some("1"),
        unprivileged: is_true("UNPRIVILEGED_POD"),
        reserved_ports: [
            number("ENVOY_STATUS_PORT").unwrap_or(15021),
            number("ENVOY_PROMETHEUS_PORT").unwrap_or(15090),
        ],
        http_proxy_port: number("HTTP_PROXY_PORT").unwrap_or(facts.config.proxy_http_port),
    };
    Client::new(db, scope, name(db, &proxy.namespace), labels, traits)
}

/// Whether nothing is redirected to the proxy: interception mode NONE (O:1.3).
pub fn no_interception(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> bool {
    match proxy.metadata("INTERCEPTION_MODE") {
        Some(mode) => mode == "NONE",
        None => facts(db, mesh).config.interception_none,
    }
}

/// Label keys that source conditions of the scope's VirtualServices mention.
#[salsa::tracked]
pub fn source_keys<'db>(db: &'db dyn Db, mesh: Mesh, key: ScopeKey<'db>) -> Arc<BTreeSet<Str>> {
    let mut keys = BTreeSet::new();
    let count = shape(db, mesh, key).listeners.len();
    for listener in 0..count {
        let carried = virtual_services(db, mesh, key, listener);
        keys.extend(source_keys_of(carried.own.iter()).cloned());
        match &carried.public {
            Public::All => keys.extend(public_source_keys(db, mesh).iter().cloned()),
            Public::Listed(list) => keys.extend(source_keys_of(list.iter()).cloned()),
        }
    }
    Arc::new(keys)
}

/// What a TCP or TLS destination needs to know of its service (O:6.11).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its port, when it has exactly one.
    pub only_port: Option<u32>,
    /// The host an ExternalName Service stands for.
    pub external_name: Option<Str>,
}

/// The service a host means among those the scope has clusters for (O:3.12).
#[salsa::tracked]
pub fn target<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    host: Name<'db>,
) -> Option<Target> {
    let member = cluster_services(db, mesh, key).get(host.text(db))?;
    Some(Target {
        only_port: match &member.service.ports[..] {
            [only] => Some(only.number),
            _ => None,
        },
        external_name: match &member.service.resolution {
            Resolution::Alias(target) => Some(target.clone()),
            _ => None,
        },
    })
}

/// The services of one listener that have a port, in istiod's order. An edit of a service without
/// that port stops here.
#[salsa::tracked]
pub fn on_port<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
    port: u32,
) -> Arc<[Arc<Service>]> {
    let set = services(db, mesh, key, listener);
    set.with_port(port).map(|m| m.service.clone()).collect()
}

/// The services of one listener that have a port, indexed for route configs (O:8.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortServices {
    /// The services that count, in order: of several with one host the last.
    pub services: Vec<Arc<Service>>,
    by_host: FxHashMap<Str, u32>,
    /// Those with a wildcard host.
    pub wildcards: Vec<u32>,
}

impl PortServices {
    fn new<'a>(services: impl Iterator<Item = &'a Arc<Service>>, lower: bool) -> PortServices {
        let mut found = PortServices::default();
        for service in services {
            let key = if lower {
                lower_case(&service.host)
            } else {
                service.host.clone()
            };
            if let Some(&at) = found.by_host.get(&key) {
                if let Some(slot) = found.services.get_mut(at as usize) {
                    *slot = service.clone();
                }
                continue;
            }
            let at = u32::try_from(found.services.len()).unwrap_or(u32::MAX);
            if is_wildcard(&key) {
                found.wildcards.push(at);
            }
            found.by_host.insert(key, at);
            found.services.push(service.clone());
        }
        found
    }

    /// The position of the service with this lower-case host.
    pub fn position(&self, host: &str) -> Option<usize> {
        self.by_host.get(host).map(|&i| i as usize)
    }

    /// The service with this lower-case host.
    pub fn get(&self, host: &str) -> Option<&Arc<Service>> {
        self.position(host).and_then(|i| self.services.get(i))
    }
}

/// The services of one listener on one port; port 0 takes all of them (O:8.12). Changes only when
/// such a service does.
#[salsa::tracked]
pub fn port_services<'db>(
    db: &'db dyn Db,
    mesh: Mesh,
    key: ScopeKey<'db>,
    listener: usize,
    port: u32,
) -> Arc<PortServices> {
    Arc::new(if port == 0 {
        let set = services(db, mesh, key, listener);
        PortServices::new(set.iter().map(|m| &m.service), false)
    } else {
        PortServices::new(on_port(db, mesh, key, listener, port).iter(), true)
    })
}

/// ASCII lower case without allocating when it already is.
pub fn lower_case(text: &Str) -> Str {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.clone()
    }
}
