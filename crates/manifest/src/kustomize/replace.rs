//! `replacements`: a field of one resource copied into fields of others.

use std::sync::Arc;

use meshscope_yaml::Segment;
use regex::Regex;

use super::build::Build;
use super::field::split_smart;
use super::file;
use super::place::{Place, Trail};
use super::problem::ProblemKind;
use super::resource::Resource;
use super::select::{LabelSelector, PlainId};
use super::source::Kustomization;
use super::tree::{Is, Node};
use crate::value::Str;

/// Bytes a replaced text may have, and nodes a resource: replacements can feed on themselves.
const MAX_TEXT: usize = 1 << 20;
const MAX_NODES: usize = 1_000_000;

impl Build<'_> {
    /// The replacements of a kustomization, inline and by path, in order.
    pub(super) fn replacements(&mut self, dir: &str, k: &Kustomization) {
        for (at, entry) in file::entries(&k.root, "replacements") {
            let named = entry.str_at("path");
            if named.is_empty() {
                self.replacement(entry, &k.place(&at));
                continue;
            }
            let place = k.place(&at.join("path"));
            let Some(mut node) = self.config_file(dir, &named, &place) else {
                continue;
            };
            let mut faults = Vec::new();
            file::check_replacements(&mut node, &mut faults);
            let root = Trail::root(node.from.as_ref()).place();
            for (path, fault) in faults {
                let place = root.below(path.segments());
                self.layer.problem(place, ProblemKind::Invalid, fault);
            }
            match &node.is {
                Is::Seq(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let place = root.step(Segment::Index(index as u32));
                        self.replacement(item, &place);
                    }
                }
                _ => self.replacement(&node, &root),
            }
        }
    }

    fn replacement(&mut self, entry: &Node, place: &Place) {
        if let Err((kind, fault)) = self.replace(entry, place) {
            self.layer.problem(place.clone(), kind, fault);
        }
    }

    fn replace(&mut self, entry: &Node, place: &Place) -> Result<(), (ProblemKind, String)> {
        let invalid = |fault: &str| (ProblemKind::Invalid, fault.to_owned());
        let source = entry.get("source").filter(|s| s.fields().is_some());
        let source = source.ok_or_else(|| invalid("the replacement has no source"))?;
        let targets = entry.get("targets").map(Node::items).unwrap_or_default();
        if targets.is_empty() && entry.get("targets").is_none_or(Node::is_null) {
            return Err(invalid("the replacement has no targets"));
        }
        let value = self
            .source(source)
            .map_err(|f| (ProblemKind::NoTarget, f))?;
        let value = value.at(&Arc::new(place.step(Segment::Key("source".into()))));
        for target in targets {
            self.target(target, &value)?;
        }
        Ok(())
    }

    fn source(&self, source: &Node) -> Result<Node, String> {
        let wanted = PlainId::read(source);
        let fits = |r: &&Resource| r.ids().iter().any(|id| wanted.fits(id));
        let mut found = self.layer.resources.iter().filter(fits);
        let Some(resource) = found.next() else {
            return Err("no resource is the source of the replacement".to_owned());
        };
        if found.next().is_some() {
            return Err("several resources are the source of the replacement".to_owned());
        }
        let path = source.str_at("fieldPath");
        let path = if path.is_empty() {
            "metadata.name".into()
        } else {
            path
        };
        let mut node = &resource.node;
        for part in split_smart(&path) {
            let next = step(node, part.trim());
            node = next.ok_or_else(|| format!("the source has no `{path}`"))?;
        }
        if node.is_blank() {
            return Err(format!("`{path}` of the source is empty"));
        }
        let Some(options) = Options::read(source.get("options")) else {
            return Ok(Node::new(node.is.clone()));
        };
        if options.delimiter.is_empty() {
            return Ok(Node::new(node.is.clone()));
        }
        if !node.is_scalar() {
            return Err("only a scalar can be taken apart".to_owned());
        }
        let text = node.scalar();
        let index = usize::try_from(options.index).ok();
        let part = index.and_then(|i| text.split(options.delimiter.as_str()).nth(i));
        let part = part.ok_or_else(|| format!("`{text}` has no part {}", options.index))?;
        Ok(Node::text(part))
    }

    fn target(&mut self, target: &Node, value: &Node) -> Result<(), (ProblemKind, String)> {
        let invalid = |fault: String| (ProblemKind::Invalid, fault);
        let select = target.get("select").filter(|s| s.fields().is_some());
        let select = select.ok_or_else(|| invalid("the target selects nothing".to_owned()))?;
        let (id, by_text) = selector(select).map_err(invalid)?;
        let mut rejected = Vec::new();
        for reject in target.get("reject").map(Node::items).unwrap_or_default() {
            rejected.push(selector(reject).map_err(invalid)?);
        }
        let paths = target
            .get("fieldPaths")
            .map(Node::items)
            .unwrap_or_default();
        let mut paths: Vec<Str> = paths.iter().map(Node::scalar).collect();
        if paths.is_empty() {
            paths.push("metadata.name".into());
        }
        let options = Options::read(target.get("options")).unwrap_or_default();
        for at in 0..self.layer.resources.list.len() {
            let resource = &self.layer.resources.list[at];
            let ids = resource.ids();
            let out = |(id, by_text): &(PlainId, ByText)| {
                (!id.is_empty() && ids.iter().any(|i| id.fits(i)))
                    || (!by_text.is_empty() && by_text.fits(resource))
            };
            if !by_text.fits(resource)
                || !ids.iter().any(|i| id.fits(i))
                || rejected.iter().any(out)
            {
                continue;
            }
            let resource = self.layer.resources.get_mut(at);
            if resource.node.size(MAX_NODES) + value.size(MAX_NODES) > MAX_NODES {
                let message = format!("{} becomes too large", resource.id());
                return Err((ProblemKind::TooLarge, message));
            }
            for path in &paths {
                let parts = split_smart(path);
                let create = options.create.then_some(&value.is);
                let found = each(&mut resource.node, &parts, create, &mut |node| {
                    set(node, value, &options)
                });
                let fault = match found {
                    Ok(0) => format!("{} has no field `{path}` to replace", resource.id()),
                    Ok(_) => continue,
                    Err(fault) => format!("`{path}` of {}: {fault}", resource.id()),
                };
                return Err((ProblemKind::NoTarget, fault));
            }
        }
        Ok(())
    }
}

