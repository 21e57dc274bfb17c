//! Rules and matches that no request reaches.

pub mod match_never_applies;
pub mod unreachable_route;
