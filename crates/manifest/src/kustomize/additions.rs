//! What whoever applies a kustomization adds to it: Flux its patches and namespace, Argo CD its prefixes.
//!
//! Both write into the kustomization of the directory before they build it, so the fields are added
//! there, each with the place where the Flux Kustomization or the Application says it. This module must
//! not know Flux or Argo CD.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use meshscope_yaml::{Path, Segment};

use super::place::Place;
use super::source::Kustomization;
use super::tree::{Fields, Is, Node};
use crate::resource::hash_value;
use crate::value::{Str, Value};

/// Fields of a kustomization that are written elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Additions {
    /// The file of the kustomization, where the directory has none: the one that asks for it.
    pub file: Str,
    /// The fields, each with the place of its value.
    pub fields: Vec<(Str, Value, Place)>,
}

// Values are equal to themselves: a number that is none costs a build, nothing else.
impl Eq for Additions {}

impl Hash for Additions {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.file.hash(hasher);
        for (name, value, place) in &self.fields {
            (name, place).hash(hasher);
            hash_value(value, hasher);
        }
    }
}

impl Additions {
    /// Adds a field, unless its value says nothing.
    pub fn add(&mut self, name: &str, value: &Value, place: Place) {
        if !value.is_blank() {
            self.fields.push((name.into(), value.clone(), place));
        }
    }

    /// A kustomization of these fields alone, for a directory that has none.
    pub(super) fn alone(&self) -> Kustomization {
        let place = Place::document(&self.file, 0);
        let mut kustomization = Kustomization {
            file: self.file.to_string(),
            root: Node::map().at(&Arc::new(place)),
        };
        self.add_to(&mut kustomization);
        kustomization
    }

    /// Puts the fields into a kustomization: lists grow, mappings merge, anything else is replaced.
    pub(super) fn add_to(&self, kustomization: &mut Kustomization) {
        for (name, value, place) in &self.fields {
            let mut added = Node::from_value(value);
            pin(&mut added, place);
            let Some(fields) = kustomization.root.fields_mut() else {
                return;
            };
            match (fields.get_mut(name).map(|f| &mut f.is), added.is) {
                (Some(Is::Seq(items)), Is::Seq(more)) => items.extend(more),
                (Some(Is::Map(map)), Is::Map(more)) => map.extend(more),
                (_, is) => {
                    let from = Some(Arc::new(place.clone()));
                    fields.insert(name.clone(), Node { from, is });
                }
            }
        }
    }
}

/// Gives what is directly in a node places of its own, because it will move.
fn pin(node: &mut Node, place: &Place) {
    match &mut node.is {
        Is::Seq(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let step = Segment::Index(u32::try_from(index).unwrap_or(u32::MAX));
                item.from = Some(Arc::new(place.step(step)));
            }
        }
        Is::Map(fields) => pin_fields(fields, place),
        _ => {}
    }
}

fn pin_fields(fields: &mut Fields, place: &Place) {
    for (key, field) in fields {
        field.from = Some(Arc::new(place.step(Segment::Key(key.clone()))));
    }
}

/// The place of a path of a tree, by the nearest node above it that knows its own.
pub(super) fn place_in(root: &Node, at: &Path) -> Option<Place> {
    let mut place = root.from.as_deref().cloned();
    let mut node = Some(root);
    for step in at.segments() {
        node = node.and_then(|n| match (step, &n.is) {
            (Segment::Key(key), Is::Map(fields)) => fields.get(key),
            (Segment::Index(index), Is::Seq(items)) => items.get(*index as usize),
            _ => None,
        });
        place = match node.and_then(|n| n.from.as_deref()) {
            Some(own) => Some(own.clone()),
            None => place.map(|p| p.step(step.clone())),
        };
    }
    place
}
