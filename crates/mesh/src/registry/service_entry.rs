//! ServiceEntries as services of the registry (V:1.2).

use super::{Address, Port, Protocol, Resolution, Service, Source};
use ipnet::IpNet;
use meshscope_manifest::spec::traffic::EntryResolution;
use meshscope_manifest::{Resource, Str};
use std::sync::Arc;

/// One service per host and address (V:R1.7); none when every address is invalid.
pub(super) fn services(resource: &Resource) -> Vec<Service> {
    let Some(spec) = resource.service_entry() else {
        return Vec::new();
    };
    let addresses: Vec<Address> = if spec.addresses.is_empty() {
        vec![Address::None]
    } else {
        spec.addresses.iter().filter_map(|a| address(a)).collect()
    };
    let ports: Arc<[Port]> = spec
        .ports
        .iter()
        .map(|p| Port {
            number: p.number,
            name: p.name.clone(),
            protocol: Protocol::parse(&p.protocol),
            target_port: p.target_port,
        })
        .collect();
    let resolution = match spec.resolution {
        EntryResolution::None => Resolution::Passthrough,
        EntryResolution::Static => Resolution::ClientSide,
        EntryResolution::Dns => Resolution::Dns,
        EntryResolution::DnsRoundRobin => Resolution::DnsRoundRobin,
        EntryResolution::DynamicDns => Resolution::DynamicDns,
    };
    let race = resource.meta.annotations.get("istio.io/connect-strategy");
    let mut services = Vec::new();
    for (host_index, host) in spec.hosts.iter().enumerate() {
        for address in &addresses {
            services.push(Service {
                host: host.clone(),
                namespace: resource.key.namespace.clone(),
                name: host.clone(),
                source: Source::External,
                object: resource.key.clone(),
                host_index,
                created: resource.meta.created,
                resolution: resolution.clone(),
                mesh_external: !spec.mesh_internal,
                address: address.clone(),
                more_addresses: Vec::new(),
                auto_address: spec
                    .status_addresses
                    .iter()
                    .find(|(h, _)| h == host)
                    .map(|(_, a)| a.clone()),
                ports: ports.clone(),
                export_to: spec.export_to.clone(),
                labels: resource.meta.labels.clone(),
                selector: spec.workload_selector.clone().unwrap_or_default(),
                has_selector: spec.workload_selector.is_some(),
                race_first_connect: race.is_some_and(|v| v == "RACE_FIRST_TCP_CONNECT"),
            });
        }
    }
    services
}

/// An IP, a CIDR, a full-length CIDR as its IP; anything else is dropped (V:R1.7).
fn address(text: &str) -> Option<Address> {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Some(if text == "0.0.0.0" {
            Address::None
        } else {
            Address::Ip(text.into())
        });
    }
    let net: IpNet = text.parse().ok()?;
    Some(if net.prefix_len() == net.max_prefix_len() {
        Address::Ip(Str::new(net.addr().to_string()))
    } else {
        Address::Cidr(text.into())
    })
}
