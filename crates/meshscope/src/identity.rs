//! What makes a finding the same finding after files were edited: its meaning, not its lines.
//!
//! Owns the pairing of two lists of findings and the fingerprints other tools keep. It must not know
//! where lists come from.

use crate::finding::{Finding, ResourceId};
use meshscope_manifest::kustomize::sha256;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// What a finding means: rule, object, field and parties, and what helps to tell equal ones apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The rule's name.
    pub rule: String,
    /// The mesh it holds in; empty for what is no matter of a mesh.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mesh: String,
    /// The object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// The field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The objects of the other parties, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<ResourceId>,
    /// The file; empty when none holds it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The fact.
    pub message: String,
}

impl From<&Finding> for Identity {
    fn from(finding: &Finding) -> Identity {
        let others = finding.related.iter().filter_map(|r| r.resource.clone());
        let mut parties: Vec<ResourceId> = others.collect();
        parties.sort();
        parties.dedup();
        Identity {
            rule: finding.rule.clone(),
            mesh: finding.mesh.clone(),
            resource: finding.resource.clone(),
            path: finding.path.clone(),
            parties,
            file: finding
                .location
                .as_ref()
                .map(|at| at.file.clone())
                .unwrap_or_default(),
            message: finding.message.clone(),
        }
    }
}

/// How alike two findings must be to be one, from most to least. Each is tried on what the ones before
/// it left over.
const LIKENESS: [fn(&Identity) -> String; 5] = [
    |id| key(id),
    // Moved within a list: the words tell which is which.
    |id| key(&(id.core(&without_indices(&id.path)), &id.mesh, &id.message)),
    |id| key(&(id.core(&id.path), &id.mesh)),
    |id| key(&(id.core(&without_indices(&id.path)), &id.mesh)),
    // The mesh has another name.
    |id| key(&id.core(&id.path)),
];

impl Identity {
    /// What never differs between two findings that are one. What sits on no object is told apart by
    /// file and words.
    fn core<'a>(&'a self, path: &'a str) -> impl Serialize + use<'a> {
        let text = match self.resource {
            Some(_) => ("", ""),
            None => (self.file.as_str(), self.message.as_str()),
        };
        (&self.rule, &self.resource, path, &self.parties, text)
    }

    /// A name for it that stays when lines move, lists grow or words are put otherwise.
    fn fingerprint(&self, repetition: usize) -> String {
        let path = without_indices(&self.path);
        let text = key(&(self.core(&path), &self.mesh, repetition));
        let mut digest = sha256::hex(text.as_bytes());
        digest.truncate(32);
        digest
    }
}

/// A value as the key of a map. Plain data: writing it cannot fail.
fn key(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// `spec.http[2].route[0]` without its numbers.
fn without_indices(path: &str) -> String {
    let mut rest = path;
    let mut found = String::with_capacity(path.len());
    while let Some((before, after)) = rest.split_once('[') {
        found.push_str(before);
        found.push('[');
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    found.push_str(rest);
    found
}

/// For each new finding the old one it is, if there is one; no old one stands for two.
pub fn pair(old: &[Identity], new: &[Identity]) -> Vec<Option<usize>> {
    let mut found: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    for likeness in LIKENESS {
        let mut open: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (i, id) in old.iter().enumerate().filter(|(i, _)| !taken[*i]) {
            open.entry(likeness(id)).or_default().push_back(i);
        }
        if open.is_empty() {
            break;
        }
        for (id, slot) in new
            .iter()
            .zip(&mut found)
            .filter(|(_, slot)| slot.is_none())
        {
            let twin = open.get_mut(&likeness(id)).and_then(VecDeque::pop_front);
            if let Some(twin) = twin {
                taken[twin] = true;
                *slot = Some(twin);
            }
        }
    }
    found
}

/// The fingerprint of each finding, each different: findings that mean the same are numbered in order.
pub fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut of_one = |finding: &Finding| {
        let id = Identity::from(finding);
        let count = seen.entry(id.fingerprint(0)).or_default();
        *count += 1;
        id.fingerprint(*count - 1)
    };
    findings.iter().map(&mut of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(path: &str, message: &str) -> Identity {
        Identity {
            rule: "subset-unknown".into(),
            mesh: "default".into(),
            resource: Some(ResourceId {
                kind: "VirtualService".into(),
                group: "networking.istio.io".into(),
                namespace: "shop".into(),
                name: "cart".into(),
            }),
            path: path.into(),
            parties: Vec::new(),
            file: "cart.yaml".into(),
            message: message.into(),
        }
    }

    #[test]
    fn a_route_put_in_front_moves_findings_and_makes_no_new_ones() {
        let old = [
            id("spec.http[0].route[0]", "a"),
            id("spec.http[1].route[0]", "b"),
        ];
        let new = [
            id("spec.http[0].route[0]", "new"),
            id("spec.http[1].route[0]", "a"),
            id("spec.http[2].route[0]", "b"),
        ];
        assert_eq!(pair(&old, &new), [None, Some(0), Some(1)]);
    }

    #[test]
    fn another_field_object_or_party_is_another_finding() {
        let old = [id("spec.http[0].route[0]", "a")];
        assert_eq!(pair(&old, &[id("spec.tls[0].route[0]", "a")]), [None]);
        let mut other = id("spec.http[0].route[0]", "a");
        other.parties = other.resource.clone().into_iter().collect();
        assert_eq!(pair(&old, &[other]), [None]);
    }

    #[test]
    fn a_mesh_of_another_name_keeps_its_findings() {
        let old = [id("spec.hosts[0]", "a"), id("spec.hosts[1]", "b")];
        let mut new = old.clone();
        for id in &mut new {
            id.mesh = "prod".into();
        }
        assert_eq!(pair(&old, &new), [Some(0), Some(1)]);
    }

    #[test]
    fn fingerprints_know_neither_words_nor_positions() {
        let a = id("spec.http[0].route[0]", "a");
        let b = id("spec.http[7].route[3]", "b");
        assert_eq!(a.fingerprint(0), b.fingerprint(0));
        assert_ne!(a.fingerprint(0), a.fingerprint(1));
        assert_eq!(
            without_indices("spec.http[12].match[0].uri"),
            "spec.http[].match[].uri"
        );
    }
}
