//! The clusters inbound calls end in (O:17.5, O:13.10).

use super::ports::{InboundPort, inbound_ports};
use crate::db::{Db, Mesh};
use crate::envoy::{Cluster, ClusterType};
use crate::index::facts;
use crate::outbound::{Traits, client};
use crate::workloads::Proxy;
use meshscope_manifest::Str;

/// The inbound clusters of a sidecar.
pub fn inbound_clusters(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Cluster> {
    let traits = client(db, mesh, proxy).traits(db);
    let localhost = facts(db, mesh).config.inbound_localhost;
    inbound_ports(db, mesh, proxy)
        .iter()
        .filter_map(|port| {
            let endpoint = match &port.default_endpoint {
                None if localhost => Some(format!("{}:{}", traits.localhost(), port.target).into()),
                None => None,
                Some(written) => of_sidecar(written, proxy, traits)?,
            };
            Some(cluster(port, endpoint))
        })
        .collect()
}

fn cluster(port: &InboundPort, endpoint: Option<Str>) -> Cluster {
    Cluster {
        name: port.cluster.clone(),
        kind: if endpoint.is_some() {
            ClusterType::Static
        } else {
            ClusterType::OriginalDst
        },
        locality_groups: usize::from(endpoint.is_some()),
        endpoints: endpoint.into_iter().collect(),
        services: port.hosts.clone(),
    }
}

/// Where `defaultEndpoint` leads: a socket, the pod's IP for `0.0.0.0`, the loopback address. The
/// outer `None`: it cannot be read and there is no cluster.
fn of_sidecar(written: &str, proxy: &Proxy, traits: Traits) -> Option<Option<Str>> {
    if written.is_empty() {
        return Some(None);
    }
    if let Some(path) = written.strip_prefix("unix://") {
        return Some(Some(path.into()));
    }
    let (host, port) = written.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let own = |v6: bool| {
        let found = proxy.ips.iter().find(|ip| ip.contains(':') == v6);
        found.map(Str::as_str)
    };
    let address = match host {
        "0.0.0.0" => own(false).unwrap_or("127.0.0.1"),
        "::" => own(true).unwrap_or("::1"),
        "127.0.0.1" if traits.ipv4 => "127.0.0.1",
        "127.0.0.1" => "::1",
        "::1" if traits.ipv6 => "::1",
        "::1" => "127.0.0.1",
        _ => "",
    };
    Some((!address.is_empty()).then(|| format!("{address}:{port}").into()))
}
