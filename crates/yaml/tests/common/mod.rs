//! What several tests need.
#![allow(dead_code, reason = "each test uses a part")]

pub mod checks;
pub mod texts;