/// Label and annotation selectors of a `select` or `reject`.
struct ByText {
    labels: LabelSelector,
    annotations: LabelSelector,
    empty: bool,
}

impl ByText {
    fn is_empty(&self) -> bool {
        self.empty
    }

    fn fits(&self, resource: &Resource) -> bool {
        self.labels.matches(&resource.texts("labels"))
            && self.annotations.matches(&resource.texts("annotations"))
    }
}

fn selector(node: &Node) -> Result<(PlainId, ByText), String> {
    let (labels, annotations) = (
        node.str_at("labelSelector"),
        node.str_at("annotationSelector"),
    );
    let by_text = ByText {
        empty: labels.is_empty() && annotations.is_empty(),
        labels: LabelSelector::parse(&labels)?,
        annotations: LabelSelector::parse(&annotations)?,
    };
    Ok((PlainId::read(node), by_text))
}

#[derive(Default)]
struct Options {
    delimiter: Str,
    index: i64,
    create: bool,
}

impl Options {
    fn read(node: Option<&Node>) -> Option<Options> {
        let node = node.filter(|n| n.fields().is_some())?;
        Some(Options {
            delimiter: node.str_at("delimiter"),
            index: match node.get("index").map(|i| &i.is) {
                Some(Is::Int(index)) => *index,
                _ => 0,
            },
            create: node.bool_at("create"),
        })
    }
}

/// One step towards the source.
fn step<'a>(node: &'a Node, part: &str) -> Option<&'a Node> {
    match &node.is {
        Is::Seq(items) => match bracket(part) {
            Some(("", value)) => items.iter().find(|i| i.scalar() == value),
            Some((key, value)) => items.iter().find(|i| i.str_at(key) == value),
            None if part == "-" => items.last(),
            None => items.get(part.parse::<usize>().ok()?),
        },
        _ => node.get(part),
    }
}

