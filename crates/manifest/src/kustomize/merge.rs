//! Strategic merge: a patch laid over a resource, as kyaml's `merge2` does it.
//!
//! Faithful to its corners, because repositories depend on them: a patched list has the patch's items
//! first; null removes; `$patch` deletes or replaces; the whole resource is walked, so a value left
//! out vanishes and items that share a merge key become one. Provenance moves with every node.

use meshscope_yaml::Segment;

use super::merge_list;
use super::place::Trail;
use super::schema::Schema;
use super::tree::{Fields, Is, Node};

/// The key that says what a patch does.
const DIRECTIVE: &str = "$patch";

/// A node of the patch and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Patch<'a> {
    pub node: &'a Node,
    pub trail: &'a Trail<'a>,
}

/// What went wrong; the merge goes on with the patch's side.
pub(super) type Faults = Vec<String>;

/// Lays `patch` over `target`. `None` when nothing is left of it.
pub(super) fn merge(
    target: Node,
    patch: &Node,
    schema: Option<Schema>,
    faults: &mut Faults,
) -> Option<Node> {
    let here = Trail::root(target.from.as_ref());
    let there = Trail::root(patch.from.as_ref());
    let patch = Patch {
        node: patch,
        trail: &there,
    };
    walk(Some(target), &here, Some(patch), schema, faults)
}

/// One node of both.
pub(super) fn walk(
    target: Option<Node>,
    here: &Trail<'_>,
    patch: Option<Patch<'_>>,
    schema: Option<Schema>,
    faults: &mut Faults,
) -> Option<Node> {
    let present = |n: &&Node| !n.is_null();
    let first = target.as_ref().filter(present);
    let kind = first.or(patch.map(|p| p.node).filter(present));
    let mixed = match (first, patch.map(|p| p.node).filter(present)) {
        (Some(a), Some(b)) => sort_of(a) != sort_of(b),
        _ => false,
    };
    if mixed {
        let (a, b) = (
            first.map_or("", sort_of),
            patch.map_or("", |p| sort_of(p.node)),
        );
        faults.push(format!("the patch has {b} where the resource has {a}"));
        return patch.map(|p| p.node.pinned(p.trail));
    }
    match kind.map(|k| &k.is) {
        None | Some(Is::Map(_)) => walk_map(target, here, patch, schema, faults),
        Some(Is::Seq(_)) => match schema.and_then(|s| s.merge.map(|keys| (s, keys))) {
            Some((schema, keys)) => {
                merge_list::walk_list(target, here, patch, schema, keys, faults)
            }
            None => over(target, patch),
        },
        Some(_) => over(target, patch),
    }
}

/// What replaces as a whole: scalars, and lists that do not merge.
fn over(target: Option<Node>, patch: Option<Patch<'_>>) -> Option<Node> {
    match patch {
        Some(p) if p.node.is_null() => None,
        Some(p) => Some(p.node.pinned(p.trail)),
        None => target,
    }
}

fn sort_of(node: &Node) -> &'static str {
    match node.is {
        Is::Map(_) => "a mapping",
        Is::Seq(_) => "a list",
        _ => "a scalar",
    }
}

