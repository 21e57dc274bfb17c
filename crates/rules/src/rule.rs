//! What a rule is: its metadata, its page, and the unit it is evaluated on.

use crate::finding::Finding;
use meshscope_manifest::validate::Severity;
use meshscope_mesh::db::{Db, Mesh, Name};
use meshscope_mesh::workloads::ProxyClass;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The name, kebab-case: `ambiguous-sni`.
    pub name: &'static str,
    /// The group it is listed in.
    pub group: Group,
    /// How much it is relied on.
    pub tier: Tier,
    /// The severity of a certain finding.
    pub severity: Severity,
    /// One line: what it finds.
    pub summary: &'static str,
    /// Codes of other tools that say the same: `IST0101`, `KIA1101`.
    pub equivalents: &'static [&'static str],
    /// The page, Markdown.
    pub page: &'static str,
    /// How it is evaluated.
    pub check: Check,
}

/// The groups of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // their names are their meaning
pub enum Group {
    Syntax,
    Schema,
    Reference,
    Visibility,
    Gateway,
    SniAndTls,
    Routes,
    Egress,
    MtlsAndAuthz,
    ServicesAndPorts,
    GatewayApi,
    Ambient,
    Hygiene,
}

impl Group {
    /// The name in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Group::Syntax => "syntax",
            Group::Schema => "schema",
            Group::Reference => "reference",
            Group::Visibility => "visibility",
            Group::Gateway => "gateway",
            Group::SniAndTls => "sni-and-tls",
            Group::Routes => "routes",
            Group::Egress => "egress",
            Group::MtlsAndAuthz => "mtls-and-authz",
            Group::ServicesAndPorts => "services-and-ports",
            Group::GatewayApi => "gateway-api",
            Group::Ambient => "ambient",
            Group::Hygiene => "hygiene",
        }
    }
}

/// The tiers of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Tier {
    Core,
    Second,
    Third,
}

/// The unit a rule is evaluated on. A finer unit re-runs less after an edit: what a check reads of the
/// engine decides when its unit runs again.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Not evaluated here: found while documents are read and decoded.
    Decoding,
    /// Once per namespace: objects of the namespace against the indexes of the mesh.
    Namespace(for<'db> fn(&'db dyn Db, Mesh, Name<'db>) -> Vec<Finding>),
    /// Once per class of sidecars; findings of equal content are merged over classes.
    Sidecar(for<'db> fn(&'db dyn Db, Mesh, &ProxyClass) -> Vec<Finding>),
    /// Once per class of gateway workloads.
    Gateway(for<'db> fn(&'db dyn Db, Mesh, &ProxyClass) -> Vec<Finding>),
    /// Once per mesh: only what cannot be said of less.
    Mesh(for<'db> fn(&'db dyn Db, Mesh) -> Vec<Finding>),
}
