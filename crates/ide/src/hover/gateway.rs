//! A Gateway: the workloads it applies to, what they listen with, the routes bound to it.

use crate::words::{coded, count, listed, object, plain};
use meshscope::Mesh;
use meshscope::engine::db::name;
use meshscope::engine::gateways::{
    Binding, Gateway, bindings, gateways_in, referencing, workloads_of_gateway,
};
use meshscope::engine::index::resource;
use meshscope::engine::workloads::{Proxy, Workload};
use meshscope::manifest::{ResourceKey, Str};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// What a Gateway of Istio or of Gateway API comes to. The latter is one Gateway of istiod's per listener.
pub(super) fn of(mesh: Mesh<'_>, key: &ResourceKey) -> String {
    let (db, input) = (mesh.db(), mesh.input());
    let all = gateways_in(db, input, name(db, &key.namespace));
    let own: Vec<&Arc<Gateway>> = all.iter().filter(|g| g.object == *key).collect();
    if own.is_empty() {
        let why = match resource(db, input, key).is_some() {
            true => "istiod makes no Gateway of it",
            false => "no manifest of the mesh holds it",
        };
        return format!("**{}**: {why}", object(key));
    }
    let mut text = format!("**{}**\n", object(key));
    let mut names: Vec<String> = Vec::new();
    for gateway in &own {
        let workloads = workloads_of_gateway(db, input, name(db, &gateway.label()));
        names.extend(workloads.iter().map(|(_, w)| object(&w.object)));
    }
    names.sort();
    names.dedup();
    let _ = match names.is_empty() {
        true => write!(
            text,
            "\n- no gateway workload has the labels of its selector"
        ),
        false => write!(text, "\n- applies to {}", listed(&names, 4)),
    };
    let mut bindings = Vec::new();
    let mut labels = Vec::new();
    for gateway in own {
        let label = gateway.label();
        let workloads = workloads_of_gateway(db, input, name(db, &label)).clone();
        let all = bound(mesh, &label, &workloads);
        for (index, server) in gateway.servers.iter().enumerate() {
            let hosts: Vec<&str> = server
                .hosts
                .iter()
                .map(|h| h.trim_start_matches("*/"))
                .collect();
            let hosts = coded(&hosts, 4);
            let port = listener_port(&all, gateway, index)
                .filter(|port| *port != server.port)
                .map(|port| format!(", listener port {port}"))
                .unwrap_or_default();
            let _ = write!(
                text,
                "\n- {} {}{port}: {hosts}",
                server.protocol, server.port
            );
        }
        bindings.extend(all);
        labels.push(label);
    }
    routes(mesh, &labels, &bindings, &mut text);
    text
}

/// What became of every VirtualService on a Gateway, on any of its workloads.
fn bound(mesh: Mesh<'_>, label: &str, workloads: &[(Proxy, Arc<Workload>)]) -> Vec<Binding> {
    let mut all: Vec<Binding> = Vec::new();
    for (proxy, _) in workloads {
        let found = bindings(mesh.db(), mesh.input(), proxy);
        all.extend(found.iter().filter(|b| b.gateway == label).cloned());
    }
    all
}

fn listener_port(all: &[Binding], gateway: &Gateway, server: usize) -> Option<u32> {
    let servers = all.iter().flat_map(|binding| &binding.bound);
    let mut own = servers.filter(|b| b.gateway.object == gateway.object && b.server == server);
    own.next().map(|b| b.listener_port)
}

fn routes(mesh: Mesh<'_>, labels: &[Str], all: &[Binding], text: &mut String) {
    let mut on: BTreeMap<&ResourceKey, Vec<&str>> = BTreeMap::new();
    let mut off: BTreeMap<&ResourceKey, String> = BTreeMap::new();
    for binding in all {
        let key = &binding.virtual_service.object;
        let hosts = binding.bound.iter().flat_map(|server| &server.hosts);
        if binding.bound.is_empty() {
            let why = binding.unbound.iter().flat_map(|u| u.because.last()).next();
            let why = why
                .map(|why| plain(&why.why).to_owned())
                .unwrap_or_default();
            off.entry(key).or_insert(why);
        } else {
            on.entry(key).or_default().extend(hosts.map(|h| h.as_str()));
        }
    }
    off.retain(|key, _| !on.contains_key(key));
    if all.is_empty() {
        let (db, input) = (mesh.db(), mesh.input());
        let named = labels
            .iter()
            .map(|label| referencing(db, input, name(db, label)).len());
        let _ = write!(text, "\n- named by {}", count(named.sum(), "route"));
        return;
    }
    const SHOWN: usize = 8;
    for (key, hosts) in on.iter().take(SHOWN) {
        let mut hosts = hosts.clone();
        hosts.dedup();
        let _ = write!(text, "\n- {}: {}", object(key), coded(&hosts, 3));
    }
    if on.len() > SHOWN {
        let _ = write!(text, "\n- and {} more", on.len() - SHOWN);
    }
    for (key, why) in off.iter().take(SHOWN) {
        let _ = write!(
            text,
            "\n- **not** {}: {}",
            object(key),
            if why.is_empty() { "no reason" } else { why }
        );
    }
    if on.is_empty() && off.is_empty() {
        text.push_str("\n- no route is bound to it");
    }
}