fn walk_map(
    target: Option<Node>,
    here: &Trail<'_>,
    patch: Option<Patch<'_>>,
    schema: Option<Schema>,
    faults: &mut Faults,
) -> Option<Node> {
    let does = directive(patch.map(|p| p.node), faults);
    let target = match (target, patch) {
        (None, None) => return None,
        // Nothing there yet, or null: the patch's side is new.
        (target, patch) if target.as_ref().is_none_or(Node::is_null) => match patch {
            Some(_) if does == Does::Delete => return None,
            Some(p) if p.node.is_null() => return None,
            Some(p) => return added(p, schema, faults),
            None => {
                let kept = target.filter(|t| t.is == Is::Null { written: true });
                return kept;
            }
        },
        (_, Some(p)) if p.node.is_null() || does == Does::Delete => return None,
        (_, Some(p)) if does == Does::Replace => return added(p, schema, faults),
        (Some(target), _) => target,
        (None, Some(_)) => return None,
    };
    let Node { from, is } = target;
    let Is::Map(fields) = is else {
        return Some(Node { from, is });
    };
    let mut result = Fields::default();
    let patched = patch.and_then(|p| p.node.fields());
    for (key, value) in fields {
        let step = Segment::Key(key.clone());
        let below = here.down(step.clone(), value.from.as_ref());
        let field_schema = schema.and_then(|s| s.field(&key));
        let other = patched.and_then(|p| p.get(&key));
        let merged = match (other, patch) {
            (Some(other), Some(p)) => {
                let trail = p.trail.down(step, other.from.as_ref());
                let side = Patch {
                    node: other,
                    trail: &trail,
                };
                walk(Some(value), &below, Some(side), field_schema, faults)
            }
            _ => walk(Some(value), &below, None, field_schema, faults),
        };
        if let Some(merged) = merged {
            result.insert(key, merged);
        }
    }
    if let Some(p) = patch {
        for (key, other) in p.node.fields().into_iter().flatten() {
            if result.contains_key(key) || is_directive(key, other) {
                continue;
            }
            let step = Segment::Key(key.clone());
            let trail = p.trail.down(step.clone(), other.from.as_ref());
            let side = Patch {
                node: other,
                trail: &trail,
            };
            // A null removed it just now; it must not come back as one.
            if other.is_null() {
                continue;
            }
            let below = here.down(step, None);
            let field_schema = schema.and_then(|s| s.field(key));
            if let Some(new) = walk(None, &below, Some(side), field_schema, faults) {
                result.insert(key.clone(), new);
            }
        }
    }
    Some(Node {
        from,
        is: Is::Map(result),
    })
}

/// A mapping of the patch that is new in the resource: directives and nulls are not taken along.
fn added(patch: Patch<'_>, schema: Option<Schema>, faults: &mut Faults) -> Option<Node> {
    let mut node = patch.node.pinned(patch.trail);
    let trail = Trail::root(node.from.as_ref());
    let Is::Map(fields) = std::mem::replace(&mut node.is, Is::Map(Fields::default())) else {
        return Some(patch.node.pinned(patch.trail));
    };
    let mut result = Fields::default();
    for (key, value) in fields {
        if is_directive(&key, &value) {
            continue;
        }
        let below = trail.down(Segment::Key(key.clone()), value.from.as_ref());
        let side = Patch {
            node: &value,
            trail: &below,
        };
        let field_schema = schema.and_then(|s| s.field(&key));
        let new = match &value.is {
            Is::Map(_) if directive(Some(&value), faults) == Does::Delete => None,
            Is::Map(_) => added(side, field_schema, faults),
            Is::Seq(_) => walk(None, &below, Some(side), field_schema, faults),
            Is::Null { .. } => None,
            _ => Some(value.clone()),
        };
        if let Some(new) = new {
            result.insert(key, new);
        }
    }
    node.is = Is::Map(result);
    Some(node)
}

/// What a patch says about the node it stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Merge,
    Delete,
    Replace,
}

pub(super) fn does(word: &str) -> Option<Does> {
    match word {
        "merge" => Some(Does::Merge),
        "delete" => Some(Does::Delete),
        "replace" => Some(Does::Replace),
        _ => None,
    }
}

pub(super) fn is_directive(key: &str, value: &Node) -> bool {
    key == DIRECTIVE && does(&value.scalar()).is_some()
}

fn directive(patch: Option<&Node>, faults: &mut Faults) -> Does {
    let Some(word) = patch.and_then(|p| p.get(DIRECTIVE)) else {
        return Does::Merge;
    };
    does(&word.scalar()).unwrap_or_else(|| {
        faults.push(format!("unknown patch strategy `{}`", word.scalar()));
        Does::Merge
    })
}

/// Whether a mapping of the patch says that it replaces its partner.
pub(super) fn says_replace(node: &Node) -> bool {
    node.get(DIRECTIVE)
        .is_some_and(|word| does(&word.scalar()) == Some(Does::Replace))
}

/// What the `$patch` item of a list says about the whole list.
pub(super) fn list_directive(patch: &Node) -> Option<Does> {
    let item = patch.items().iter().find(|i| i.get(DIRECTIVE).is_some())?;
    let alone = item.fields().is_some_and(|f| f.len() == 1);
    does(&item.str_at(DIRECTIVE)).filter(|_| alone)
}

/// Whether an item of a list is such a `$patch` item.
pub(super) fn is_list_directive(item: &Node) -> bool {
    item.fields()
        .is_some_and(|f| f.len() == 1 && f.iter().all(|(k, v)| is_directive(k, v)))
}
