//! Kubernetes Services as services of the registry (V:1.1).

use super::{Address, Port, Protocol, Resolution, Service, Source};
use meshscope_manifest::{Resource, Str};

/// The service of a Kubernetes Service object (V:R1.1).
pub(super) fn service(resource: &Resource, domain: &str) -> Option<Service> {
    let spec = resource.service()?;
    let (name, namespace) = (&resource.key.name, &resource.key.namespace);
    let headless = spec.cluster_ip == "None";
    let external = spec.service_type == "ExternalName" && !spec.external_name.is_empty();
    let resolution = if headless {
        Resolution::Passthrough
    } else if external {
        Resolution::Alias(spec.external_name.clone())
    } else {
        Resolution::ClientSide
    };
    let address = if headless || external {
        Address::None
    } else if spec.cluster_ip.is_empty() {
        Address::Allocated
    } else {
        Address::Ip(spec.cluster_ip.clone())
    };
    let export_to = resource
        .meta
        .annotations
        .get("networking.istio.io/exportTo")
        .filter(|text| !text.is_empty())
        .map(|text| text.split(',').map(|part| Str::new(part.trim())).collect())
        .unwrap_or_default();
    Some(Service {
        host: format!("{name}.{namespace}.svc.{domain}").into(),
        namespace: namespace.clone(),
        name: name.clone(),
        source: Source::Kubernetes,
        object: resource.key.clone(),
        host_index: 0,
        created: resource.meta.created,
        resolution,
        mesh_external: external,
        address,
        more_addresses: spec.cluster_ips.iter().skip(1).cloned().collect(),
        auto_address: None,
        ports: spec
            .ports
            .iter()
            .map(|p| Port {
                number: p.port,
                name: p.name.clone(),
                protocol: Protocol::of_service_port(
                    p.port,
                    &p.name,
                    &p.protocol,
                    p.app_protocol.as_deref(),
                ),
                target_port: 0,
            })
            .collect(),
        export_to,
        labels: resource.meta.labels.clone(),
        selector: spec.selector.clone(),
        has_selector: !spec.selector.is_empty(),
        race_first_connect: false,
    })
}
