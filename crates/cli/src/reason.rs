//! Reasons with the place they are written at, for JSON and for people.

use meshscope::Mesh;
use meshscope::engine::envoy::Because;
use meshscope::finding::{Location, ResourceId, written_at};
use meshscope::manifest::{ResourceKey, Str};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// The object and field that decided something, and where they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// The object.
    pub resource: ResourceId,
    /// The field; empty for the object.
    pub path: String,
    /// Where it is written; none for what no file holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it decided, the rule of the semantics in parentheses at the end.
    pub why: String,
}

impl Reason {
    /// `Kind ns/name spec.field (file:line)`, or `(in no file)`.
    pub fn place(&self) -> String {
        written_at(&self.resource, &self.path, self.location.as_ref())
    }

    /// `place: why`.
    pub fn line(&self) -> String {
        match plain(&self.why) {
            "" => self.place(),
            why => format!("{}: {why}", self.place()),
        }
    }
}

/// A reason without the rules it cites: people read what is the case, not paragraphs.
pub fn plain(why: &str) -> &str {
    let why = why.trim_end();
    let Some(start) = why.strip_suffix(')').and_then(|_| why.rfind('(')) else {
        return why;
    };
    let cited = why.get(start + 1..why.len() - 1).unwrap_or_default();
    let cites = |word: &str| {
        let rule = word.split_once([':', '-']);
        rule.is_some_and(|(rule, rest)| matches!(rule, "G" | "O" | "V" | "SF") && !rest.is_empty())
    };
    let first = cited.split([',', ' ', ';']).next().unwrap_or_default();
    match cites(first) {
        true => why.get(..start).unwrap_or_default().trim_end(),
        false => why,
    }
}

/// Makes reasons; every place is looked up once.
pub struct Reasons<'w> {
    mesh: Mesh<'w>,
    places: RefCell<HashMap<(ResourceKey, Str), Option<Location>>>,
}

impl<'w> Reasons<'w> {
    /// For the objects of a mesh.
    pub fn new(mesh: Mesh<'w>) -> Reasons<'w> {
        Reasons {
            mesh,
            places: RefCell::default(),
        }
    }

    /// One reason.
    pub fn one(&self, because: &Because) -> Reason {
        let key = (because.object.clone(), because.path.clone());
        let mut places = self.places.borrow_mut();
        let place = places.entry(key);
        let location = place.or_insert_with(|| self.mesh.locate(&because.object, &because.path));
        Reason {
            resource: (&because.object).into(),
            path: because.path.to_string(),
            location: location.clone(),
            why: because.why.to_string(),
        }
    }

    /// Several, each once.
    pub fn all(&self, because: &[Because]) -> Vec<Reason> {
        let mut found: Vec<Reason> = Vec::new();
        for because in because {
            let reason = self.one(because);
            if !found.contains(&reason) {
                found.push(reason);
            }
        }
        found
    }
}

/// Texts as owned strings.
pub fn texts(list: &[Str]) -> Vec<String> {
    list.iter().map(Str::to_string).collect()
}

/// Values that share the same reasons, together, in the order of their first.
pub fn by_reason<T>(list: impl Iterator<Item = (T, Vec<Reason>)>) -> Vec<(Vec<Reason>, Vec<T>)> {
    let mut places: BTreeMap<Vec<Reason>, usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<Reason>, Vec<T>)> = Vec::new();
    for (value, reasons) in list {
        let next = groups.len();
        let at = *places.entry(reasons.clone()).or_insert(next);
        match groups.get_mut(at) {
            Some((_, values)) => values.push(value),
            None => groups.push((reasons, vec![value])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cited_rules_are_left_out_for_people() {
        assert_eq!(plain("chosen by SNI (G:LST-3)"), "chosen by SNI");
        assert_eq!(plain("chosen (G:LST-3, V:R6.10)"), "chosen");
        assert_eq!(plain("nobody (but you)"), "nobody (but you)");
        assert_eq!(plain("(O:7)"), "");
    }
}
