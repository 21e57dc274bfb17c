//! `configMapGenerator` and `secretGenerator`: the data they gather, and what they do to a resource
//! that is there already.

use std::sync::Arc;

use meshscope_yaml::Path;

use super::build::Build;
use super::file;
use super::hash::base64;
use super::place::Place;
use super::problem::{ProblemKind, Role};
use super::resource::{Behavior, Resource};
use super::source::{self, Kustomization};
use super::tree::{Fields, Is, Node};
use crate::value::Str;

/// A key of generated data: its bytes and where they are asked for.
struct Pair {
    key: Str,
    value: Vec<u8>,
    from: Arc<Place>,
}

impl Build<'_> {
    /// Both generators of a kustomization.
    pub(super) fn generate(&mut self, dir: &str, k: &Kustomization) {
        for (field, kind) in [
            ("configMapGenerator", "ConfigMap"),
            ("secretGenerator", "Secret"),
        ] {
            for (at, entry) in file::entries(&k.root, field) {
                let Some(resource) = self.generated(dir, k, &at, entry, kind) else {
                    continue;
                };
                self.merge_in(resource, &k.place(&at));
            }
        }
    }

    fn generated(
        &mut self,
        dir: &str,
        k: &Kustomization,
        at: &Path,
        entry: &Node,
        kind: &str,
    ) -> Option<Resource> {
        let place = Arc::new(k.place(at));
        let name = entry.str_at("name");
        if name.is_empty() {
            let message = "a generated resource needs a name";
            self.layer
                .problem(k.place(at), ProblemKind::Invalid, message);
            return None;
        }
        let mut node = Node::map().at(&place);
        node.set("apiVersion", Node::text("v1").at(&place));
        node.set("kind", Node::text(kind).at(&place));
        let mut metadata = Node::map().at(&place);
        let written = |key: &str| Arc::new(k.place(&at.join(key)));
        metadata.set("name", Node::text(name).at(&written("name")));
        let namespace = entry.str_at("namespace");
        if !namespace.is_empty() {
            metadata.set("namespace", Node::text(namespace).at(&written("namespace")));
        }
        let options = Options::read(k, at, entry);
        for (key, pairs) in [
            ("labels", options.labels),
            ("annotations", options.annotations),
        ] {
            if !pairs.is_empty() {
                metadata.set(key, Node::new(Is::Map(pairs)).at(&place));
            }
        }
        node.set("metadata", metadata);
        if kind == "Secret" {
            let written = entry.str_at("type");
            let secret_type = if written.is_empty() {
                "Opaque".into()
            } else {
                written
            };
            node.set("type", Node::text(secret_type).at(&place));
            node.set("data", Node::map().at(&place));
        }
        for pair in self.pairs_of(dir, k, at, entry) {
            let text = std::str::from_utf8(&pair.value).ok();
            let (field, value): (_, Str) = match (kind, text) {
                ("Secret", _) => ("data", base64(&pair.value).into()),
                (_, Some(text)) => ("data", text.into()),
                (_, None) => ("binaryData", base64(&pair.value).into()),
            };
            let Some(data) = node.map_at(field) else {
                continue;
            };
            data.from = Some(place.clone());
            if data.get(&pair.key).is_some() {
                let message = format!("the key `{}` is there twice", pair.key);
                self.layer
                    .problem(k.place(at), ProblemKind::Invalid, message);
            }
            data.set(&pair.key, Node::text(value).at(&pair.from));
        }
        if options.immutable {
            node.set("immutable", Node::new(Is::Bool(true)).at(&place));
        }
        let mut resource = Resource::new(node);
        resource.hashed = !options.no_hash;
        resource.behavior = match entry.str_at("behavior").as_str() {
            "merge" => Behavior::Merge,
            "replace" => Behavior::Replace,
            _ => Behavior::Create,
        };
        Some(resource)
    }

    fn pairs_of(&mut self, dir: &str, k: &Kustomization, at: &Path, entry: &Node) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let mut envs = file::entries(entry, "envs")
            .map(|(path, node)| (below(at, &path), node.scalar()))
            .collect::<Vec<_>>();
        let env = entry.str_at("env");
        if !env.is_empty() {
            envs.push((at.join("env"), env));
        }
        for (path, name) in envs {
            let from = Arc::new(k.place(&path));
            if let Some(bytes) = self.data(dir, &name, &from) {
                self.env_file(&bytes, &from, &mut pairs);
            }
        }
        for (path, literal) in file::texts(entry, "literals") {
            let from = Arc::new(k.place(&below(at, &path)));
            match literal.split_once('=').filter(|(key, _)| !key.is_empty()) {
                Some((key, value)) => pairs.push(Pair {
                    key: key.into(),
                    value: unquoted(value).as_bytes().to_vec(),
                    from,
                }),
                None => {
                    let message = format!("`{literal}` is no `key=value`");
                    self.layer
                        .problem(Place::clone(&from), ProblemKind::Invalid, message);
                }
            }
        }
        for (path, source) in file::texts(entry, "files") {
            let from = Arc::new(k.place(&below(at, &path)));
            let (key, name) = match source.split_once('=') {
                None => (
                    source.rsplit('/').next().unwrap_or(&source),
                    source.as_str(),
                ),
                Some((key, name)) if !key.is_empty() && !name.is_empty() && !name.contains('=') => {
                    (key, name)
                }
                Some(_) => {
                    let message = format!("`{source}` is no file of data");
                    self.layer
                        .problem(Place::clone(&from), ProblemKind::Invalid, message);
                    continue;
                }
            };
            if let Some(bytes) = self.data(dir, name, &from) {
                let (key, value) = (key.into(), bytes.to_vec());
                pairs.push(Pair { key, value, from });
            }
        }
        pairs
    }

    /// The bytes of a file of data.
    fn data(&mut self, dir: &str, entry: &str, place: &Place) -> Option<Arc<[u8]>> {
        let file = source::resolve(dir, entry, place, &mut self.layer)?;
        let bytes = self.files.bytes(&file);
        self.layer.note_read(&file, bytes.is_some());
        if bytes.is_some() {
            self.layer.note_use(&file, Role::Data);
            source::restricted(dir, &file, place, &mut self.layer);
        } else {
            let message = format!("there is no file `{file}`");
            self.layer
                .problem(place.clone(), ProblemKind::Missing, message);
        }
        bytes
    }

    fn env_file(&mut self, bytes: &[u8], from: &Arc<Place>, pairs: &mut Vec<Pair>) {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let Ok(text) = std::str::from_utf8(bytes) else {
            let message = "a file of variables is text";
            self.layer
                .problem(Place::clone(from), ProblemKind::Invalid, message);
            return;
        };
        for line in text.lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            pairs.push(Pair {
                key: key.into(),
                value: value.as_bytes().to_vec(),
                from: from.clone(),
            });
        }
    }

    /// Adds a generated resource, or lays it over the one it is meant for.
    fn merge_in(&mut self, mut new: Resource, place: &Place) {
        let id = new.id();
        let matched = self.layer.resources.matching_any_id(&id);
        let problem = match (&matched[..], new.behavior) {
            ([], Behavior::Create) => {
                self.layer.append(vec![Arc::new(new)], place);
                return;
            }
            ([], _) => Some((
                ProblemKind::NoTarget,
                format!("there is no {id} to merge with"),
            )),
            ([_], Behavior::Create) => Some((
                ProblemKind::Conflict,
                format!("{id} is there already: `behavior` must be merge or replace"),
            )),
            ([_], _) => None,
            _ => Some((ProblemKind::Conflict, format!("{id} is several resources"))),
        };
        if let Some((kind, message)) = problem {
            self.layer.problem(place.clone(), kind, message);
            if matched.is_empty() {
                new.behavior = Behavior::Create;
                self.layer.append(vec![Arc::new(new)], place);
            }
            return;
        }
        if let [at] = matched[..] {
            self.layer.forget_identities();
            let old = self.layer.resources.get_mut(at);
            let merged = laid_over(old, new);
            *old = merged;
        }
    }
}

