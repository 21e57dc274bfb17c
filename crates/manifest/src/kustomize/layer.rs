//! What one kustomization directory comes to before it is anybody's root: resources that remember
//! their earlier names, the rules and variables that go with them, and what went wrong.
//!
//! A layer is a value. Whoever memoizes layers by directory re-runs, after an edit, only those
//! directories whose own files or bases changed.

use std::sync::Arc;

use meshscope_yaml::Stream;
use rustc_hash::FxHashSet;

use super::config::Config;
use super::id::Id;
use super::place::Place;
use super::problem::{Problem, ProblemKind, Role, Use};
use super::resource::{Resource, Resources};
use super::{file, path};
use crate::value::{Str, Value};

/// Where files come from. Paths are relative to the root of the repository, joined by `/`, and never
/// lead out of it; symbolic links are followed by the implementation, as long as they stay inside.
pub trait Files {
    /// The documents of a file; `None` when there is no such file.
    fn documents(&self, path: &str) -> Option<Arc<Stream>>;
    /// The bytes of a file, whatever they are; `None` when there is no such file.
    fn bytes(&self, path: &str) -> Option<Arc<[u8]>>;
    /// Whether a directory is there.
    fn is_dir(&self, path: &str) -> bool;
}

/// Where layers come from: somebody's memory of [`build_one`](super::build_one).
pub trait Bases {
    /// The layer of a directory; `None` when it is being built right now, which is a cycle.
    fn layer(&self, dir: &str) -> Option<Arc<Layer>>;
}

/// A file that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Read {
    /// The path.
    pub path: Str,
    /// Whether it was there.
    pub found: bool,
}

/// A Helm chart that a kustomization renders: what it makes is unknown, except for Istio's gateway
/// chart, whose objects are among the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// `name`.
    pub name: Str,
    /// `repo`.
    pub repo: Str,
    /// `version`.
    pub version: Str,
    /// `releaseName`, or what stands in for it.
    pub release: Str,
    /// `namespace`; empty when not given.
    pub namespace: Str,
    /// The values: files first, inline ones over them.
    pub values: Value,
    /// Whether the objects are among the result.
    pub synthesised: bool,
    /// Where it is asked for.
    pub place: Place,
}

/// A `vars` entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Var {
    pub name: Str,
    pub field_path: Str,
    pub place: Place,
}

/// One directory's result, for its own root or for those that use it as a base.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// The directory.
    pub dir: Str,
    pub(crate) is_component: bool,
    /// Whether there were too many resources, so that none are kept.
    pub(crate) overflown: bool,
    pub(crate) resources: Resources,
    /// The identities of the resources, while they are only added to.
    pub(crate) known: Option<FxHashSet<Id>>,
    pub(crate) config: Config,
    pub(crate) vars: Vec<Var>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) uses: Vec<Use>,
    pub(crate) read: Vec<Read>,
    pub(crate) charts: Vec<Chart>,
}

/// Resources one build may hold. A chain of bases that each use the last one twice doubles with
/// every step; beyond the bound a directory holds none, so that its users stay small too.
const MAX_RESOURCES: usize = 20_000;

impl Layer {
    /// What stands for a directory that has more than `bases` bases inside each other: nothing, and a
    /// problem that says so.
    pub fn too_deep(dir: &str, bases: u32) -> Layer {
        let mut layer = Layer::default();
        let place = Place::document(&path::file_in(dir, file::NAMES[0]), 0);
        let message = format!("more than {bases} bases inside each other: it is left out");
        layer.problem(place, ProblemKind::TooLarge, message);
        layer
    }

    pub(crate) fn problem(&mut self, place: Place, kind: ProblemKind, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem {
            place,
            message,
            kind,
        });
    }

    pub(crate) fn note_use(&mut self, file: &str, role: Role) {
        let file = file.into();
        self.uses.push(Use { file, role });
    }

    pub(crate) fn note_read(&mut self, path: &str, found: bool) {
        let path = path.into();
        self.read.push(Read { path, found });
    }

    /// Adds a resource; one with the same identity as another is refused, as kustomize does.
    pub(crate) fn append(&mut self, resources: Vec<Arc<Resource>>, place: &Place) {
        if self.overflown {
            return;
        }
        if self.resources.list.len() + resources.len() > MAX_RESOURCES {
            let message = format!("more than {MAX_RESOURCES} resources: all are left out");
            self.problem(place.clone(), ProblemKind::TooLarge, message);
            self.resources = Resources::default();
            self.overflown = true;
            return;
        }
        let mut known = match self.known.take() {
            Some(known) => known,
            None => self.resources.iter().map(Resource::id).collect(),
        };
        for resource in resources {
            let id = resource.id();
            if known.contains(&id) {
                let message = format!("{id} is there already");
                self.problem(place.clone(), ProblemKind::Conflict, message);
                continue;
            }
            known.insert(id);
            self.resources.list.push(resource);
        }
        self.known = Some(known);
    }

    /// Forgets the identities: resources are about to change.
    pub(crate) fn forget_identities(&mut self) {
        self.known = None;
    }

    /// Reports and drops resources that got the identity of another one.
    pub(crate) fn check_identities(&mut self, place: &Place) {
        let mut known = FxHashSet::default();
        let mut conflicts = Vec::new();
        self.resources.list.retain(|resource| {
            let id = resource.id();
            let new = known.insert(id.clone());
            if !new {
                conflicts.push(id);
            }
            new
        });
        for id in conflicts {
            let message = format!("two resources become {id}");
            self.problem(place.clone(), ProblemKind::Conflict, message);
        }
    }

    /// Takes in the layer of a base.
    pub(crate) fn absorb(&mut self, base: &Layer, place: &Place) {
        self.append(base.resources.list.clone(), place);
        if let Err(fault) = self.config.add(&base.config) {
            self.problem(place.clone(), ProblemKind::Invalid, fault);
        }
        for var in &base.vars {
            self.add_var(var.clone());
        }
        self.problems.extend(base.problems.iter().cloned());
        self.uses.extend(base.uses.iter().cloned());
        self.read.extend(base.read.iter().cloned());
        self.charts.extend(base.charts.iter().cloned());
        self.tidy();
    }

    pub(crate) fn add_var(&mut self, var: Var) {
        if self.vars.iter().any(|v| v.name == var.name) {
            let message = format!("var `{}` is there already", var.name);
            self.problem(var.place, ProblemKind::Invalid, message);
        } else {
            self.vars.push(var);
        }
    }

    /// Each problem, use and file once: bases are shared, and lists of lists must not grow.
    pub(crate) fn tidy(&mut self) {
        let mut seen = FxHashSet::default();
        self.problems.retain(|p| seen.insert(p.clone()));
        self.uses.sort();
        self.uses.dedup();
        self.read.sort();
        self.read.dedup();
        let mut charts: Vec<Chart> = Vec::new();
        for chart in std::mem::take(&mut self.charts) {
            if !charts.contains(&chart) {
                charts.push(chart);
            }
        }
        self.charts = charts;
    }

    /// Every file that was read or looked for, bases included.
    pub fn reads(&self) -> &[Read] {
        &self.read
    }

    /// What went wrong, bases included.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
