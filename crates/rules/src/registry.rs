//! Every rule, explicitly: a file that is forgotten here fails the test of the catalogue.

use crate::decoding;
use crate::rule::Rule;
use crate::services_and_ports as ports;
use crate::visibility as v;
use crate::{
    ambient, egress, gateway as g, gateway_api, hygiene, mtls_and_authz, reference as r, routes,
};
use crate::{sni_and_tls as sni, syntax};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The rules evaluated on the mesh, by group in the order of the catalogue.
pub static ALL: &[&Rule] = &[
    // syntax
    &syntax::duplicate_resource::RULE,
    // reference
    &r::gateway_reference_unresolved::RULE,
    &r::match_gateway_not_bound::RULE,
    &r::destination_host_unknown::RULE,
    &r::destination_port_unknown::RULE,
    &r::destination_port_unspecified::RULE,
    &r::subset_unknown::RULE,
    &r::subset_without_endpoints::RULE,
    &r::delegate_unresolved::RULE,
    &r::virtual_service_host_unknown::RULE,
    &r::destination_rule_host_unknown::RULE,
    &r::sidecar_egress_matches_nothing::RULE,
    &r::selector_matches_no_workload::RULE,
    &r::unknown_extension_provider::RULE,
    // visibility
    &v::destination_not_visible::RULE,
    &v::virtual_service_hidden_from_gateway::RULE,
    &v::not_imported_by_sidecar::RULE,
    &v::virtual_service_host_conflict::RULE,
    &v::subset_not_visible::RULE,
    &v::destination_rule_out_of_lookup_path::RULE,
    &v::destination_rule_shadowed::RULE,
    &v::destination_rule_conflict::RULE,
    &v::duplicate_service_entry_host::RULE,
    &v::sidecar_conflict::RULE,
    &v::sidecar_scope_leak::RULE,
    &v::sidecar_not_enforced::RULE,
    &v::config_hidden_from_istiod::RULE,
    // gateway
    &g::gateway_selector_unmatched::RULE,
    &g::gateway_host_unrouted::RULE,
    &g::gateway_host_mismatch::RULE,
    &g::gateway_server_dropped::RULE,
    &g::gateway_port_not_exposed::RULE,
    &g::gateway_listener_rejected::RULE,
    &g::gateway_selects_foreign_workload::RULE,
    &g::gateway_wildcard_host_mixed::RULE,
    &g::destination_unusable_from_gateway::RULE,
    // sni-and-tls
    &sni::ambiguous_sni::RULE,
    &sni::tls_route_on_terminating_server::RULE,
    &sni::route_kind_mismatch::RULE,
    &sni::mode_unset::RULE,
    &sni::http2_connection_reuse::RULE,
    &sni::credential_wrong_namespace::RULE,
    &sni::tls_double_origination::RULE,
    &sni::https_redirect_without_https_server::RULE,
    &sni::credential_not_in_repo::RULE,
    &sni::credential_name_ignored_by_sidecar::RULE,
    &sni::port_level_policy_drops_tls::RULE,
    // routes
    &routes::unreachable_route::RULE,
    &routes::match_never_applies::RULE,
    &routes::match_condition_ignored::RULE,
    &routes::gateway_route_shadowed::RULE,
    &routes::route_config_rejected::RULE,
    &routes::route_keeps_original_destination::RULE,
    // egress
    &egress::gateway_hop_tls_mismatch::RULE,
    &egress::egress_gateway_bypassed::RULE,
    &egress::egress_not_enforced::RULE,
    &egress::egress_gateway_loop::RULE,
    &egress::egress_gateways_not_isolated::RULE,
    &egress::exported_service_entry_risks_nack::RULE,
    // mtls-and-authz
    &mtls_and_authz::mtls_mode_conflict::RULE,
    &mtls_and_authz::mtls_to_unmeshed_workload::RULE,
    &mtls_and_authz::duplicate_policy::RULE,
    &mtls_and_authz::authz_needs_mtls::RULE,
    &mtls_and_authz::authz_http_rule_on_tcp::RULE,
    &mtls_and_authz::jwt_claim_route_without_authentication::RULE,
    // services-and-ports
    &ports::tcp_port_captured::RULE,
    &ports::namespace_not_injected::RULE,
    &ports::port_protocol_unclear::RULE,
    &ports::http_on_tls_port::RULE,
    &ports::port_protocol_conflict::RULE,
    &ports::namespace_injection_labels_conflict::RULE,
    // gateway-api
    &gateway_api::parent_gateway_unresolved::RULE,
    &gateway_api::route_not_allowed_by_listener::RULE,
    &gateway_api::route_hostname_mismatch::RULE,
    &gateway_api::backend_not_found::RULE,
    &gateway_api::backend_not_permitted::RULE,
    &gateway_api::route_rule_without_backend::RULE,
    &gateway_api::route_unsupported::RULE,
    &gateway_api::gateway_listener_invalid::RULE,
    // ambient
    &ambient::waypoint_unused::RULE,
    // hygiene
    &hygiene::egress_gateway_single_replica::RULE,
];

/// Every rule: those of reading and decoding, and those evaluated on the mesh, by group.
pub fn every() -> impl Iterator<Item = &'static Rule> {
    let mut all: Vec<&'static Rule> = decoding::ALL.iter().chain(ALL.iter().copied()).collect();
    all.sort_by_key(|r| r.group);
    all.into_iter()
}

/// The rule called `name`.
pub fn find(name: &str) -> Option<&'static Rule> {
    static BY_NAME: LazyLock<FxHashMap<&str, &Rule>> = LazyLock::new(|| {
        let all = decoding::ALL.iter().chain(ALL.iter().copied());
        all.map(|rule| (rule.name, rule)).collect()
    });
    BY_NAME.get(name).copied()
}
