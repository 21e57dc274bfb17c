//! References by name, updated when what they name got another name: the last step of a root.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::config::{FieldSpec, NameReference, Sections};
use super::field::{Make, each_field};
use super::id::{Gvk, Id, NO_NAMESPACE};
use super::place::Place;
use super::resource::{Resource, Resources};
use super::transform::set_scalar;
use super::tree::{Is, Node};
use crate::value::Str;

/// What a reference can lead to: resources by their earlier names.
struct Candidates {
    by_earlier_name: FxHashMap<Str, Vec<usize>>,
    list: Vec<Candidate>,
}

/// A resource as others may refer to it; fixed before any reference is changed.
struct Candidate {
    resource: Arc<Resource>,
    id: Id,
    previous: Vec<Id>,
    /// As written.
    namespace: Str,
    /// Where the name is written now.
    from: Arc<Place>,
}

/// Updates every reference; what is ambiguous stays and is told.
pub(super) fn fix(resources: &mut Resources, config: &Sections) -> Vec<(Place, String)> {
    let candidates = Candidates::new(resources);
    if candidates.list.iter().all(|c| c.previous.is_empty()) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for at in 0..resources.list.len() {
        let original = candidates.list[at].resource.original_id();
        for reference in &config.name_reference {
            for spec in &reference.referrers {
                if !original.gvk.is_selected(&spec.gvk) {
                    continue;
                }
                let referrer = Referrer {
                    candidates: &candidates,
                    at,
                    reference,
                    spec,
                };
                if let Err(fault) = referrer.fix(resources) {
                    let place = resources.list[at].node.from.as_deref();
                    faults.push((place.cloned().unwrap_or_default(), fault));
                }
            }
        }
    }
    faults
}

impl Candidates {
    fn new(resources: &Resources) -> Candidates {
        let mut by_earlier_name: FxHashMap<Str, Vec<usize>> = FxHashMap::default();
        let mut list = Vec::new();
        for (at, resource) in resources.list.iter().enumerate() {
            let previous: Vec<Id> = resource.previous_ids().collect();
            for id in &previous {
                let places = by_earlier_name.entry(id.name.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
            let metadata = resource.node.get("metadata");
            let name = metadata
                .and_then(|m| m.get("name"))
                .and_then(|n| n.from.clone());
            list.push(Candidate {
                id: resource.id(),
                previous,
                namespace: resource.namespace(),
                from: name.or(resource.node.from.clone()).unwrap_or_default(),
                resource: resource.clone(),
            });
        }
        Candidates {
            by_earlier_name,
            list,
        }
    }
}

/// One possible reference: a field of a resource that may name resources of a kind.
struct Referrer<'a> {
    candidates: &'a Candidates,
    at: usize,
    reference: &'a NameReference,
    spec: &'a FieldSpec,
}

impl Referrer<'_> {
    fn own(&self) -> &Candidate {
        &self.candidates.list[self.at]
    }

    fn fix(&self, resources: &mut Resources) -> Result<(), String> {
        // Looking first keeps resources shared that have no such field.
        let first = self
            .spec
            .path
            .split('/')
            .find(|s| !s.is_empty())
            .unwrap_or("");
        if resources.list[self.at].node.get(first).is_none() {
            return Ok(());
        }
        let mut probe = false;
        let spec = FieldSpec {
            gvk: Gvk::default(),
            ..self.spec.clone()
        };
        let mut copy = Resource::clone(&resources.list[self.at]);
        each_field(&mut copy, &spec, Make::Nothing, &mut |node, _| {
            probe |= self.set(node)?;
            Ok(())
        })?;
        if probe {
            resources.list[self.at] = Arc::new(copy);
        }
        Ok(())
    }

    /// Updates the node a field leads to; says whether anything changed.
    fn set(&self, node: &mut Node) -> Result<bool, String> {
        match &mut node.is {
            Is::Null { .. } => Ok(false),
            Is::Seq(items) => {
                let mut changed = false;
                for item in items {
                    changed |= match &item.is {
                        Is::Map(_) => self.set_mapping(item)?,
                        Is::Null { .. } => false,
                        Is::Seq(_) => return Err("expected names or mappings".to_owned()),
                        _ => self.set_scalar(item)?,
                    };
                }
                Ok(changed)
            }
            Is::Map(_) => self.set_mapping(node),
            _ => self.set_scalar(node),
        }
    }

