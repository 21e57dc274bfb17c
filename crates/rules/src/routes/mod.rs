//! Rules and matches that no request reaches.

pub mod gateway_route_shadowed;
pub mod match_condition_ignored;
pub mod match_never_applies;
pub mod route_config_rejected;
pub mod route_keeps_original_destination;
pub mod unreachable_route;