/// `[name=value]` taken apart.
fn bracket(part: &str) -> Option<(&str, &str)> {
    part.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

/// Calls `change` on every node a path leads to and counts them; with `create`, makes what is
/// missing, the last one as that kind of value.
fn each(
    node: &mut Node,
    path: &[String],
    create: Option<&Is>,
    change: &mut dyn FnMut(&mut Node) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((part, rest)) = path.split_first() else {
        return change(node).map(|()| 1);
    };
    let list = "expected a list".to_owned();
    if let Ok(index) = part.parse::<usize>() {
        let Is::Seq(items) = &mut node.is else {
            return Err(list);
        };
        if index == items.len() && create.is_some() {
            items.push(Node::new(fresh(rest, create)));
        }
        let count = items.len();
        let item = items.get_mut(index);
        let item = item.ok_or_else(|| format!("there are only {count} items"))?;
        return each(item, rest, create, change);
    }
    if part == "*" {
        let Is::Seq(items) = &mut node.is else {
            return Err(list);
        };
        let mut count = 0;
        for item in items {
            count += each(item, rest, create, change)?;
        }
        return Ok(count);
    }
    if part.starts_with('[') && part.ends_with(']') {
        let (key, value) = bracket(part).ok_or("expected `[name=value]`")?;
        let pattern = Regex::new(value).map_err(|_| format!("`{value}` is no pattern"))?;
        let Is::Seq(items) = &mut node.is else {
            return Err(list);
        };
        let fits = |item: &Node| match key {
            "" => pattern.is_match(&item.scalar()),
            key => item.get(key).is_some_and(|n| pattern.is_match(&n.scalar())),
        };
        if create.is_some() && !items.iter().any(fits) {
            let mut item = Node::text(value);
            if !key.is_empty() {
                item = Node::map();
                item.set(key, Node::text(value));
            }
            items.push(item);
        }
        let mut count = 0;
        for item in items.iter_mut().filter(|i| fits(i)) {
            count += match key {
                "" => change(item).map(|()| 1)?,
                _ => each(item, rest, create, change)?,
            };
        }
        return Ok(count);
    }
    let Is::Map(fields) = &mut node.is else {
        return if node.is_null() {
            Ok(0)
        } else {
            Err("expected a mapping".to_owned())
        };
    };
    if create.is_some() && !fields.contains_key(part.as_str()) {
        fields.insert(part.as_str().into(), Node::new(fresh(rest, create)));
    }
    match fields.get_mut(part.as_str()) {
        Some(field) => each(field, rest, create, change),
        None => Ok(0),
    }
}

/// What a missing part becomes, by the part after it.
fn fresh(rest: &[String], create: Option<&Is>) -> Is {
    match (rest.first(), create) {
        (None, Some(Is::Map(_))) => Node::map().is,
        (None, Some(Is::Seq(_))) => Is::Seq(Vec::new()),
        (None, _) => Is::Text("".into()),
        (Some(next), _) if next.starts_with('[') || next.parse::<usize>().is_ok() => {
            Is::Seq(Vec::new())
        }
        (Some(_), _) => Node::map().is,
    }
}

/// Copies the value into a field. A scalar keeps its type.
fn set(node: &mut Node, value: &Node, options: &Options) -> Result<(), String> {
    let mut value = value.clone();
    if !options.delimiter.is_empty() {
        if !node.is_scalar() {
            return Err("only a scalar can be put together".to_owned());
        }
        let text = node.scalar();
        let mut parts: Vec<&str> = text.split(options.delimiter.as_str()).collect();
        let new = value.scalar();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(index) if index >= parts.len() => parts.push(&new),
            Ok(index) => parts[index] = &new,
        }
        value.is = Is::Text(parts.join(&options.delimiter).into());
    }
    if value.scalar().len() > MAX_TEXT {
        return Err("the text becomes too long".to_owned());
    }
    if node.is_scalar() && !node.is_null() && value.is_scalar() {
        let was_text = matches!(node.is, Is::Text(_));
        value.is = if was_text {
            Is::Text(value.scalar())
        } else {
            typed(&value)?
        };
    }
    if node.is != value.is {
        *node = value;
    }
    Ok(())
}

/// A text in a field that held a number or a boolean: what it reads as there.
fn typed(value: &Node) -> Result<Is, String> {
    let text = value.scalar();
    let stream = meshscope_yaml::parse(&text);
    let document = stream.documents.first();
    let root = document.and_then(|d| d.root()).filter(|r| r.is_scalar());
    match root.map(|r| Node::read(r, super::tree::Typing::Resource).is) {
        Some(is @ (Is::Bool(_) | Is::Int(_) | Is::Float(_))) => Ok(is),
        _ => Err(format!("`{text}` is neither a number nor a boolean")),
    }
}
