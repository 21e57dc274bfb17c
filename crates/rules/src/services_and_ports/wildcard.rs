//! Which ports are heard on all addresses, without a condition on what arrives.

use crate::prelude::*;
use meshscope_manifest::spec::meshconfig::Flag;
use meshscope_mesh::registry::{Address, Port, ProtocolClass, Resolution, Service, Source};

/// Whether connections to its ports arrive on `0.0.0.0` (O:5.4).
pub(super) fn owns_the_wildcard(service: &Service) -> bool {
    service.source == Source::External
        && service.address == Address::None
        && service.auto_address.is_none()
        && !service.has_selector
}

/// Whether a port has no condition on SNI or HTTP: TCP, or the TCP half of an undeclared one.
pub(super) fn takes_all(port: &Port) -> bool {
    match port.protocol.class() {
        ProtocolClass::Tcp => !port.protocol.is_tls(),
        ProtocolClass::Auto => true,
        ProtocolClass::Http | ProtocolClass::Udp => false,
    }
}

/// Whether proxies capture DNS, which gives the entry an address of its own (V:R1.14).
pub(super) fn has_capture(db: &dyn Db, mesh: Mesh, service: &Service) -> bool {
    let facts = facts(db, mesh);
    let on = |key: &str| facts.config.metadata(key) == Some("true");
    let allocates = facts.flag(Flag::IpAutoallocate) || on("ISTIO_META_DNS_AUTO_ALLOCATE");
    let refused = service
        .labels
        .get("networking.istio.io/enable-autoallocate-ip");
    on("ISTIO_META_DNS_CAPTURE")
        && allocates
        && service.resolution != Resolution::Passthrough
        && refused.is_none_or(|v| v != "false")
}
