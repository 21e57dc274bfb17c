//! Decisions that istiod makes by age where files do not say the age (V:8).
//!
//! Everything else is evaluated with istiod's own tie-break, name then namespace, which is what
//! happens to objects applied within one second. Here is what another order would do. N4 (an alias
//! host defined twice) and N5 (attributes that differ between clusters) cannot arise from the files of
//! one cluster. What age never decides (V:R8.4) is never listed.

mod proxies;
mod rules;
mod scopes;
mod virtual_services;

use crate::db::{Db, Mesh};
use crate::workloads::Proxy;
use meshscope_manifest::{ResourceKey, Str};

/// An order-sensitive decision that files leave open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ambiguity {
    /// Which decision.
    pub decision: Decision,
    /// What is decided: a host, a port, a rule host; never empty.
    pub about: Str,
    /// The objects that compete, the one that wins at equal age first.
    pub objects: Vec<ResourceKey>,
    /// What happens at equal age: what everything else here is computed with.
    pub outcome: Str,
    /// What happens in the other order.
    pub otherwise: Str,
}

/// The decisions of V:8 by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// O1: which Sidecar.
    Sidecar,
    /// O2: which namespace's service of a host.
    HostAcrossNamespaces,
    /// O3: which ServiceEntry of a host in one namespace.
    HostInNamespace,
    /// O4: which VirtualService of an exact host.
    ExactHost,
    /// O5: which VirtualService of a wildcard host.
    WildcardHost,
    /// O6: whose TLS or TCP routes come first.
    L4Routes,
    /// O7: how DestinationRules of one host merge.
    DestinationRules,
    /// O8: which Gateway has a port or host.
    Gateways,
    /// O9: the order of merged routes on a gateway.
    GatewayRoutes,
    /// O10: the protocol of an inbound port.
    InboundProtocol,
    /// O11: which TCP service has an address.
    TcpAddress,
    /// O12: the target port of a Gateway port.
    TargetPort,
    /// O13: the order of EnvoyFilters.
    EnvoyFilters,
    /// N1: ServiceEntries of equal age, host and namespace: map order.
    EqualServiceEntries,
    /// N2: which namespace a route destination is imported from.
    ImportedHost,
    /// N3: which of two scopes a gateway workload is given.
    RouterScope,
}

impl Decision {
    /// The id in V:8.
    pub fn id(self) -> &'static str {
        match self {
            Decision::Sidecar => "O1",
            Decision::HostAcrossNamespaces => "O2",
            Decision::HostInNamespace => "O3",
            Decision::ExactHost => "O4",
            Decision::WildcardHost => "O5",
            Decision::L4Routes => "O6",
            Decision::DestinationRules => "O7",
            Decision::Gateways => "O8",
            Decision::GatewayRoutes => "O9",
            Decision::InboundProtocol => "O10",
            Decision::TcpAddress => "O11",
            Decision::TargetPort => "O12",
            Decision::EnvoyFilters => "O13",
            Decision::EqualServiceEntries => "N1",
            Decision::ImportedHost => "N2",
            Decision::RouterScope => "N3",
        }
    }
}

/// Every decision about a proxy that files leave open, by id.
pub fn ambiguities(db: &dyn Db, mesh: Mesh, proxy: &Proxy) -> Vec<Ambiguity> {
    let mut found = scopes::find(db, mesh, proxy);
    found.extend(virtual_services::find(db, mesh, proxy));
    found.extend(rules::find(db, mesh, proxy));
    found.extend(proxies::find(db, mesh, proxy));
    let mut unique: Vec<Ambiguity> = Vec::new();
    for ambiguity in found {
        if !unique.contains(&ambiguity) {
            unique.push(ambiguity);
        }
    }
    unique.sort_by(|a, b| (a.decision, &a.about).cmp(&(b.decision, &b.about)));
    unique
}

/// Whether timestamps do not say which of two objects is older.
fn undecided(a: Option<i64>, b: Option<i64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The usual case: whoever is first has it.
fn first_wins(
    decision: Decision,
    about: &str,
    first: &ResourceKey,
    second: &ResourceKey,
) -> Ambiguity {
    Ambiguity {
        decision,
        about: about.into(),
        objects: vec![first.clone(), second.clone()],
        outcome: format!("{first} is used: first by name, then namespace").into(),
        otherwise: format!("{second} is used, when it is older").into(),
    }
}
