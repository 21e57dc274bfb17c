//! `clusters`: the clusters of a proxy, and what is in them (O:9, O:17.5, G:9).

use super::proxy::proxy;
use crate::case::Case;
use crate::json::json;
use crate::report::{Check, CheckKind};
use meshscope::Mesh;
use meshscope::engine::envoy::Cluster;
use meshscope::engine::gateways::gateway_clusters;
use meshscope::engine::inbound::inbound_clusters;
use meshscope::engine::outbound::described;
use meshscope::engine::visibility::clusters;
use meshscope::engine::workloads::Proxy;
use meshscope::manifest::{Str, Value};

const KIND: CheckKind = CheckKind::Cluster;

/// One check per entry.
pub fn check(mesh: Mesh<'_>, case: &Case) -> Vec<Check> {
    let entries = case.value.list("clusters").iter().enumerate();
    entries
        .map(|(i, entry)| one(mesh, entry, format!("clusters[{i}]")))
        .collect()
}

fn one(mesh: Mesh<'_>, entry: &Value, name: String) -> Check {
    let proxy = match proxy(mesh, entry) {
        Ok(proxy) => proxy,
        Err(why) => return Check::failed(KIND, name, why).with(json(entry), Default::default()),
    };
    let all = all(mesh, &proxy);
    let mut differences = Vec::new();
    let expected = entry.list("expect");
    for wanted in expected.iter().chain(entry.list("include")) {
        let wanted_name = wanted.str_or_empty("name");
        match all.iter().find(|c| c.name == wanted_name) {
            Some(found) => differences.extend(compare(wanted, found)),
            None => differences.push(format!("{wanted_name}: not there")),
        }
    }
    if entry.has("expect") {
        let prefix = entry.str_or_empty("prefix");
        let known = |c: &&Cluster| expected.iter().any(|e| e.str_or_empty("name") == c.name);
        let with_prefix = all.iter().filter(|c| c.name.starts_with(prefix.as_str()));
        let unexpected = with_prefix.filter(|c| !known(c));
        differences.extend(unexpected.map(|c| format!("{}: unexpected", c.name)));
    }
    if differences.is_empty() {
        return Check::passed(KIND, name);
    }
    let names = all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>();
    Check::failed(KIND, name, differences.join("; ")).with(json(entry), names.into())
}

/// Every cluster of a proxy.
fn all(mesh: Mesh<'_>, proxy: &Proxy) -> Vec<Cluster> {
    let (db, input) = (mesh.db(), mesh.input());
    let outbound = if proxy.is_router() {
        gateway_clusters(db, input, proxy)
    } else {
        clusters(db, input, proxy)
    };
    let router = proxy.is_router();
    let described = outbound.iter().map(|c| described(db, input, router, c));
    let mut all: Vec<Cluster> = described.collect();
    if !proxy.is_router() {
        all.extend(inbound_clusters(db, input, proxy));
    }
    all
}

fn compare(wanted: &Value, found: &Cluster) -> Vec<String> {
    let mut differences = Vec::new();
    let mut differ = |key: &str, want: String, got: String| {
        if want != got {
            let name = &found.name;
            differences.push(format!("{name}.{key}: expected {want}, got {got}"));
        }
    };
    let joined = |list: &[Str]| list.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
    if let Some(kind) = wanted.str("type") {
        differ("type", kind.to_string(), found.kind.name().into());
    }
    if wanted.has("telemetry_services") {
        let want = joined(&wanted.strings("telemetry_services"));
        differ("telemetry_services", want, joined(&found.services));
    }
    if let Some(want) = wanted.int("locality_groups") {
        let got = found.locality_groups.to_string();
        differ("locality_groups", want.to_string(), got);
    }
    if wanted.has("endpoints") {
        let mut want = wanted.strings("endpoints");
        let mut got: Vec<Str> = found.endpoints.clone();
        if want.iter().all(|w| has_no_port(w)) {
            // Addresses alone: ports are not compared.
            for endpoint in &mut got {
                if let Some((address, _)) = endpoint.rsplit_once(':') {
                    *endpoint = address.into();
                }
            }
        }
        want.sort();
        got.sort();
        differ("endpoints", joined(&want), joined(&got));
    }
    differences
}

fn has_no_port(endpoint: &str) -> bool {
    let port = endpoint.rsplit_once(':').map(|(_, port)| port);
    port.is_none_or(|port| port.parse::<u16>().is_err()) && !endpoint.starts_with('/')
}
