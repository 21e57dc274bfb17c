//! What a proxy gets with the reasons, why one object is there or not, and who can see an object: as
//! plain data with places in files.

use super::{Mesh, Who, WhoError};
use crate::finding::{Location, ResourceId};
use meshscope_manifest::ResourceKey;
use meshscope_mesh::envoy::Because;
use meshscope_mesh::gateways;
use meshscope_mesh::visibility::ambiguity::{self, Ambiguity};
use meshscope_mesh::visibility::explain;
use meshscope_mesh::visibility::{mesh_virtual_services, scope_of};
use meshscope_mesh::workloads::{Proxy, find_workload};
use meshscope_yaml::Path;
use serde::Serialize;

/// One link of a chain of reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The object that decided.
    pub resource: ResourceId,
    /// Its field; empty for the object.
    pub path: String,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it decided, with the rule.
    pub why: String,
}

/// Whether a proxy has an object, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanation {
    /// The object asked about.
    pub resource: ResourceId,
    /// Whether the proxy has it.
    pub present: bool,
    /// The chain of reasons.
    pub because: Vec<Step>,
    /// Decisions about it that files leave open.
    pub ambiguities: Vec<OpenDecision>,
}

/// A decision that istiod makes by age where files do not say the age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenDecision {
    /// Its id in the rules of visibility: O1 to O13, N1 to N3.
    pub id: String,
    /// What is decided.
    pub about: String,
    /// Who competes; the winner at equal age first.
    pub resources: Vec<ResourceId>,
    /// What happens at equal age, and is assumed everywhere else.
    pub outcome: String,
    /// What happens in the other order.
    pub otherwise: String,
}

/// What a proxy gets, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// `workload:NS/NAME` or `gateway:NS/NAME`.
    pub proxy: String,
    /// The Sidecar it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<ResourceId>,
    /// The services it gets clusters for.
    pub services: Vec<SeenService>,
    /// The VirtualServices it carries; on a gateway those that are programmed.
    pub virtual_services: Vec<SeenObject>,
    /// The DestinationRules it uses.
    pub destination_rules: Vec<SeenObject>,
    /// Decisions that files leave open.
    pub ambiguities: Vec<OpenDecision>,
}

/// A service of a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SeenService {
    /// `NS/HOST`.
    pub service: String,
    /// The object that makes it.
    pub resource: ResourceId,
    /// The ports it has here.
    pub ports: Vec<u32>,
    /// The DestinationRule used for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_rule: Option<ResourceId>,
    /// Why it is here.
    pub because: Vec<Step>,
}

/// An object a proxy has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeenObject {
    /// The object.
    pub resource: ResourceId,
    /// Why it is here.
    pub because: Vec<Step>,
}

/// Who can see an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VisibleTo {
    /// The object asked about.
    pub resource: ResourceId,
    /// Namespaces it is exported to.
    pub namespaces: Vec<String>,
    /// Workloads whose sidecar has it, `NS/NAME`.
    pub sidecars: Vec<String>,
    /// Gateway workloads that have it, `NS/NAME`.
    pub gateways: Vec<String>,
}

impl Mesh<'_> {
    /// What a proxy gets, with the reasons.
    pub fn overview(&self, proxy: &Proxy) -> Overview {
        let (db, mesh) = (self.db(), self.input());
        let seen = self.visibility(proxy);
        let role = if proxy.is_router() {
            "gateway"
        } else {
            "workload"
        };
        let because = |key: &ResourceKey| self.steps(&explain::reasons(db, mesh, proxy, key).1);
        let object = |key: &ResourceKey| SeenObject {
            resource: key.into(),
            because: because(key),
        };
        let service = |member: &meshscope_mesh::visibility::Member| {
            let s = &member.service;
            let mut rules = seen.destination_rules.iter();
            let rule = rules.find(|(ns, host, _)| *ns == s.namespace && *host == s.host);
            SeenService {
                service: s.label(),
                resource: (&s.object).into(),
                ports: s.ports.iter().map(|p| p.number).collect(),
                destination_rule: rule.map(|(_, _, entry)| (&entry.rule).into()),
                because: because(&s.object),
            }
        };
        let mut carried: Vec<ResourceKey> = if proxy.is_router() {
            let bindings = gateways::bindings(db, mesh, proxy);
            let bound = bindings.iter().filter(|b| !b.bound.is_empty());
            bound.map(|b| b.virtual_service.object.clone()).collect()
        } else {
            let carried = mesh_virtual_services(db, mesh, proxy);
            carried.iter().map(|v| v.object.clone()).collect()
        };
        carried.sort();
        carried.dedup();
        let sidecar = match proxy.is_router() {
            true => None,
            false => scope_of(db, mesh, proxy).sidecar.clone(),
        };
        Overview {
            proxy: format!("{role}:{}", proxy.workload),
            sidecar: sidecar.as_ref().map(ResourceId::from),
            services: seen.services.iter().map(service).collect(),
            virtual_services: carried.iter().map(object).collect(),
            destination_rules: seen.destination_rule_objects().iter().map(object).collect(),
            ambiguities: self.ambiguities(proxy),
        }
    }

    /// Why the pods of a workload have an object, or why not.
    ///
    /// # Errors
    /// When there is no such workload. One without a proxy is an answer.
    pub fn explain(&self, who: &Who, key: &ResourceKey) -> Result<Explanation, WhoError> {
        let (db, mesh) = (self.db(), self.input());
        if let Err(error @ (WhoError::Unknown(_) | WhoError::OtherRole(_))) = self.proxy(who) {
            return Err(error);
        }
        let workload = find_workload(db, mesh, &who.namespace, &who.name)
            .ok_or_else(|| WhoError::Unknown(who.clone()))?;
        let found = explain::explain_workload(db, mesh, &workload, key);
        Ok(Explanation {
            resource: key.into(),
            present: found.present,
            because: self.steps(&found.steps),
            ambiguities: found.ambiguities.iter().map(open).collect(),
        })
    }

    /// Who can see an object.
    pub fn visible_to(&self, key: &ResourceKey) -> VisibleTo {
        let found = explain::visible_to(self.db(), self.input(), key);
        let texts = |list: &[meshscope_manifest::Str]| list.iter().map(|s| s.to_string()).collect();
        VisibleTo {
            resource: key.into(),
            namespaces: texts(&found.namespaces),
            sidecars: texts(&found.sidecars),
            gateways: texts(&found.gateways),
        }
    }

    /// Decisions about a proxy that files leave open.
    pub fn ambiguities(&self, proxy: &Proxy) -> Vec<OpenDecision> {
        let found = ambiguity::ambiguities(self.db(), self.input(), proxy);
        found.iter().map(open).collect()
    }

    fn steps(&self, steps: &[Because]) -> Vec<Step> {
        let step = |because: &Because| Step {
            resource: (&because.object).into(),
            path: because.path.to_string(),
            location: self.written(&because.object, &because.path),
            why: because.why.to_string(),
        };
        steps.iter().map(step).collect()
    }

    /// Where a field of an object is written, or the nearest one above it that is.
    fn written(&self, key: &ResourceKey, path: &str) -> Option<Location> {
        let path: Path = path.parse().unwrap_or_default();
        self.places().of(key, &path, true)
    }
}

fn open(found: &Ambiguity) -> OpenDecision {
    OpenDecision {
        id: found.decision.id().into(),
        about: found.about.to_string(),
        resources: found.objects.iter().map(ResourceId::from).collect(),
        outcome: found.outcome.to_string(),
        otherwise: found.otherwise.to_string(),
    }
}
