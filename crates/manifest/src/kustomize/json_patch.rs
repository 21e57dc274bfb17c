//! JSON patches (RFC 6902) on a tree that remembers where things were written.
//!
//! As lenient as the library kustomize uses: `replace` of an absent key adds it, negative indexes
//! count from the end.

use meshscope_yaml::Segment;

use super::place::Trail;
use super::tree::{Is, Node};

/// Nodes a patched resource may have: `copy` can double a resource with every operation.
const MAX_NODES: usize = 1_000_000;

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    kind: Kind,
    path: Vec<String>,
    from: Vec<String>,
    /// The value, on its own place.
    value: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

/// Reads a list of operations.
pub(super) fn read(list: &Node) -> Result<Vec<Operation>, String> {
    let trail = Trail::root(list.from.as_ref());
    let Is::Seq(items) = &list.is else {
        return Err("a JSON patch is a list of operations".to_owned());
    };
    let mut operations = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let below = trail.down(Segment::Index(index as u32), item.from.as_ref());
        let kind = match item.str_at("op").as_str() {
            "add" => Kind::Add,
            "remove" => Kind::Remove,
            "replace" => Kind::Replace,
            "move" => Kind::Move,
            "copy" => Kind::Copy,
            "test" => Kind::Test,
            other => return Err(format!("unknown operation `{other}`")),
        };
        let value = item.get("value").map(|value| {
            let step = Segment::Key("value".into());
            value.pinned(&below.down(step, value.from.as_ref()))
        });
        operations.push(Operation {
            kind,
            path: pointer(&item.str_at("path")),
            from: pointer(&item.str_at("from")),
            value,
        });
    }
    Ok(operations)
}

/// Applies the operations in order, up to the first that fails.
pub(super) fn apply(root: &mut Node, operations: &[Operation]) -> Result<(), String> {
    for operation in operations {
        let shown = format!("/{}", operation.path.join("/"));
        one(root, operation).map_err(|fault| format!("at `{shown}`: {fault}"))?;
    }
    Ok(())
}

fn one(root: &mut Node, operation: &Operation) -> Result<(), String> {
    let value = || operation.value.clone().unwrap_or_else(Node::null);
    let path = &operation.path;
    match operation.kind {
        Kind::Replace if path.is_empty() => {
            root.is = value().is;
            Ok(())
        }
        Kind::Add => edit(root, path, &mut |node, trail, key| {
            add(node, trail, key, value())
        }),
        Kind::Replace => edit(root, path, &mut |node, _, key| match &mut node.is {
            Is::Seq(items) => {
                let at = index(key, items.len())?;
                items[at] = value();
                Ok(())
            }
            _ => {
                node.set(key, value());
                Ok(())
            }
        }),
        Kind::Remove => edit(root, path, &mut |node, trail, key| {
            take(node, trail, key).map(|_| ())
        }),
        Kind::Test => {
            let mut same = false;
            let wanted = value().to_value();
            edit(root, path, &mut |node, _, key| {
                same = child(node, key).map_or(crate::Value::Null, Node::to_value) == wanted;
                Ok(())
            })?;
            if same {
                Ok(())
            } else {
                Err("the test fails".to_owned())
            }
        }
        Kind::Move | Kind::Copy => {
            let mut taken = None;
            edit(root, &operation.from, &mut |node, trail, key| {
                taken = Some(match operation.kind {
                    Kind::Move => take(node, trail, key)?,
                    _ => copy(node, trail, key)?,
                });
                Ok(())
            })?;
            let taken = taken.unwrap_or_else(Node::null);
            if root.size(MAX_NODES) + taken.size(MAX_NODES) > MAX_NODES {
                return Err("the resource becomes too large".to_owned());
            }
            edit(root, path, &mut |node, trail, key| {
                add(node, trail, key, taken.clone())
            })
        }
    }
}

fn pointer(text: &str) -> Vec<String> {
    let unescape = |s: &str| s.replace("~1", "/").replace("~0", "~");
    text.split('/').skip(1).map(unescape).collect()
}

/// Calls `change` with the collection that holds the last step, and that step.
fn edit(
    root: &mut Node,
    path: &[String],
    change: &mut dyn FnMut(&mut Node, &Trail<'_>, &str) -> Result<(), String>,
) -> Result<(), String> {
    let trail = Trail::root(root.from.as_ref());
    descend(root, &trail, path, change)
}

fn descend(
    node: &mut Node,
    trail: &Trail<'_>,
    path: &[String],
    change: &mut dyn FnMut(&mut Node, &Trail<'_>, &str) -> Result<(), String>,
) -> Result<(), String> {
    let missing = || Err("there is no such path".to_owned());
    let Some((step, rest)) = path.split_first() else {
        return missing();
    };
    if node.is_scalar() {
        return missing();
    }
    if rest.is_empty() {
        return change(node, trail, step);
    }
    let (segment, child) = match &mut node.is {
        Is::Seq(items) => {
            let at = index(step, items.len())?;
            (Segment::Index(at as u32), items.get_mut(at))
        }
        Is::Map(fields) => (
            Segment::Key(step.as_str().into()),
            fields.get_mut(step.as_str()),
        ),
        _ => return missing(),
    };
    let Some(child) = child else {
        return missing();
    };
    let from = child.from.clone();
    let below = trail.down(segment, from.as_ref());
    descend(child, &below, rest, change)
}

fn child<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.is {
        Is::Seq(items) => items.get(index(key, items.len()).ok()?),
        _ => node.get(key),
    }
}

fn add(node: &mut Node, trail: &Trail<'_>, key: &str, value: Node) -> Result<(), String> {
    let Is::Seq(items) = &node.is else {
        node.set(key, value);
        return Ok(());
    };
    let length = items.len();
    let at = if key == "-" {
        length
    } else {
        index(key, length + 1)?
    };
    node.pin_items(trail, at);
    if let Is::Seq(items) = &mut node.is {
        items.insert(at, value);
    }
    Ok(())
}

fn take(node: &mut Node, trail: &Trail<'_>, key: &str) -> Result<Node, String> {
    let missing = || "there is nothing to remove".to_owned();
    let taken = copy(node, trail, key).map_err(|_| missing())?;
    if let Is::Seq(items) = &node.is {
        let at = index(key, items.len())?;
        node.pin_items(trail, at);
    }
    match &mut node.is {
        Is::Seq(items) => {
            items.remove(index(key, items.len())?);
        }
        Is::Map(fields) => {
            fields.shift_remove(key);
        }
        _ => return Err(missing()),
    }
    Ok(taken)
}

fn copy(node: &Node, trail: &Trail<'_>, key: &str) -> Result<Node, String> {
    let found = child(node, key).ok_or("there is no such path")?;
    let segment = match &node.is {
        Is::Seq(items) => Segment::Index(index(key, items.len())? as u32),
        _ => Segment::Key(key.into()),
    };
    Ok(found.pinned(&trail.down(segment, found.from.as_ref())))
}

/// An index into `length` items.
fn index(text: &str, length: usize) -> Result<usize, String> {
    let wrong = || format!("`{text}` is no index of {length} items");
    let number: i64 = text.parse().map_err(|_| wrong())?;
    let length = length as i64;
    let at = if number < 0 { number + length } else { number };
    let inside = (0..length).contains(&at).then_some(at as usize);
    inside.ok_or_else(wrong)
}
