//! A difference as JSON has it.

use crate::reason::{Reason, Reasons, texts};
use meshscope::engine::diff::{
    CallChange, Change, Ending, MeshDiff, ObjectChange, Touched, VisibilityChange,
};
use meshscope::engine::envoy::Because;
use meshscope::engine::trace::Call;
use meshscope::engine::workloads::ProxyKind;
use meshscope::finding::{Finding, Location, ResourceId, Severity};
use meshscope::manifest::{ResourceKey, Str};
use meshscope::{Comparison, Mesh, MeshChange};
use serde::Serialize;

/// How many reasons are given for what became of a call.
const REASONS: usize = 4;

/// What differs between two states of a repository.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffView {
    /// What is compared with.
    pub base: Side,
    /// What is compared.
    pub head: Side,
    /// Counts over all meshes.
    pub summary: DiffSummary,
    /// Findings that came and went.
    pub findings: FindingsView,
    /// The meshes of both sides.
    pub meshes: Vec<MeshView>,
}

/// One side.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Side {
    /// The revision as it was asked for; none for the working tree.
    pub revision: Option<String>,
    /// The id of its commit.
    pub commit: Option<String>,
}

/// Counts.
#[derive(Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DiffSummary {
    /// Findings that only head has.
    pub findings_added: usize,
    /// Errors among them.
    pub errors_added: usize,
    /// Findings that only base has.
    pub findings_fixed: usize,
    /// Findings that both have.
    pub findings_unchanged: usize,
    /// Objects added, removed and changed.
    pub objects: usize,
    /// Calls that end otherwise.
    pub calls: usize,
    /// Workloads that see something more, less, or by another DestinationRule.
    pub visibility: usize,
    /// Workloads that are pushed to, new, or gone.
    pub workloads: usize,
}

/// Findings that came and went.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingsView {
    /// Those that only head has; places are of head.
    pub added: Vec<Finding>,
    /// Those that only base has; places are of base.
    pub fixed: Vec<Finding>,
    /// How many both have.
    pub unchanged: usize,
}

/// A mesh of one side or of both.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MeshView {
    /// Its name.
    pub mesh: String,
    /// `added` or `removed` when only one side has it; `changed` or `unchanged`.
    pub change: &'static str,
    /// Objects added, removed and changed.
    pub objects: Vec<ObjectView>,
    /// Who sees more or less.
    pub visibility: Vec<VisibilityView>,
    /// Calls that end otherwise.
    pub calls: Vec<CallView>,
    /// Workloads touched.
    pub workloads: Vec<WorkloadView>,
    /// What was too much to compare.
    pub left_out: Vec<String>,
}

impl MeshView {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.change == "unchanged"
    }
}

/// An object that differs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ObjectView {
    /// The object.
    pub resource: ResourceId,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// Where it is written, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// What some workloads see more or less.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VisibilityView {
    /// The workloads, `namespace/name`.
    pub workloads: Vec<String>,
    /// Services they gain, `namespace/host`, with ports where only these differ.
    pub services_gained: Vec<String>,
    /// Services they lose.
    pub services_lost: Vec<String>,
    /// VirtualServices they gain.
    pub virtual_services_gained: Vec<ResourceId>,
    /// VirtualServices they lose.
    pub virtual_services_lost: Vec<ResourceId>,
    /// Hosts that are called by another DestinationRule.
    pub destination_rules: Vec<RuleView>,
}

/// A host that is called by another DestinationRule.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleView {
    /// The host.
    pub host: String,
    /// The rule before.
    pub before: Option<ResourceId>,
    /// The rule after.
    pub after: Option<ResourceId>,
}

/// A call that ends otherwise.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// As a URL. `meshscope-other` in host or path stands for every one that nothing mentions.
    pub call: String,
    /// The method, when it is not GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Headers, `name: value`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// Who calls, or the gateways at which it arrives: `workload:NS/NAME` or `gateway:NS/NAME`.
    pub from: Vec<String>,
    /// How it ended.
    pub before: EndingView,
    /// How it ends.
    pub after: EndingView,
    /// What decides now and did not before.
    pub because: Vec<Reason>,
}

/// How a call ends.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndingView {
    /// The verdict, as `trace` has it.
    pub verdict: &'static str,
    /// What the caller gets.
    pub client_sees: String,
    /// Gateway workloads on the way.
    pub through_gateways: Vec<String>,
    /// The clusters of every hop.
    pub clusters: Vec<ClusterView>,
}

/// A cluster on the way.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClusterView {
    /// Its name.
    pub cluster: String,
    /// The share that goes there, as written.
    pub weight: i64,
    /// Whether it gets a copy only.
    pub mirror: bool,
}

/// A workload that is touched.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TouchedView")
)]
pub struct WorkloadView {
    /// `namespace/name`.
    pub workload: String,
    /// `sidecar`, `gateway` or `none`.
    pub proxy: &'static str,
    /// `pushed`; or `added`, `removed` or `changed` when the workload itself is.
    pub change: &'static str,
    /// Why istiod pushes to it.
    pub because: Vec<Reason>,
}

