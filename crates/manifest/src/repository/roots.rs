//! The roots of a repository: the directories that somebody applies as a whole.
//!
//! Pure: it gets paths and facts, and says for each root why it is one. What files hold is not its
//! business.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Application, Fact, FluxKustomization};
use super::layout;
use crate::kustomize::{References, is_kustomization};
use crate::value::Str;

/// What is known of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileFacts {
    /// The path, relative to the root of the repository.
    pub path: Str,
    /// What its documents declare, in order.
    pub facts: Vec<Fact>,
}

/// What is known of a repository.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// The YAML and JSON files that hold Kubernetes objects, and every `Chart.yaml`.
    pub files: Vec<FileFacts>,
    /// Every directory with a kustomization, with what it names.
    pub kustomizations: BTreeMap<String, References>,
    /// Directories that are opened themselves: they are not set aside.
    pub opened: Vec<String>,
}

/// How a root is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RootKind {
    /// A kustomization.
    Kustomize,
    /// The manifests of one directory.
    Plain,
    /// The manifests of a directory and all below it.
    Tree,
}

/// Who applies a root.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// An Argo CD Application of this file.
    Argo {
        /// The file.
        by: Str,
        /// Its cluster; empty for its own.
        cluster: Str,
        /// The default namespace.
        namespace: Str,
    },
    /// A Flux Kustomization of this file.
    Flux {
        /// The file.
        by: Str,
        /// What it says, with `targetNamespace` and variables.
        kustomization: FluxKustomization,
    },
}

/// A directory that is applied as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// The directory.
    pub dir: Str,
    /// How it is read.
    pub kind: RootKind,
    /// Who applies it, as far as the repository says.
    pub applied: Vec<Applied>,
    /// Why it is a root.
    pub reason: String,
}

impl Root {
    /// The default namespace an Argo CD Application gives it, when they agree.
    pub fn argo_namespace(&self) -> Option<&Str> {
        let mut said = self.applied.iter().filter_map(|a| match a {
            Applied::Argo { namespace, .. } if !namespace.is_empty() => Some(namespace),
            _ => None,
        });
        let first = said.next()?;
        said.all(|n| n == first).then_some(first)
    }

    /// The namespace Flux forces on it, when they agree.
    pub fn flux_namespace(&self) -> Option<&Str> {
        let mut said = self.applied.iter().filter_map(|a| match a {
            Applied::Flux {
                kustomization: k, ..
            } => Some(&k.target_namespace),
            Applied::Argo { .. } => None,
        });
        let first = said.next()?;
        (!first.is_empty() && said.all(|n| n == first)).then_some(first)
    }
}

/// Roots that belong to meshes, and those set aside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roots {
    /// In the order of their directories.
    pub roots: Vec<Root>,
    /// Archives, examples, tests: with the part of the path that says so.
    pub aside: Vec<(Root, Str)>,
}

/// The directory of a file.
fn dir_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|r| r.starts_with('/'))
}

/// Finds the roots.
pub fn roots(repository: &Repository) -> Roots {
    let mut found: BTreeMap<String, Root> = BTreeMap::new();
    let kustomizations = &repository.kustomizations;
    for file in &repository.files {
        for fact in &file.facts {
            match fact {
                Fact::Application(app) => apply_argo(repository, &file.path, app, &mut found),
                Fact::Flux(flux) if !super::is_unknown(&flux.path) => {
                    let applied = Applied::Flux {
                        by: file.path.clone(),
                        kustomization: flux.clone(),
                    };
                    let reason = format!("Flux Kustomization {} applies it", flux.name);
                    apply(
                        repository,
                        &flux.path,
                        RootKind::Tree,
                        applied,
                        reason,
                        &mut found,
                    );
                }
                _ => {}
            }
        }
    }
    let used = kustomizations.values().flat_map(|r| &r.directories);
    let used: BTreeSet<&str> = used.map(String::as_str).collect();
    for (dir, references) in kustomizations {
        if !references.is_component && !used.contains(dir.as_str()) {
            found.entry(dir.clone()).or_insert_with(|| Root {
                dir: dir.as_str().into(),
                kind: RootKind::Kustomize,
                applied: Vec::new(),
                reason: "a kustomization that no other uses".to_owned(),
            });
        }
    }
    plain(repository, &mut found);
    let mut result = Roots::default();
    for (_, root) in found {
        let opened = repository.opened.iter().find(|o| is_within(&root.dir, o));
        let below = opened.map_or(root.dir.as_str(), |o| &root.dir[o.len()..]);
        match layout::set_aside(below).filter(|_| root.applied.is_empty()) {
            Some(part) => {
                let part = part.into();
                result.aside.push((root, part));
            }
            None => result.roots.push(root),
        }
    }
    // A repository of examples is about its examples.
    if result.roots.is_empty() {
        result.roots = result.aside.drain(..).map(|(root, _)| root).collect();
    }
    result
}