/// A generated resource in the place of an old one: identity and history are the old one's.
fn laid_over(old: &Resource, mut new: Resource) -> Resource {
    let pinned = |keys: &[&str]| -> Option<Fields> {
        let trail = super::place::Trail::root(old.node.from.as_ref());
        pinned_fields(&old.node, &trail, keys)
    };
    for key in ["labels", "annotations"] {
        let mut merged = pinned(&["metadata", key]).unwrap_or_default();
        merged.extend(
            new.node
                .dig(&["metadata", key])
                .and_then(Node::fields)
                .cloned()
                .unwrap_or_default(),
        );
        let value = (!merged.is_empty()).then(|| Node::new(Is::Map(texts(merged))));
        new.set_meta(key, value);
    }
    new.set_meta("name", Some(Node::text(old.name())));
    let namespace = Some(old.namespace()).filter(|n| !n.is_empty());
    new.set_meta("namespace", namespace.map(Node::text));
    if new.behavior == Behavior::Merge {
        for key in ["data", "binaryData"] {
            let mut merged = pinned(&[key]).unwrap_or_default();
            let own = new.node.get(key).and_then(Node::fields).cloned();
            merged.extend(own.unwrap_or_default());
            let from = new.node.from.clone();
            let Some(fields) = new.node.fields_mut() else {
                continue;
            };
            fields.shift_remove(key);
            if !merged.is_empty() {
                let is = Is::Map(texts(merged));
                fields.insert(key.into(), Node { from, is });
            }
        }
    }
    // A name that had no hash gets none.
    new.hashed &= old.hashed;
    new.previous.clone_from(&old.previous);
    new.prefixes.clone_from(&old.prefixes);
    new.suffixes.clone_from(&old.suffixes);
    new.vars.clone_from(&old.vars);
    new
}

