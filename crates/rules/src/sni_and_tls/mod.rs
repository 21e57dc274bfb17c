//! Who takes which server name, who ends TLS and with what certificate.

pub mod ambiguous_sni;
pub mod credential_name_ignored_by_sidecar;
pub mod credential_not_in_repo;
pub mod credential_wrong_namespace;
pub mod http2_connection_reuse;
pub mod https_redirect_without_https_server;
pub mod mode_unset;
pub mod port_level_policy_drops_tls;
pub mod route_kind_mismatch;
pub mod tls_double_origination;
pub mod tls_route_on_terminating_server;