fn apply_argo(
    repository: &Repository,
    file: &Str,
    app: &Application,
    found: &mut BTreeMap<String, Root>,
) {
    let plain = if app.recurse {
        RootKind::Tree
    } else {
        RootKind::Plain
    };
    let mut one = |dir: &str, namespace: Str| {
        let applied = Applied::Argo {
            by: file.clone(),
            cluster: app.cluster.clone(),
            namespace,
        };
        let reason = format!("Argo CD Application {} applies it", app.name);
        apply(repository, dir, plain, applied, reason, found);
    };
    let known = |text: &Str| !super::is_unknown(text);
    for path in app.paths.iter().filter(|p| known(p)) {
        let namespace = Some(app.namespace.clone())
            .filter(known)
            .unwrap_or_default();
        one(path, namespace);
    }
    for glob in &app.path_globs {
        for dir in directories(repository).filter(|dir| matches(glob, dir)) {
            let name = dir.rsplit('/').next().unwrap_or(dir);
            let named = [
                "{{path.basename}}",
                "{{.path.basename}}",
                "{{ .path.basename }}",
            ];
            let namespace = match app.namespace.as_str() {
                text if named.contains(&text) => name.into(),
                text if super::is_unknown(text) => Str::default(),
                text => text.into(),
            };
            one(dir, namespace);
        }
    }
}

/// Every directory with something in it.
fn directories(repository: &Repository) -> impl Iterator<Item = &str> {
    let plain = repository.files.iter().map(|f| dir_of(&f.path));
    let all: BTreeSet<&str> = repository
        .kustomizations
        .keys()
        .map(String::as_str)
        .chain(plain)
        .collect();
    all.into_iter()
}

/// Argo's globs: `*` is one part of a path or some of it.
fn matches(glob: &str, dir: &str) -> bool {
    let (mut globs, mut parts) = (glob.split('/'), dir.split('/'));
    loop {
        match (globs.next(), parts.next()) {
            (None, None) => return true,
            (Some("**"), _) => return true,
            (Some(glob), Some(part)) => {
                let fits = match glob.split_once('*') {
                    None => glob == part,
                    Some((start, end)) => {
                        part.len() >= start.len() + end.len()
                            && part.starts_with(start)
                            && part.ends_with(end)
                    }
                };
                if !fits {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Adds who applies a directory, if there is one.
fn apply(
    repository: &Repository,
    dir: &str,
    plain: RootKind,
    applied: Applied,
    reason: String,
    found: &mut BTreeMap<String, Root>,
) {
    let is_kustomization = repository.kustomizations.contains_key(dir);
    if !is_kustomization && !repository.files.iter().any(|f| is_within(&f.path, dir)) {
        // Of another repository, or generated.
        return;
    }
    let root = found.entry(dir.to_owned()).or_insert_with(|| Root {
        dir: dir.into(),
        kind: if is_kustomization {
            RootKind::Kustomize
        } else {
            plain
        },
        applied: Vec::new(),
        reason,
    });
    root.applied.push(applied);
}

/// Directories of manifests that no kustomization uses, no chart renders and no tree covers.
fn plain(repository: &Repository, found: &mut BTreeMap<String, Root>) {
    let charts: Vec<&str> = repository
        .files
        .iter()
        .filter(|f| f.path.rsplit('/').next() == Some("Chart.yaml"))
        .map(|f| dir_of(&f.path))
        .collect();
    let used = repository.kustomizations.values().flat_map(|r| &r.files);
    let used: BTreeSet<&str> = used.map(String::as_str).collect();
    let trees = found.values().filter(|r| r.kind == RootKind::Tree);
    let trees: Vec<String> = trees.map(|r| r.dir.to_string()).collect();
    for file in &repository.files {
        let dir = dir_of(&file.path);
        let covered = used.contains(file.path.as_str())
            || is_kustomization(&file.path)
            || repository.kustomizations.contains_key(dir)
            || trees.iter().any(|tree| is_within(dir, tree))
            || layout::chart_of_template(&file.path, charts.iter().copied()).is_some();
        if covered || file.facts.is_empty() {
            continue;
        }
        found.entry(dir.to_owned()).or_insert_with(|| Root {
            dir: dir.into(),
            kind: RootKind::Plain,
            applied: Vec::new(),
            reason: "manifests that no kustomization uses".to_owned(),
        });
    }
}
