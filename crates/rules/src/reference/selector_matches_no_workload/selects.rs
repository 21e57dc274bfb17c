//! What a policy selects, and where it says so.

use crate::prelude::*;
use meshscope_manifest::spec::Labels;

/// What an object selects, and where that is written.
pub(super) struct Selects {
    pub labels: Labels,
    pub path: &'static str,
}

/// The selector of an object; `None` for one that names its targets instead.
pub(super) fn selects(resource: &Resource) -> Option<Selects> {
    let (labels, path, targeted) = if let Some(p) = resource.authorization_policy() {
        (
            p.selector.clone(),
            "spec.selector.matchLabels",
            !p.target_refs.is_empty(),
        )
    } else if let Some(p) = resource.peer_authentication() {
        (p.selector.clone(), "spec.selector.matchLabels", false)
    } else if let Some(s) = resource.sidecar() {
        let labels = s.workload_selector.clone().unwrap_or_default();
        (labels, "spec.workloadSelector.labels", false)
    } else if let Some(d) = resource.destination_rule() {
        (
            d.workload_selector.clone()?,
            "spec.workloadSelector.matchLabels",
            false,
        )
    } else {
        let attached = resource.attached()?;
        let path = match resource.key.kind {
            Kind::EnvoyFilter => "spec.workloadSelector.labels",
            _ => "spec.selector.matchLabels",
        };
        (
            attached.selector.clone(),
            path,
            !attached.target_refs.is_empty(),
        )
    };
    (!targeted).then_some(Selects { labels, path })
}
