//! Whether a call enters the sidecar at all (O:1.4).

use crate::envoy::Because;
use crate::workloads::Workload;
use ipnet::IpNet;
use meshscope_manifest::Str;
use std::net::IpAddr;

const PREFIX: &str = "traffic.sidecar.istio.io/";

/// Why a connection to an address and port goes past the sidecar of a workload; `None` when it is
/// captured. The rules in the order iptables has them.
pub(super) fn escapes_outbound(workload: &Workload, address: &str, port: u32) -> Option<Because> {
    let because = |annotation: &str, why: &'static str| {
        let path = format!("metadata.annotations[{PREFIX}{annotation}]");
        Some(Because::new(&workload.object, path, why))
    };
    let list = |annotation: &str| written(workload, annotation);
    if list("excludeOutboundPorts").is_some_and(|l| has_port(l, port)) {
        return because("excludeOutboundPorts", "leaves this port alone (O:1.4)");
    }
    if is_loopback(address) {
        return Some(Because::new(
            &workload.object,
            Str::default(),
            "calls to the loopback address never leave the pod (O:1.4)",
        ));
    }
    if list("excludeOutboundIPRanges").is_some_and(|l| has_address(l, address)) {
        return because(
            "excludeOutboundIPRanges",
            "leaves this address alone (O:1.4)",
        );
    }
    if list("includeOutboundPorts").is_some_and(|l| has_port(l, port)) {
        return None;
    }
    match list("includeOutboundIPRanges") {
        Some(ranges) if !has_address(ranges, address) => because(
            "includeOutboundIPRanges",
            "captures other addresses only (O:1.4)",
        ),
        _ => None,
    }
}

/// Why a connection to a port of a workload goes past its sidecar (O:17.7).
pub(super) fn escapes_inbound(workload: &Workload, port: u32) -> Option<Because> {
    let because = |annotation: &str, why: &'static str| {
        let path = format!("metadata.annotations[{PREFIX}{annotation}]");
        Some(Because::new(&workload.object, path, why))
    };
    if written(workload, "excludeInboundPorts").is_some_and(|l| has_port(l, port)) {
        return because("excludeInboundPorts", "leaves this port alone (O:17.7)");
    }
    match written(workload, "includeInboundPorts") {
        Some(ports) if !has_port(ports, port) => {
            because("includeInboundPorts", "captures other ports only (O:17.7)")
        }
        _ => None,
    }
}

fn written<'w>(workload: &'w Workload, annotation: &str) -> Option<&'w str> {
    let key = format!("{PREFIX}{annotation}");
    workload.annotations.get(&key).map(Str::as_str)
}

fn has_port(list: &str, port: u32) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|part| part == "*" || part.parse() == Ok(port))
}

fn has_address(list: &str, address: &str) -> bool {
    let ip: Option<IpAddr> = address.parse().ok();
    list.split(',').map(str::trim).any(|part| {
        part == "*"
            || ip.is_some_and(|ip| match part.parse::<IpNet>() {
                Ok(net) => net.contains(&ip),
                Err(_) => part.parse() == Ok(ip),
            })
    })
}

fn is_loopback(address: &str) -> bool {
    matches!(address, "127.0.0.1" | "::1")
}
