//! `listeners`: a listener of a proxy and its filter chains (O:5, O:17, G:3).

use super::proxy::proxy;
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::envoy::{FilterChain, Listener};
use meshscope::engine::gateways::gateway_listeners;
use meshscope::engine::inbound::inbound_listener;
use meshscope::engine::outbound::outbound_listeners;
use meshscope::engine::workloads::Proxy;
use meshscope::manifest::Value;

const KIND: CheckKind = CheckKind::Listener;

/// One check per entry.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let entries = case.value.list("listeners").iter().enumerate();
    entries
        .map(|(i, entry)| one(mesh, entry, format!("listeners[{i}]")))
        .collect()
}

fn one(mesh: Mesh<'_>, entry: &Value, name: String) -> Check {
    let proxy = match proxy(mesh, entry) {
        Ok(proxy) => proxy,
        Err(why) => return Check::failed(KIND, name, why).with(json(entry), Default::default()),
    };
    let all = all(mesh, &proxy);
    let wanted = entry.str_or_empty("listener");
    let Some(listener) = all.iter().find(|l| l.name == wanted) else {
        let names = all.iter().map(|l| l.name.as_str()).collect::<Vec<_>>();
        let why = format!("there is no listener {wanted}");
        return Check::failed(KIND, name, why).with(json(entry), names.into());
    };
    let mut differences = Vec::new();
    for wanted in entry.list("filter_chains") {
        let index = wanted.int("index").and_then(|i| usize::try_from(i).ok());
        let chain = index.and_then(|i| listener.chains.get(i));
        match chain {
            Some(chain) => differences.extend(compare(wanted, chain)),
            None => differences.push("a filter chain is not there".to_owned()),
        }
    }
    if differences.is_empty() {
        Check::passed(KIND, name)
    } else {
        Check::failed(KIND, name, differences.join("; ")).with(json(entry), Default::default())
    }
}

fn all(mesh: Mesh<'_>, proxy: &Proxy) -> Vec<Listener> {
    let (db, input) = (mesh.db(), mesh.input());
    if proxy.is_router() {
        return gateway_listeners(db, input, proxy).listeners.clone();
    }
    let mut all = outbound_listeners(db, input, proxy).to_vec();
    all.extend(inbound_listener(db, input, proxy).map(|l| Listener::clone(&l)));
    all
}

fn compare(wanted: &Value, chain: &FilterChain) -> Vec<String> {
    let tls = chain.tls.as_ref();
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut differences = Vec::new();
    let mut differ = |key: &str, want: String, got: String| {
        if wanted.has(key) && want != got {
            differences.push(format!("{key}: expected {want}, got {got}"));
        }
    };
    let terminates = wanted.bool("terminates_tls").unwrap_or_default();
    differ(
        "terminates_tls",
        terminates.to_string(),
        tls.is_some().to_string(),
    );
    differ(
        "server_certificate",
        wanted.str_or_empty("server_certificate").to_string(),
        text(tls.map(|t| t.certificate.as_str())),
    );
    differ(
        "sds_cluster",
        wanted.str_or_empty("sds_cluster").to_string(),
        text(tls.map(|t| t.sds_cluster.as_str())),
    );
    differences
}
