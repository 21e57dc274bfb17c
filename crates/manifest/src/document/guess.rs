//! Which kind an object is that does not say so (rule missing-api-version, V:R0.5).
//!
//! Owns the shapes that tell kinds apart. A shape that fits nothing for sure is no object: silence.

use crate::kind::Kind;
use crate::value::Value;

/// The kind of an object without `apiVersion`, without `kind`, or without both.
pub(super) fn kind(object: &Value, api_version: Option<&str>, kind: Option<&str>) -> Option<Kind> {
    let has_name = object.get("metadata").field("name").is_some();
    match (api_version, kind) {
        (None, Some(kind)) if has_name => by_name(kind, object),
        (Some(api), None) => {
            let group = api.split_once('/').map_or("", |(group, _)| group);
            by_shape(object.get("spec")).filter(|kind| kind.group() == group)
        }
        (None, None) if has_name => by_shape(object.get("spec")),
        _ => None,
    }
}

/// The kind called `name`; where two groups share the name, the shape of the spec decides.
fn by_name(name: &str, object: &Value) -> Option<Kind> {
    let spec = object.get("spec");
    let any = |keys: &[&str]| keys.iter().any(|key| spec.has(key));
    match name {
        "Gateway" if any(&["servers"]) => Some(Kind::Gateway),
        "Gateway" if any(&["listeners", "gatewayClassName"]) => Some(Kind::KubernetesGateway),
        "NetworkPolicy" if any(&["podSelector"]) => Some(Kind::NetworkPolicy),
        "Service" if any(&["ports", "selector", "clusterIP", "externalName"]) => {
            Some(Kind::Service)
        }
        "Gateway" | "NetworkPolicy" | "Service" => None,
        _ => Kind::ALL.iter().copied().find(|kind| kind.name() == name),
    }
}

/// The kind that a spec has the shape of.
fn by_shape(spec: &Value) -> Option<Kind> {
    let all = |keys: &[&str]| keys.iter().all(|key| spec.has(key));
    let list = |key: &str| matches!(spec.get(key), Value::Seq(items) if !items.is_empty());
    let routes = list("http") || list("tls") || list("tcp");
    if list("servers") && spec.get("servers").as_list().iter().any(|s| s.has("hosts")) {
        Some(Kind::Gateway)
    } else if list("hosts") && routes {
        Some(Kind::VirtualService)
    } else if list("hosts") && (all(&["resolution"]) || all(&["location"])) {
        Some(Kind::ServiceEntry)
    } else if all(&["host"]) && (all(&["trafficPolicy"]) || list("subsets")) {
        Some(Kind::DestinationRule)
    } else if list("egress") && spec.list("egress").iter().all(|e| e.has("hosts")) {
        Some(Kind::Sidecar)
    } else if list("configPatches") {
        Some(Kind::EnvoyFilter)
    } else if list("jwtRules") {
        Some(Kind::RequestAuthentication)
    } else if all(&["gatewayClassName", "listeners"]) {
        Some(Kind::KubernetesGateway)
    } else {
        None
    }
}
