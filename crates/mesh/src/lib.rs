//! The engine.
pub mod names;
