//! EnvoyFilter (validation-rules.md §10). Rule invalid-resource.
//!
//! Must not know Envoy's messages: a value is looked at only for types of the xDS v2 API, which istiod
//! cannot decode any more. The warning that istiod gives for every EnvoyFilter is not repeated.

use super::common;
use super::regex;
use crate::validate::Severity;
use crate::validate::report::At;
use crate::value::Value;

const LISTENER_CLASS: &[&str] = &["LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER"];
const ROUTE_CLASS: &[&str] = &["ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"];
const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// Old names of filters with the new ones.
const OLD_NAMES: &[(&str, &str)] = &[
    ("envoy.buffer", "envoy.filters.http.buffer"),
    ("envoy.cors", "envoy.filters.http.cors"),
    ("envoy.csrf", "envoy.filters.http.csrf"),
    ("envoy.http_dynamo_filter", "envoy.filters.http.dynamo"),
    ("envoy.ext_authz", "envoy.filters.http.ext_authz"),
    ("envoy.fault", "envoy.filters.http.fault"),
    (
        "envoy.grpc_http1_bridge",
        "envoy.filters.http.grpc_http1_bridge",
    ),
    (
        "envoy.grpc_json_transcoder",
        "envoy.filters.http.grpc_json_transcoder",
    ),
    ("envoy.grpc_web", "envoy.filters.http.grpc_web"),
    ("envoy.gzip", "envoy.filters.http.gzip"),
    ("envoy.health_check", "envoy.filters.http.health_check"),
    ("envoy.ip_tagging", "envoy.filters.http.ip_tagging"),
    ("envoy.lua", "envoy.filters.http.lua"),
    ("envoy.rate_limit", "envoy.filters.http.ratelimit"),
    ("envoy.router", "envoy.filters.http.router"),
    ("envoy.squash", "envoy.filters.http.squash"),
    (
        "envoy.listener.http_inspector",
        "envoy.filters.listener.http_inspector",
    ),
    (
        "envoy.listener.original_dst",
        "envoy.filters.listener.original_dst",
    ),
    (
        "envoy.listener.original_src",
        "envoy.filters.listener.original_src",
    ),
    (
        "envoy.listener.proxy_protocol",
        "envoy.filters.listener.proxy_protocol",
    ),
    (
        "envoy.listener.tls_inspector",
        "envoy.filters.listener.tls_inspector",
    ),
    (
        "envoy.client_ssl_auth",
        "envoy.filters.network.client_ssl_auth",
    ),
    ("envoy.http_connection_manager", CONNECTION_MANAGER),
    ("envoy.mongo_proxy", "envoy.filters.network.mongo_proxy"),
    ("envoy.ratelimit", "envoy.filters.network.ratelimit"),
    ("envoy.redis_proxy", "envoy.filters.network.redis_proxy"),
    ("envoy.tcp_proxy", "envoy.filters.network.tcp_proxy"),
];

pub(super) fn check(spec: At<'_>) {
    if !common::workload_selector(spec) {
        return;
    }
    spec.list("configPatches").for_each(config_patch);
}

fn config_patch(entry: At<'_>) {
    let matcher = entry.get("match");
    if matcher.str("context") == "WAYPOINT" {
        return;
    }
    let apply_to = entry.get("applyTo");
    if matches!(apply_to.text(), "" | "INVALID") {
        apply_to.kind_error("§10", "applyTo is missing");
        return;
    }
    let Some(patch) = entry.field("patch") else {
        entry.get("patch").kind_error("§10", "a patch is missing");
        return;
    };
    let operation = patch.get("operation");
    if matches!(operation.text(), "" | "INVALID") {
        operation.kind_error("§10", "the patch has no operation");
        return;
    }
    let value = patch.field("value");
    if operation.text() != "REMOVE" && value.is_none() {
        let fact = format!("operation {} needs a value", operation.text());
        patch.get("value").kind_error("§10", fact);
        return;
    }
    let version = matcher.get("proxy").get("proxyVersion");
    if let Some(problem) = regex::problem(version.text()) {
        version.regex_error("§10", problem);
        return;
    }
    if !object_matches(apply_to, matcher) {
        return;
    }
    if let Some(value) = value {
        check_value(apply_to.text(), value);
    }
}

