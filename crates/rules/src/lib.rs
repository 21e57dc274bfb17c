//! The rules: one file and one page per rule; each reads the engine.
//!
//! A rule turns what the engine computed into findings. It never compares raw strings that the engine
//! has resolved, and it must not know files, positions, suppressions or output formats.

pub mod decoding;
pub mod evaluate;
pub mod finding;
pub mod registry;
mod rule;

pub use finding::{Anchor, Certainty, Finding, Reach, Related};
pub use meshscope_manifest::validate::{Edit, Fix, Severity};
pub use rule::{Check, Group, Rule, Tier};

/// What every rule file needs.
pub mod prelude {
    pub use crate::finding::{Certainty, Finding, Reach};
    pub use crate::rule::{Check, Group, Rule, Tier};
    pub use meshscope_manifest::validate::{Edit, Fix, Severity};
    pub use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
    pub use meshscope_mesh::db::{Db, Mesh, name};
    pub use meshscope_mesh::workloads::{Proxy, ProxyClass, ProxyKind};
}