fn pinned_fields(node: &Node, trail: &super::place::Trail<'_>, keys: &[&str]) -> Option<Fields> {
    let Some((key, rest)) = keys.split_first() else {
        let fields = node.fields()?.iter().map(|(key, value)| {
            let below = trail.down(super::transform::key(key), value.from.as_ref());
            (key.clone(), value.pinned(&below))
        });
        return Some(fields.collect());
    };
    let next = node.get(key)?;
    let below = trail.down(super::transform::key(key), next.from.as_ref());
    pinned_fields(next, &below, rest)
}

fn texts(mut fields: Fields) -> Fields {
    for value in fields.values_mut() {
        value.is = Is::Text(value.scalar());
    }
    fields
}

/// `options` of a generator, completed by `generatorOptions`.
struct Options {
    labels: Fields,
    annotations: Fields,
    no_hash: bool,
    immutable: bool,
}

impl Options {
    fn read(k: &Kustomization, at: &Path, entry: &Node) -> Options {
        let global = Path::root().join("generatorOptions");
        let sources = [
            (k.root.get("generatorOptions"), global),
            (entry.get("options"), at.join("options")),
        ];
        let pairs = |key: &str| {
            let mut all = Fields::default();
            for (options, at) in &sources {
                let fields = options.and_then(|o| o.get(key)).and_then(Node::fields);
                for (name, value) in fields.into_iter().flatten() {
                    let from = Arc::new(k.place(&at.join(key).join(name)));
                    all.insert(name.clone(), Node::text(value.scalar()).at(&from));
                }
            }
            all
        };
        let flag = |key: &str| {
            sources
                .iter()
                .any(|(o, _)| o.is_some_and(|o| o.bool_at(key)))
        };
        Options {
            labels: pairs("labels"),
            annotations: pairs("annotations"),
            no_hash: flag("disableNameSuffixHash"),
            immutable: flag("immutable"),
        }
    }
}

/// A path inside an entry, seen from the root of the file.
fn below(entry: &Path, path: &Path) -> Path {
    let steps = entry.segments().iter().chain(path.segments());
    steps.cloned().collect()
}

/// One pair of quotes around a literal is left out.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}