/// What is sure about a value without Envoy's messages: names are strings, extensions are typed.
fn check_value(target: &str, value: At<'_>) {
    let name = value.get("name");
    if !matches!(name.value, Value::Null | Value::String(_)) && target != "BOOTSTRAP" {
        name.kind_error(
            "§10",
            format!("a name is a string, this is {}", name.value.type_name()),
        );
    }
    let typed = [
        "typed_config",
        "typedConfig",
        "config_discovery",
        "configDiscovery",
    ];
    let filter = matches!(target, "NETWORK_FILTER" | "HTTP_FILTER");
    if filter && !typed.iter().any(|key| value.has(key)) {
        let message = format!(
            "{}: filters by name alone are deprecated; give a typed_config",
            value.path()
        );
        value.report("deprecated-field", Severity::Warning, "§10", message);
    }
    let config = value.field("typed_config").or(value.field("typedConfig"));
    if let Some(config) = config.filter(|_| filter || target == "LISTENER_FILTER") {
        check_type(config);
    }
}

/// The type of an extension: it must be named, and not be of the xDS v2 API.
fn check_type(config: At<'_>) {
    let type_url = config.str("@type");
    if type_url.is_empty() {
        config
            .get("@type")
            .kind_error("§10", "the type of this configuration is missing");
        return;
    }
    let name = type_url.rsplit('/').next().unwrap_or(type_url);
    let old = name.split('.').any(|part| matches!(part, "v2" | "v2alpha"));
    if name.starts_with("envoy.") && old {
        let fact = format!("istiod knows no type {name}; use its successor of the v3 API");
        config.get("@type").kind_error("§10", fact);
    }
}

/// Whether what is matched is of the class that is patched; false when istiod goes on to the next.
fn object_matches(apply_to: At<'_>, matcher: At<'_>) -> bool {
    let objects = ["listener", "routeConfiguration", "cluster", "waypoint"];
    let Some(object) = objects.into_iter().find(|key| matcher.has(key)) else {
        return true;
    };
    let target = apply_to.text();
    let wanted = if LISTENER_CLASS.contains(&target) {
        "listener"
    } else if ROUTE_CLASS.contains(&target) {
        "routeConfiguration"
    } else if target == "CLUSTER" {
        "cluster"
    } else {
        return true;
    };
    if object != wanted {
        let fact = format!("applyTo {target} is matched by {wanted}, not by {object}");
        matcher
            .get(object)
            .kind_error("§10", fact)
            .at_key()
            .related(apply_to);
        // istiod checks the value all the same, except for listeners.
        return wanted != "listener";
    }
    match matcher.get("listener").get("filterChain").field("filter") {
        Some(filter) if wanted == "listener" => filter_matches(apply_to, filter),
        _ => true,
    }
}

fn filter_matches(apply_to: At<'_>, filter: At<'_>) -> bool {
    let target = apply_to.text();
    if matches!(target, "LISTENER" | "FILTER_CHAIN") {
        filter
            .no_effect("§10", format!("applyTo {target} is above filters"))
            .at_key();
    }
    let name = filter.get("name");
    if name.text().is_empty() {
        name.kind_error("§10", "a filter is matched by its name, which is missing");
        return false;
    }
    if let Some(inner) = filter.field("subFilter") {
        if target != "HTTP_FILTER" {
            inner
                .kind_error("§10", "subFilter is for applyTo HTTP_FILTER only")
                .at_key();
            return false;
        }
        if !matches!(
            name.text(),
            CONNECTION_MANAGER | "envoy.http_connection_manager"
        ) {
            let fact = format!("subFilter needs the filter {CONNECTION_MANAGER}");
            name.kind_error("§10", fact).related(inner);
            return false;
        }
        if inner.str("name").is_empty() {
            inner.get("name").kind_error(
                "§10",
                "a subFilter is matched by its name, which is missing",
            );
            return false;
        }
        old_name(inner.get("name"));
    }
    old_name(name);
    true
}

fn old_name(at: At<'_>) {
    if let Some((_, new)) = OLD_NAMES.iter().find(|(old, _)| *old == at.text()) {
        at.deprecated("§10", format!("use {new}"))
            .fix_replace(at, *new, false);
    }
}