    fn set_scalar(&self, node: &mut Node) -> Result<bool, String> {
        let old = node.scalar();
        let all = self.all(&old);
        let same = |a: &Candidate, b: &Candidate| a.id.name == b.id.name;
        let Some(found) = self.select(all, same)? else {
            return Ok(false);
        };
        if found.id.name == old {
            return Ok(false);
        }
        set_scalar(node, Is::Text(found.id.name.clone()), &found.from)?;
        Ok(true)
    }

    fn set_mapping(&self, node: &mut Node) -> Result<bool, String> {
        let Some(name) = node.get("name") else {
            return Err("the mapping has no `name`".to_owned());
        };
        let old = name.scalar();
        let mut all = self.all(&old);
        if let Some(namespace) = node.get("namespace").map(Node::scalar) {
            let first = |c: &&Candidate| match c.previous.first() {
                Some(id) => id.namespace == namespace,
                None => c.id.namespace == namespace,
            };
            // A namespace that some resource had at first means those resources.
            let reachable = self.candidates.list.iter().filter(|c| self.may_reach(c));
            let original = reachable
                .into_iter()
                .any(|c| first(&c) && namespace != NO_NAMESPACE);
            all.retain(|c| match original {
                true => first(c),
                false => c.id.namespace == namespace,
            });
        }
        let same =
            |a: &Candidate, b: &Candidate| a.id.name == b.id.name && a.namespace == b.namespace;
        let Some(found) = self.select(all, same)? else {
            return Ok(false);
        };
        if found.id.name == old && found.namespace.is_empty() {
            return Ok(false);
        }
        let mut changed = false;
        let mut put = |key: &str, text: &Str| {
            let is = Is::Text(text.clone());
            if node.get(key).is_none_or(|n| n.is != is) {
                node.set(key, Node::new(is).at(&found.from));
                changed = true;
            }
        };
        put("name", &found.id.name);
        if !found.namespace.is_empty() {
            put("namespace", &found.namespace);
        }
        Ok(changed)
    }

    /// The resources once called `name` that this one may refer to at all.
    fn all(&self, name: &str) -> Vec<&Candidate> {
        let places = self.candidates.by_earlier_name.get(name);
        let all = places.into_iter().flatten();
        all.map(|&at| &self.candidates.list[at])
            .filter(|c| self.may_reach(c))
            .collect()
    }

    /// A cluster-scoped resource may refer to anything, others to what is cluster-scoped or in their
    /// own namespace; a role binding to the namespaces of its service accounts.
    fn may_reach(&self, candidate: &Candidate) -> bool {
        let own = self.own();
        if own.id.namespace == NO_NAMESPACE
            || candidate.id.namespace == NO_NAMESPACE
            || own.id.namespace == candidate.id.namespace
        {
            return true;
        }
        let subjects = own.resource.node.get("subjects").map(Node::items);
        own.id.gvk.kind == "RoleBinding"
            && subjects.unwrap_or_default().iter().any(|subject| {
                subject.str_at("kind") == "ServiceAccount"
                    && subject.get("namespace").is_some()
                    && subject.str_at("namespace") == candidate.namespace
            })
    }

    /// The resource a name means.
    fn select<'c>(
        &self,
        mut all: Vec<&'c Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'c Candidate>, String> {
        let once = |c: &Candidate, gvk: &Gvk| c.previous.iter().any(|id| id.gvk.is_selected(gvk));
        all.retain(|c| once(c, &self.reference.target));
        if self.spec.path.ends_with("roleRef/name") {
            let role = self.own().resource.node.get("roleRef");
            let part = |key: &str| role.map(|r| r.str_at(key)).filter(|s| !s.is_empty());
            if let (Some(group), Some(kind)) = (part("apiGroup"), part("kind")) {
                let gvk = Gvk {
                    group,
                    kind,
                    ..Gvk::default()
                };
                all.retain(|c| once(c, &gvk));
            }
        }
        let own = self.own();
        if own.id.namespace != NO_NAMESPACE {
            all.retain(|c| {
                c.id.namespace == NO_NAMESPACE
                    || c.id.gvk.kind == "ServiceAccount"
                    || c.id.namespace == own.id.namespace
            });
        }
        if all.len() != 1 {
            all.retain(|c| c.resource.same_affixes(&own.resource, true));
            if all.len() > 1 {
                all.retain(|c| c.resource.same_affixes(&own.resource, false));
            }
        }
        match all[..] {
            [] => Ok(None),
            [first, ref rest @ ..] if rest.iter().all(|c| same(first, c)) => Ok(Some(first)),
            [first, ..] => Err(format!("`{}` names several resources", first.id.name)),
        }
    }
}
