//! Strategic merge of lists whose items have keys, and of lists of scalars that merge.
//!
//! The steps are kyaml's, one by one (`walk/associative_sequence.go`): which items there are by key,
//! each merged with its partner, then the patch's items first and the rest of the resource's after.

use meshscope_yaml::Segment;

use super::merge::{Does, Faults, Patch, is_list_directive, list_directive, says_replace, walk};
use super::place::Trail;
use super::schema::Schema;
use super::tree::{Is, Node};
use crate::value::Str;

/// More comparisons than that and a list counts as one value: nobody writes such lists by hand.
const MAX_COMPARISONS: usize = 4_000_000;

/// An item of the new list: one of the resource's, by place, or one of the patch's.
enum Item {
    Target(usize),
    Patch(Node),
}

pub(super) fn walk_list(
    target: Option<Node>,
    here: &Trail<'_>,
    patch: Option<Patch<'_>>,
    schema: Schema,
    keys: &[&str],
    faults: &mut Faults,
) -> Option<Node> {
    let does = patch.and_then(|p| list_directive(p.node));
    let target = match (target, patch) {
        (None, None) => return None,
        (_, Some(p)) if p.node.is_null() || does == Some(Does::Delete) => return None,
        (target, Some(p))
            if does == Some(Does::Replace) || target.as_ref().is_none_or(Node::is_null) =>
        {
            let mut list = p.node.pinned(p.trail);
            list.pin_items(&Trail::root(list.from.as_ref()), 0);
            if let Is::Seq(items) = &mut list.is {
                items.retain(|i| !is_list_directive(i));
            }
            list
        }
        (target, None) => return target.map(|t| cleaned(t, here, schema, keys, faults)),
        (Some(target), Some(_)) => target,
        (None, Some(_)) => return None,
    };
    let patch = patch?;
    let count = target.items().len() + patch.node.items().len();
    if count.saturating_mul(count) > MAX_COMPARISONS {
        faults.push(format!("a list of {count} items is too long to merge"));
        return Some(patch.node.pinned(patch.trail));
    }
    if keys.is_empty() {
        return Some(scalars(target, here, patch));
    }
    let merged = Merge { here, schema, keys };
    Some(merged.run(target, Some(patch), faults))
}

/// A list the patch does not mention: its items are walked all the same.
fn cleaned(
    list: Node,
    here: &Trail<'_>,
    schema: Schema,
    keys: &[&str],
    faults: &mut Faults,
) -> Node {
    let count = list.items().len();
    if keys.is_empty() || count.saturating_mul(count) > MAX_COMPARISONS {
        return list;
    }
    Merge { here, schema, keys }.run(list, None, faults)
}

/// A list of scalars: the patch's, then those of the resource that are new.
fn scalars(mut target: Node, here: &Trail<'_>, patch: Patch<'_>) -> Node {
    target.pin_items(here, 0);
    let mut list: Vec<Node> = Vec::new();
    for (index, item) in patch.node.items().iter().enumerate() {
        let trail = patch
            .trail
            .down(Segment::Index(index as u32), item.from.as_ref());
        if !list.iter().any(|i| i.scalar() == item.scalar()) {
            list.push(item.pinned(&trail));
        }
    }
    for item in target.items() {
        if !list.iter().any(|i| i.scalar() == item.scalar()) {
            list.push(item.clone());
        }
    }
    target.is = Is::Seq(list);
    target
}

struct Merge<'a> {
    here: &'a Trail<'a>,
    schema: Schema,
    keys: &'a [&'a str],
}

