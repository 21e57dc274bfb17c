//! Where things are written, without positions: a file, a document of it, a path in that document.
//!
//! Bytes are looked up later through the YAML tree, so that layout never reaches a built object.

use std::sync::Arc;

use meshscope_yaml::{Path, Segment};

use crate::value::Str;

/// A place in the files of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the root of the repository.
    pub file: Str,
    /// Which document of the file, counted from 0 as the YAML reader counts them.
    pub document: u32,
    /// The path inside that document.
    pub path: Path,
    /// When the scalar at `path` holds YAML itself (an inline patch): where inside it.
    pub inside: Option<Box<Inside>>,
}

/// A place inside a scalar that holds YAML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inside {
    /// Which document of the text.
    pub document: u32,
    /// The path inside that document.
    pub path: Path,
}

impl Place {
    /// The root of a document.
    pub fn document(file: &str, document: u32) -> Place {
        Place {
            file: file.into(),
            document,
            ..Place::default()
        }
    }

    /// The place at a path of the first document of a file.
    pub fn at(file: &str, path: Path) -> Place {
        Place {
            path,
            ..Place::document(file, 0)
        }
    }

    /// The root of a document inside the scalar that is here.
    pub(crate) fn within(&self, document: u32) -> Place {
        let path = Path::root();
        Place {
            inside: Some(Box::new(Inside { document, path })),
            ..self.clone()
        }
    }

    /// Goes one step down.
    pub(crate) fn push(&mut self, step: Segment) {
        match &mut self.inside {
            Some(inside) => inside.path.push(step),
            None => self.path.push(step),
        }
    }

    /// The place one step down.
    #[must_use]
    pub fn step(&self, step: Segment) -> Place {
        let mut place = self.clone();
        place.push(step);
        place
    }

    /// The place below this one.
    #[must_use]
    pub fn below(&self, steps: &[Segment]) -> Place {
        let mut place = self.clone();
        for step in steps {
            place.push(step.clone());
        }
        place
    }
}

/// Where the fields of an object were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Where the object itself is written.
    pub base: Place,
    /// Fields written elsewhere, by their path in the object, in the order of the paths. The
    /// longest path that leads to a field decides.
    pub overrides: Vec<(Path, Place)>,
}

impl Origin {
    /// An origin without overrides.
    pub fn new(base: Place) -> Origin {
        Origin {
            base,
            overrides: Vec::new(),
        }
    }

    /// Where the field at a path of the object is written; for a field that is not there, where its
    /// nearest parent is.
    pub fn place(&self, path: &Path) -> Place {
        let steps = path.segments();
        for length in (1..=steps.len()).rev() {
            let prefix: Path = steps[..length].iter().cloned().collect();
            let found = self.overrides.binary_search_by(|(p, _)| p.cmp(&prefix));
            if let Ok(at) = found {
                return self.overrides[at].1.below(&steps[length..]);
            }
        }
        self.base.below(steps)
    }

    /// Every file that something of the object is written in, the base first.
    pub fn files(&self) -> Vec<Str> {
        let mut files = vec![self.base.file.clone()];
        for (_, place) in &self.overrides {
            if !files.contains(&place.file) {
                files.push(place.file.clone());
            }
        }
        files
    }
}

/// The way from the root of a tree to one of its nodes, as far as provenance needs it: a node
/// without a place of its own is one step from its parent's.
pub(crate) struct Trail<'a> {
    up: Option<&'a Trail<'a>>,
    from: Option<Arc<Place>>,
    step: Option<Segment>,
}

impl<'a> Trail<'a> {
    /// The trail of a root.
    pub(crate) fn root(from: Option<&Arc<Place>>) -> Trail<'a> {
        Trail {
            up: None,
            from: from.cloned(),
            step: None,
        }
    }

    /// The trail of a child with a place of its own, or one step further.
    pub(crate) fn down(&'a self, step: Segment, from: Option<&Arc<Place>>) -> Trail<'a> {
        Trail {
            up: Some(self),
            from: from.cloned(),
            step: Some(step),
        }
    }

    /// Where this node is written.
    pub(crate) fn place(&self) -> Place {
        if let Some(from) = &self.from {
            return Place::clone(from);
        }
        let mut place = self.up.map(Trail::place).unwrap_or_default();
        if let Some(step) = &self.step {
            place.push(step.clone());
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_decides() {
        let path = |s: &str| s.parse::<Path>().unwrap_or_default();
        let over = Place::at("overlay/patch.yaml", path("spec.hosts"));
        let origin = Origin {
            base: Place::document("base/vs.yaml", 1),
            overrides: vec![(path("spec.hosts"), over)],
        };
        let place = origin.place(&path("spec.hosts[1]"));
        assert_eq!(
            (place.file.as_str(), place.path.to_string()),
            ("overlay/patch.yaml", "spec.hosts[1]".into())
        );
        assert_eq!(origin.place(&path("spec.http[0]")).file, "base/vs.yaml");
        assert_eq!(origin.files(), ["base/vs.yaml", "overlay/patch.yaml"]);
    }
}
