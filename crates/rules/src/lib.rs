//! The rules: one file and one page per rule; each reads the engine.
//!
//! A rule turns what the engine computed into findings. It never compares raw strings that the engine
//! has resolved, and it must not know files, positions, suppressions or output formats.

mod ambient;
pub mod decoding;
mod destinations;
mod egress;
pub mod evaluate;
pub mod finding;
mod gateway;
mod gateway_api;
mod gateways;
mod hygiene;
mod known;
mod mtls_and_authz;
mod reference;
pub mod registry;
mod routes;
mod rule;
mod services_and_ports;
mod sni_and_tls;
mod syntax;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod viewers;
mod visibility;

pub use finding::{Anchor, Certainty, Finding, Reach, Related};
pub use meshscope_manifest::validate::{Edit, Fix, Severity};
pub use rule::{Check, Group, Rule, Tier};

/// What every rule file needs.
pub mod prelude {
    pub use crate::finding::{Certainty, Finding, Reach};
    pub use crate::known::{Described, described, is_unknown, nearest};
    pub use crate::rule::{Check, Group, Rule, Tier};
    pub use meshscope_manifest::validate::{Edit, Fix, Severity};
    pub use meshscope_manifest::{Kind, Resource, ResourceKey, Str};
    pub use meshscope_mesh::db::{Db, Mesh, Name, name};
    pub use meshscope_mesh::index::{facts, objects};
    pub use meshscope_mesh::workloads::{Proxy, ProxyClass, ProxyKind};
}