impl Merge<'_> {
    fn run(&self, mut target: Node, patch: Option<Patch<'_>>, faults: &mut Faults) -> Node {
        let mut items: Vec<Option<Node>> =
            match std::mem::replace(&mut target.is, Is::Seq(Vec::new())) {
                Is::Seq(items) => items.into_iter().map(Some).collect(),
                other => {
                    target.is = other;
                    return target;
                }
            };
        let theirs: Vec<(usize, &Node)> = patch
            .into_iter()
            .flat_map(|p| p.node.items().iter().enumerate())
            .filter(|(_, item)| !is_list_directive(item))
            .collect();
        let mut values = self.values(&theirs, &items);
        if self.keys.len() > 1 {
            merge_values(&mut values);
        }
        let mut made: Vec<Item> = Vec::new();
        let mut valid: Vec<&str> = self.keys.to_vec();
        for own in &values {
            let (keys, wanted) = valid_keys(&values, own, self.keys);
            let (by, of) = valid_keys(std::slice::from_ref(own), own, self.keys);
            valid = keys;
            let at = items
                .iter()
                .position(|i| i.as_ref().is_some_and(|i| equals(i, &by, &of)));
            let other = theirs.iter().find(|(_, i)| equals(i, &by, &of)).copied();
            // An item said to replace its partner is overruled by it in the end: kyaml puts the
            // resource's own items over the merged ones.
            let replaces = other.is_some_and(|(_, i)| says_replace(i));
            let old = at.and_then(|at| match replaces {
                true => items[at].clone(),
                false => items[at].take(),
            });
            let merged = self.pair(at, old, other, patch, faults);
            let merged = merged.filter(|m| !m.is_blank());
            let Some(mut merged) = merged else {
                items.retain(|i| {
                    i.as_ref()
                        .is_some_and(|i| !matches_keys(i, &valid, &wanted))
                });
                continue;
            };
            for (key, value) in valid.iter().zip(&wanted) {
                if !value.is_empty() && merged.get(key).is_none() {
                    merged.set(key, Node::text(value.clone()));
                }
            }
            let item = match at {
                Some(at) => {
                    if !replaces {
                        items[at] = Some(merged);
                    }
                    Item::Target(at)
                }
                None => Item::Patch(merged),
            };
            let same = |i: &Item| {
                let node = match i {
                    Item::Target(at) => items[*at].as_ref(),
                    Item::Patch(node) => Some(node),
                };
                node.is_some_and(|n| matches_keys(n, &valid, &wanted))
            };
            match made.iter().position(same) {
                Some(place) => made[place] = item,
                None => made.push(item),
            }
        }
        target.is = Is::Seq(if values.is_empty() {
            items.into_iter().flatten().collect()
        } else {
            self.append(made, items, &valid)
        });
        target
    }

    /// Merges an item of the resource with its partner in the patch.
    fn pair(
        &self,
        at: Option<usize>,
        old: Option<Node>,
        other: Option<(usize, &Node)>,
        patch: Option<Patch<'_>>,
        faults: &mut Faults,
    ) -> Option<Node> {
        let below = match (&old, at) {
            (Some(old), Some(at)) => self.here.down(Segment::Index(at as u32), old.from.as_ref()),
            _ => self.here.down(Segment::Index(0), None),
        };
        let schema = Some(self.schema.items());
        match (other, patch) {
            (Some((index, node)), Some(p)) => {
                let step = Segment::Index(index as u32);
                let trail = p.trail.down(step, node.from.as_ref());
                let side = Patch {
                    node,
                    trail: &trail,
                };
                walk(old, &below, Some(side), schema, faults)
            }
            _ => walk(old, &below, None, schema, faults),
        }
    }

    /// The values of the keys, the patch's items first, each once.
    fn values(&self, theirs: &[(usize, &Node)], items: &[Option<Node>]) -> Vec<Vec<Str>> {
        let mut values: Vec<Vec<Str>> = Vec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        for item in theirs.iter().map(|(_, i)| *i).chain(items.iter().flatten()) {
            let own: Vec<Str> = self.keys.iter().map(|key| item.str_at(key)).collect();
            if seen.insert(own.clone()) {
                values.push(own);
            }
        }
        values
    }

    /// The merged items, then the rest of the resource's: those already there keep their new place
    /// when one key tells them apart, and go to the end when several do.
    fn append(&self, made: Vec<Item>, items: Vec<Option<Node>>, valid: &[&str]) -> Vec<Node> {
        let place = self.here.place();
        let mut out: Vec<(Option<usize>, Node)> = Vec::new();
        let mut rest = items;
        let copies: Vec<Option<Node>> = rest.clone();
        for item in made {
            match item {
                Item::Target(at) => out.extend(copies[at].clone().map(|n| (Some(at), n))),
                Item::Patch(node) => out.push((None, node)),
            }
        }
        for (at, item) in rest.iter_mut().enumerate() {
            let Some(node) = item.take().filter(|n| !n.is_blank()) else {
                continue;
            };
            let present = |key: &&&str| node.get(key).is_some_and(|n| !n.is_null());
            let wanted: Vec<Str> = valid
                .iter()
                .filter(present)
                .map(|key| node.str_at(key))
                .collect();
            // With some keys missing, kyaml compares those that are there with the first keys.
            let keys = &valid[..wanted.len()];
            let same = |n: &Node| !keys.is_empty() && matches_keys(n, keys, &wanted);
            if valid.len() > 1 {
                out.retain(|(_, n)| !same(n));
            }
            match out.iter().position(|(_, n)| same(n)) {
                Some(found) => out[found] = (Some(at), node),
                None => out.push((Some(at), node)),
            }
        }
        out.into_iter()
            .enumerate()
            .map(|(index, (at, mut node))| {
                if let Some(at) = at.filter(|at| *at != index && node.from.is_none()) {
                    let step = Segment::Index(at as u32);
                    node.from = Some(std::sync::Arc::new(place.step(step)));
                }
                node
            })
            .collect()
    }
}

/// Whether a mapping has exactly these values.
fn equals(item: &Node, keys: &[&str], values: &[Str]) -> bool {
    item.fields().is_some()
        && keys.iter().zip(values).all(|(key, value)| {
            item.get(key)
                .is_some_and(|n| n.is_scalar() && n.scalar() == *value)
        })
}

/// The same for kyaml's setter, to which an empty value means "any".
fn matches_keys(item: &Node, keys: &[&str], values: &[Str]) -> bool {
    item.fields().is_some()
        && keys.iter().zip(values).all(|(key, value)| {
            let field = item.get(key);
            field.is_some_and(|n| value.is_empty() || n.scalar() == *value)
        })
}

/// The keys that some item has, with the values of one item for them.
fn valid_keys<'k>(all: &[Vec<Str>], own: &[Str], keys: &[&'k str]) -> (Vec<&'k str>, Vec<Str>) {
    let used = |i: usize| all.iter().any(|v| v.get(i).is_some_and(|v| !v.is_empty()));
    let valid: Vec<usize> = (0..keys.len()).filter(|&i| used(i)).collect();
    if valid.is_empty() {
        return (keys.to_vec(), own.to_vec());
    }
    let keys = valid.iter().map(|&i| keys[i]).collect();
    (keys, valid.iter().map(|&i| own[i].clone()).collect())
}

/// Items that agree where both say something are one.
fn merge_values(values: &mut [Vec<Str>]) {
    for i in 0..values.len() {
        for j in 0..values.len() {
            if let Some(both) = common(&values[i], &values[j]) {
                values[i].clone_from(&both);
                values[j] = both;
            }
        }
    }
}

fn common(a: &[Str], b: &[Str]) -> Option<Vec<Str>> {
    let mut agree = false;
    let mut both = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            agree = true;
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        }
        both.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    agree.then_some(both)
}
