//! EnvoyFilters and extensions that may change what a proxy on the way does: the trace goes on as if
//! they did not, and says so (O:18.1, O:18.2). It must not guess what a patch does.

use super::pass::{Passed, Side, Site};
use super::upstream::parts;
use crate::db::{Db, Mesh};
use crate::workloads::{PatchedSide, patches_for, selecting};
use meshscope_manifest::{Kind, Resource, Str, Value};

/// What a hop rests on: one line per object that selects the proxy and may touch what the call meets.
pub(super) fn unapplied(db: &dyn Db, mesh: Mesh, site: &Site, passed: &Passed) -> Vec<Str> {
    let proxy = &site.proxy;
    let side = match site.side {
        _ if proxy.is_router() => PatchedSide::Gateway,
        Side::Inbound(_) => PatchedSide::Inbound,
        Side::Outbound | Side::Gateway => PatchedSide::Outbound,
    };
    let touches = |object: &Resource| {
        let Some(policy) = object.attached() else {
            return false;
        };
        match object.key.kind {
            Kind::EnvoyFilter => {
                patches_for(&policy.spec, side).any(|patch| may_touch(patch, site, passed))
            }
            _ => passed.http || policy.spec.str("type").as_deref() == Some("NETWORK"),
        }
    };
    [Kind::EnvoyFilter, Kind::WasmPlugin, Kind::TrafficExtension]
        .into_iter()
        .flat_map(|kind| selecting(db, mesh, kind, &proxy.config_namespace, &proxy.labels))
        .filter(|object| touches(object))
        .map(|object| {
            let line = format!(
                "{} leaves the calls of {} as they are: what it changes is not computed (O:18)",
                object.key, proxy.workload
            );
            line.into()
        })
        .collect()
}

/// Whether a patch may change what the call meets. A match names what it is for, and what it names
/// must be on the way; what is added, and a match that says nothing, may be anywhere.
fn may_touch(patch: &Value, site: &Site, passed: &Passed) -> bool {
    let wanted = patch.get("match");
    match patch.str("applyTo").as_deref().unwrap_or_default() {
        "HTTP_FILTER" if !passed.http => false,
        "LISTENER" | "FILTER_CHAIN" | "LISTENER_FILTER" | "NETWORK_FILTER" | "HTTP_FILTER" => {
            on_listener(wanted.get("listener"), site)
        }
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => {
            passed.http && on_route(wanted.get("routeConfiguration"), passed)
        }
        "CLUSTER" => on_cluster(wanted.get("cluster"), passed),
        _ => true,
    }
}

fn on_listener(wanted: &Value, site: &Site) -> bool {
    let ports = [site.port, site.listener.port];
    let port = wanted.port("portNumber");
    port.is_none_or(|port| ports.contains(&u32::from(port)))
        && is_or_unsaid(wanted, "name", &site.listener.name)
}

fn on_route(wanted: &Value, passed: &Passed) -> bool {
    let Some(route) = &passed.hop.route else {
        return true;
    };
    is_or_unsaid(wanted, "name", &route.config)
        && is_or_unsaid(wanted.get("vhost"), "name", &route.virtual_host)
}

fn on_cluster(wanted: &Value, passed: &Passed) -> bool {
    passed.ways.iter().any(|way| {
        let cluster = &way.to.cluster;
        is_or_unsaid(wanted, "name", cluster)
            && parts(cluster).is_none_or(|(port, subset, host)| {
                let wanted_port = wanted.port("portNumber");
                wanted_port.is_none_or(|p| u32::from(p) == port)
                    && is_or_unsaid(wanted, "subset", subset)
                    && is_or_unsaid(wanted, "service", host)
            })
    })
}

/// Whether a condition is absent, or names this.
fn is_or_unsaid(wanted: &Value, key: &str, actual: &str) -> bool {
    wanted.str(key).is_none_or(|name| name == actual)
}
