//! A blast radius as JSON has it.

use crate::reason::{Reason, Reasons, texts};
use meshscope::Mesh;
use meshscope::engine::reach::{Frozen, FrozenUnit, Reached};
use meshscope::engine::workloads::ProxyKind;
use meshscope::finding::{Location, ResourceId};
use meshscope::manifest::ResourceKey;
use serde::Serialize;

/// Whom a change of an object reaches.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RadiusView {
    /// The object.
    pub resource: ResourceId,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Proxies that are configured from it.
    pub sees: Vec<ReachedView>,
    /// Proxies istiod pushes to when it changes.
    pub pushed: Vec<ReachedView>,
    /// Proxies that would do something else without it.
    pub changes_behaviour: Vec<ReachedView>,
    /// What keeps its old version when Envoy refuses what is made of it.
    pub freezes: Vec<FrozenView>,
}

/// A proxy that is reached.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReachedView {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// Why.
    pub because: Vec<Reason>,
}

/// Something that freezes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrozenView {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// What Envoy takes or refuses as one.
    pub unit: UnitView,
    /// What else is in it: domains, server names, addresses.
    pub along: Vec<String>,
    /// The part that is made of the object.
    pub because: Reason,
}

/// What Envoy takes or refuses as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnitView {
    /// `cluster`, `listener` or `route-config`.
    pub kind: &'static str,
    /// The name.
    pub name: String,
}

/// Whom a change of an object reaches.
pub fn of(mesh: Mesh<'_>, key: &ResourceKey) -> RadiusView {
    let radius = mesh.blast_radius(key);
    let reasons = Reasons::new(mesh);
    let reached = |list: &[Reached]| -> Vec<ReachedView> {
        let list = list.iter();
        list.map(|r| ReachedView {
            proxy: proxy(r.kind, &r.workload),
            because: reasons.all(&r.because),
        })
        .collect()
    };
    RadiusView {
        resource: key.into(),
        location: mesh.locate(key, ""),
        sees: reached(&radius.sees),
        pushed: reached(&radius.pushed),
        changes_behaviour: reached(&radius.changes_behaviour),
        freezes: radius.freezes.iter().map(|f| frozen(&reasons, f)).collect(),
    }
}

fn frozen(reasons: &Reasons<'_>, frozen: &Frozen) -> FrozenView {
    let (kind, name) = match &frozen.unit {
        FrozenUnit::Cluster(name) => ("cluster", name),
        FrozenUnit::Listener(name) => ("listener", name),
        FrozenUnit::RouteConfig(name) => ("route-config", name),
    };
    FrozenView {
        proxy: proxy(frozen.kind, &frozen.workload),
        unit: UnitView {
            kind,
            name: name.to_string(),
        },
        along: texts(&frozen.along),
        because: reasons.one(&frozen.because),
    }
}

fn proxy(kind: ProxyKind, workload: &str) -> String {
    match kind {
        ProxyKind::Sidecar => format!("workload:{workload}"),
        ProxyKind::Router => format!("gateway:{workload}"),
    }
}
