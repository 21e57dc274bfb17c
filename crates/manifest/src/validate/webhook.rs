//! istiod's validating webhook, version 1.30.3: `pkg/config/validation`, rule by rule
//! (validation-rules.md). One file per kind or family.
//!
//! Owns what istiod says about an object that the API server has let through. Must not know the
//! schema, and no other object.

mod authentication;
mod authorization;
mod cel_syntax;
mod common;
mod destination_rule;
mod envoy_filter;
mod gateway;
mod headers;
mod http_actions;
mod http_route;
mod jwks;
mod locality;
mod mesh_config;
mod metadata;
mod names;
mod regex;
mod server_tls;
mod service_entry;
mod sidecar;
mod sidecar_ports;
mod telemetry;
mod traffic_policy;
mod unreachable;
mod virtual_service;
mod wasm;
mod workload;

use super::report::At;
use crate::kind::Kind;

/// Reports what the webhook says about `document`.
pub(super) fn check(document: At<'_>) {
    let kind = document.report.kind;
    if kind == Kind::IstioOperator {
        // Never applied: istioctl writes its meshConfig into the file that istiod loads.
        if let Some(mesh) = document.get("spec").field("meshConfig") {
            mesh_config::check(mesh);
        }
        return;
    }
    if !kind.is_istio() {
        return;
    }
    // META rules stop the webhook, but they hide nothing that is wrong besides.
    metadata::check(document);
    let Some(spec) = document
        .field("spec")
        .filter(|spec| spec.value.as_map().is_some())
    else {
        return without_spec(document);
    };
    let meta = Meta::of(document);
    match kind {
        Kind::Gateway => gateway::check(document, spec),
        // Made by istiod from routes of the Gateway API: it checks those, not this.
        Kind::VirtualService if meta.route_of_gateway_api => {}
        Kind::VirtualService => virtual_service::check(&meta, spec),
        Kind::DestinationRule => destination_rule::check(&meta, spec),
        Kind::ServiceEntry => service_entry::check(&meta, spec),
        Kind::Sidecar => sidecar::check(&meta, spec),
        Kind::WorkloadEntry => workload::check_entry(spec),
        Kind::WorkloadGroup => workload::check_group(spec),
        Kind::EnvoyFilter => envoy_filter::check(spec),
        Kind::ProxyConfig => workload::check_proxy_config(spec),
        Kind::AuthorizationPolicy => authorization::check(spec),
        Kind::PeerAuthentication => authentication::check_peer(spec),
        Kind::RequestAuthentication => authentication::check_request(spec),
        Kind::Telemetry => telemetry::check(spec),
        Kind::WasmPlugin => wasm::check_plugin(spec),
        Kind::TrafficExtension => wasm::check_extension(spec),
        _ => {}
    }
}

/// Reports what istiod says about a MeshConfig when it loads it.
pub(super) fn check_mesh_config(mesh: At<'_>) {
    mesh_config::check(mesh);
}

/// Reports what istiod says about MeshNetworks when it loads them.
pub(super) fn check_mesh_networks(networks: At<'_>) {
    mesh_config::check_networks(networks);
}

/// An object without a spec is one with an empty spec, wherever istiod misses something in it.
fn without_spec(document: At<'_>) {
    if document.has("spec") {
        return;
    }
    let lacking = match document.report.kind {
        Kind::Gateway => "a Gateway without servers",
        Kind::VirtualService => "a VirtualService without http, tls and tcp",
        Kind::DestinationRule => "a DestinationRule without host",
        Kind::ServiceEntry => "a ServiceEntry without hosts",
        Kind::Sidecar => "a Sidecar without content",
        Kind::WorkloadEntry => "a WorkloadEntry without address",
        Kind::WorkloadGroup => "a WorkloadGroup without template",
        Kind::WasmPlugin => "a WasmPlugin without url",
        Kind::TrafficExtension => "a TrafficExtension without wasm and lua",
        _ => return,
    };
    document
        .get("spec")
        .kind_error("", format!("spec is missing: {lacking}"));
}

/// What rules need of `metadata`.
pub(super) struct Meta<'a> {
    /// The namespace the object is in; empty when nobody knows.
    pub(super) namespace: &'a str,
    /// `metadata.labels`.
    pub(super) labels: At<'a>,
    /// Whether istiod says that it made the object from a route of the Gateway API.
    route_of_gateway_api: bool,
}

impl<'a> Meta<'a> {
    fn of(document: At<'a>) -> Meta<'a> {
        let metadata = document.get("metadata");
        let written = metadata.str("namespace");
        Meta {
            namespace: if written.is_empty() {
                &document.report.context.default_namespace
            } else {
                written
            },
            labels: metadata.get("labels"),
            route_of_gateway_api: metadata
                .get("annotations")
                .str("internal.istio.io/route-semantics")
                == "gateway",
        }
    }
}