/// The difference of two states; of one mesh only when `wanted` names it.
pub fn of(comparison: &Comparison, wanted: Option<&str>, (base, head): (Side, Side)) -> DiffView {
    let findings = comparison.findings(wanted);
    let meshes: Vec<MeshView> = comparison.meshes(wanted).iter().map(mesh).collect();
    let errors = findings
        .added
        .iter()
        .filter(|f| f.severity == Severity::Error);
    let sum = |of: &dyn Fn(&MeshView) -> usize| meshes.iter().map(of).sum::<usize>();
    let summary = DiffSummary {
        findings_added: findings.added.len(),
        errors_added: errors.count(),
        findings_fixed: findings.fixed.len(),
        findings_unchanged: findings.unchanged,
        objects: sum(&|m| m.objects.len()),
        calls: sum(&|m| m.calls.len()),
        visibility: sum(&|m| m.visibility.iter().map(|v| v.workloads.len()).sum()),
        workloads: sum(&|m| m.workloads.len()),
    };
    DiffView {
        base,
        head,
        summary,
        findings: FindingsView {
            added: findings.added,
            fixed: findings.fixed,
            unchanged: findings.unchanged,
        },
        meshes,
    }
}

fn mesh(change: &MeshChange<'_>) -> MeshView {
    let bare = |change| MeshView {
        mesh: String::new(),
        change,
        objects: Vec::new(),
        visibility: Vec::new(),
        calls: Vec::new(),
        workloads: Vec::new(),
        left_out: Vec::new(),
    };
    let view = match change {
        MeshChange::Added(_) => bare("added"),
        MeshChange::Removed(_) => bare("removed"),
        MeshChange::Both(_, _, difference) if difference.is_empty() => bare("unchanged"),
        MeshChange::Both(base, head, difference) => both(*base, *head, difference),
    };
    MeshView {
        mesh: change.name().to_owned(),
        ..view
    }
}

fn both(base: Mesh<'_>, head: Mesh<'_>, difference: &MeshDiff) -> MeshView {
    let reasons = (Reasons::new(base), Reasons::new(head));
    let objects = difference.objects.iter().map(|o| object(base, head, o));
    let calls = difference.calls.iter().map(|c| call(&reasons.1, c));
    let workloads = difference.workloads.iter().map(|w| workload(&reasons, w));
    MeshView {
        mesh: String::new(),
        change: "changed",
        objects: objects.collect(),
        visibility: difference.visibility.iter().map(visibility).collect(),
        calls: calls.collect(),
        workloads: workloads.collect(),
        left_out: texts(&difference.left_out),
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

fn object(base: Mesh<'_>, head: Mesh<'_>, change: &ObjectChange) -> ObjectView {
    let side = if change.change == Change::Removed {
        base
    } else {
        head
    };
    ObjectView {
        resource: (&change.object).into(),
        change: word(change.change),
        location: side.locate(&change.object, ""),
    }
}

fn ids(keys: &[ResourceKey]) -> Vec<ResourceId> {
    keys.iter().map(ResourceId::from).collect()
}

fn visibility(change: &VisibilityChange) -> VisibilityView {
    let rules = change.rules.iter().map(|(host, before, after)| RuleView {
        host: host.to_string(),
        before: before.as_ref().map(ResourceId::from),
        after: after.as_ref().map(ResourceId::from),
    });
    VisibilityView {
        workloads: texts(&change.workloads),
        services_gained: texts(&change.services_gained),
        services_lost: texts(&change.services_lost),
        virtual_services_gained: ids(&change.virtual_services_gained),
        virtual_services_lost: ids(&change.virtual_services_lost),
        destination_rules: rules.collect(),
    }
}

fn call(reasons: &Reasons<'_>, change: &CallChange) -> CallView {
    let kind = if change.at_gateway {
        "gateway"
    } else {
        "workload"
    };
    let from = |workload: &Str| format!("{kind}:{workload}");
    // What decided before as well explains nothing.
    let fresh = change.after.because.iter();
    let fresh = fresh.filter(|b| !change.before.because.contains(b));
    let fresh: Vec<Because> = fresh.take(REASONS).cloned().collect();
    let Call { headers, .. } = &change.call;
    CallView {
        call: change.call.to_string(),
        method: Some(change.call.method().to_owned()).filter(|m| m != "GET"),
        headers: headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect(),
        from: change.workloads.iter().map(from).collect(),
        before: ending(&change.before),
        after: ending(&change.after),
        because: reasons.all(&fresh),
    }
}

fn ending(ending: &Ending) -> EndingView {
    let clusters = ending.clusters.iter();
    let clusters = clusters.map(|(cluster, weight, mirror)| ClusterView {
        cluster: cluster.to_string(),
        weight: *weight,
        mirror: *mirror,
    });
    EndingView {
        verdict: ending.verdict.name(),
        client_sees: ending.client_sees.to_string(),
        through_gateways: texts(&ending.through_gateways),
        clusters: clusters.collect(),
    }
}

fn workload((base, head): &(Reasons<'_>, Reasons<'_>), touched: &Touched) -> WorkloadView {
    let gone = touched.change == Some(Change::Removed);
    let side = if gone { base } else { head };
    WorkloadView {
        workload: touched.workload.to_string(),
        proxy: match touched.kind {
            Some(ProxyKind::Sidecar) => "sidecar",
            Some(ProxyKind::Router) => "gateway",
            None => "none",
        },
        change: touched.change.map_or("pushed", word),
        because: side.all(&touched.because),
    }
}
