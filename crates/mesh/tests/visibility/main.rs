//! Visibility from outside: explanations, open decisions, counted queries and laws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ambiguity;
mod explain;
mod incremental;
mod laws;
mod support;
