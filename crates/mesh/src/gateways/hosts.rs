//! The hosts of a server as istiod rewrites them (G:2.1).

use super::attach::Gateway;
use super::dropped::{DropReason, Dropped};
use meshscope_manifest::Str;
use meshscope_manifest::spec::gateway::Server;

/// The server with its hosts as istiod rewrites them (G:MRG-1..3).
pub(super) fn sanitised(
    gateway: &Gateway,
    index: usize,
    written: &Server,
    dropped: &mut Vec<Dropped>,
) -> Server {
    let mut server = written.clone();
    let mut everything = false;
    let mut crash = false;
    for (i, host) in written.hosts.iter().enumerate() {
        let mut parts = host.split('/');
        let (Some(namespace), Some(name)) = (parts.next(), parts.next()) else {
            continue;
        };
        let rewritten: Str = match (namespace, name) {
            (".", name) => format!("{}/{name}", gateway.namespace).into(),
            ("*", "*") => {
                everything = true;
                continue;
            }
            ("*", name) => name.into(),
            _ => continue,
        };
        crash |= everything;
        if let Some(slot) = server.hosts.get_mut(i) {
            *slot = rewritten;
        }
    }
    if everything {
        server.hosts = vec!["*".into()];
        let mut note = |reason, why: &str| {
            dropped.push(Dropped {
                reason,
                parties: vec![gateway.because(index, why)],
                port: 0,
                ambiguous: false,
            });
        };
        let others: Vec<Str> = written
            .hosts
            .iter()
            .filter(|h| *h != "*/*")
            .cloned()
            .collect();
        if crash {
            note(
                DropReason::IstiodCrash,
                "`*/*` before `./…` or `*/…`: istiod crashes on this server (G:MRG-3)",
            );
        } else if !others.is_empty() {
            note(
                DropReason::HostsDiscarded(others),
                "`*/*` discards the server's other hosts (G:MRG-1)",
            );
        }
    }
    server
}

/// The hosts of a Gateway's server that are open to a namespace, without their namespace part
/// (G:MRG-1, G:VSB-6).
pub fn open_hosts(gateway: &Gateway, index: usize, namespace: &str) -> Vec<Str> {
    let Some(written) = gateway.servers.get(index) else {
        return Vec::new();
    };
    let server = sanitised(gateway, index, written, &mut Vec::new());
    let open = server.hosts.iter().filter_map(|h| match h.split_once('/') {
        Some((ns, bare)) => (ns == namespace || ns == "*").then(|| Str::new(bare)),
        None => Some(h.clone()),
    });
    open.collect()
}
