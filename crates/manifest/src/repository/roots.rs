//! The roots of a repository: the directories that somebody applies as a whole.
//!
//! Pure: it gets paths and facts, and says for each root why it is one. What files hold is not its
//! business.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Added, Application, Fact, FluxKustomization, Release};
use super::layout::{self, dir_of, is_within};
use crate::kustomize::{Origin, Place, References, is_kustomization};
use crate::value::Str;

/// What one document declares, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// What it declares.
    pub fact: Fact,
    /// Where its fields are written.
    pub origin: Origin,
    /// The root that builds it; none for a document of a file.
    pub built_by: Option<Str>,
}

impl Stated {
    /// A document of a file.
    pub fn in_file(fact: Fact, file: &str, document: u32) -> Stated {
        Stated {
            fact,
            origin: Origin::new(Place::document(file, document)),
            built_by: None,
        }
    }
}

/// What is known of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileFacts {
    /// The path, relative to the root of the repository.
    pub path: Str,
    /// What its documents declare, in order; empty for a file without objects.
    pub facts: Vec<Stated>,
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
    /// A Helm chart.
    Chart,
}

/// Who applies a root, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Where the document is written that says so.
    pub origin: Origin,
    /// The root that builds the document: it lands where that root does.
    pub built_by: Option<Str>,
    /// What it says.
    pub how: How,
    /// Whether it, or the path it is written at, says which cluster that is.
    pub is_sure: bool,
}

/// What applies a root.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// An Argo CD Application: for one of its directories.
    Argo(Box<Application>),
    /// A Flux Kustomization.
    Flux(Box<FluxKustomization>),
    /// A Helm release of a chart in the repository.
    Release(Box<Release>),
}

impl How {
    /// The name of what applies it.
    pub fn name(&self) -> &Str {
        match self {
            How::Argo(app) => &app.name,
            How::Flux(flux) => &flux.name,
            How::Release(release) => &release.release,
        }
    }
}

impl Applied {
    fn new(stated: &Stated, how: How) -> Applied {
        Applied {
            origin: stated.origin.clone(),
            built_by: stated.built_by.clone(),
            how,
            is_sure: false,
        }
    }

    /// The file of the document.
    pub fn by(&self) -> &Str {
        &self.origin.base.file
    }

    /// What is added to the kustomization of the directory.
    pub fn added(&self) -> &[Added] {
        match &self.how {
            How::Argo(app) => &app.added,
            How::Flux(flux) => &flux.added,
            How::Release(_) => &[],
        }
    }

    /// The cluster; empty for that of the controller.
    pub fn cluster(&self) -> &str {
        match &self.how {
            How::Argo(app) => &app.cluster,
            How::Flux(_) | How::Release(_) => "",
        }
    }
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
    /// Whether an example or a test takes it for what is usual.
    pub usual: bool,
    /// Why it is a root.
    pub reason: String,
}

/// Roots that belong to meshes, and those set aside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roots {
    /// In the order of their directories.
    pub roots: Vec<Root>,
    /// Archives, examples, tests: with the part of the path that says so.
    pub aside: Vec<(Root, Str)>,
}

/// Finds the roots.
pub fn roots(repository: &Repository) -> Roots {
    let charts = charts(repository);
    let mut finder = Finder {
        repository,
        charts: &charts,
        found: BTreeMap::new(),
    };
    finder.applied();
    finder.kustomizations();
    finder.circles();
    finder.plain();
    let mut result = Roots::default();
    for (_, root) in finder.found {
        match aside(repository, &root.dir).filter(|_| root.applied.is_empty()) {
            Some(part) => {
                let part = part.into();
                result.aside.push((root, part));
            }
            None => result.roots.push(root),
        }
    }
    // A repository of examples is about its examples.
    if result.roots.iter().all(|root| root.kind == RootKind::Chart) {
        let aside = result.aside.drain(..).map(|(root, _)| root);
        result.roots.extend(aside);
        result.roots.sort_by(|a, b| a.dir.cmp(&b.dir));
    }
    result
}

/// The part of a directory's path that sets it aside, below what is opened itself.
fn aside<'d>(repository: &Repository, dir: &'d str) -> Option<&'d str> {
    let opened = repository.opened.iter().find(|o| is_within(dir, o));
    layout::set_aside(opened.map_or(dir, |o| &dir[o.len()..]))
}

/// The directories with a `Chart.yaml`.
fn charts(repository: &Repository) -> Vec<&str> {
    let files = repository.files.iter().map(|f| f.path.as_str());
    let charts = files.filter(|path| path.rsplit('/').next() == Some("Chart.yaml"));
    charts.map(dir_of).collect()
}

struct Finder<'r> {
    repository: &'r Repository,
    charts: &'r [&'r str],
    found: BTreeMap<String, Root>,
}

impl Finder<'_> {
    /// What Argo CD and Flux apply.
    fn applied(&mut self) {
        let directories = directories(self.repository);
        let files: Vec<&str> = self
            .repository
            .files
            .iter()
            .map(|f| f.path.as_str())
            .collect();
        let stated = self.repository.files.iter().flat_map(|f| &f.facts);
        for stated in stated {
            match &stated.fact {
                Fact::Application(app) => self.argo(app, stated),
                Fact::Applications(set) => {
                    for app in set.applications(&directories, &files) {
                        self.argo(&app, stated);
                    }
                }
                Fact::Flux(flux) => self.flux(flux, stated, &directories),
                Fact::Release(release) => self.release(release, stated),
                _ => {}
            }
        }
    }

    fn argo(&mut self, app: &Application, stated: &Stated) {
        let plain = match app.recurse {
            true => RootKind::Tree,
            false => RootKind::Plain,
        };
        for path in &app.paths {
            if !super::is_unknown(path) && self.exists(path) {
                let how = How::Argo(Box::new(app.clone()));
                let reason = format!("Argo CD Application {} applies it", app.name);
                self.apply(path, plain, Applied::new(stated, how), reason);
            }
        }
    }

    fn flux(&mut self, flux: &FluxKustomization, stated: &Stated, directories: &[&str]) {
        // A path that is not written is the whole source, and most sources are other repositories.
        if flux.path.is_empty() && flux.source != "flux-system" {
            return;
        }
        let by = dir_of(&stated.origin.base.file);
        let Some(dir) = self.directory_of(&flux.path, by, directories) else {
            return;
        };
        let how = How::Flux(Box::new(flux.clone()));
        let reason = format!("Flux Kustomization {} applies it", flux.name);
        self.apply(&dir, RootKind::Tree, Applied::new(stated, how), reason);
    }

    fn release(&mut self, release: &Release, stated: &Stated) {
        let dir = release.directory.clone();
        if !dir.is_empty() && self.charts.contains(&dir.as_str()) {
            let how = How::Release(Box::new(release.clone()));
            let reason = format!("Helm release {} installs it", release.release);
            let applied = Applied::new(stated, how);
            self.apply(&dir, RootKind::Chart, applied, reason);
        }
    }

    /// The directory a path of Flux means: below the root of the repository, or of the part of it that
    /// is published as an artifact. Parts that are to be filled in match any one directory.
    fn directory_of(&self, path: &str, by: &str, directories: &[&str]) -> Option<String> {
        if self.exists(path) {
            return Some(path.to_owned());
        }
        if super::is_unknown(path) {
            let fits = |dir: &&&str| {
                let same = dir.split('/').count() == path.split('/').count();
                let mut parts = dir.split('/').zip(path.split('/'));
                same && parts.all(|(dir, path)| super::is_unknown(path) || dir == path)
            };
            let mut fitting = directories.iter().filter(fits);
            let first = fitting.next()?;
            return fitting.next().is_none().then(|| (*first).to_owned());
        }
        let above = by.match_indices('/').map(|(end, _)| &by[..end]);
        let mut above = above.chain([by]).collect::<Vec<_>>().into_iter().rev();
        let joined = |top: &str| format!("{top}/{path}");
        let found = above.find(|top| path.contains('/') && self.exists(&joined(top)));
        found.map(joined)
    }

    /// Whether a directory with manifests is there; otherwise it is of another repository, or
    /// generated.
    fn exists(&self, dir: &str) -> bool {
        self.repository.kustomizations.contains_key(dir)
            || self
                .repository
                .files
                .iter()
                .any(|f| is_within(&f.path, dir))
    }

    fn apply(&mut self, dir: &str, plain: RootKind, applied: Applied, reason: String) {
        let kind = if self.repository.kustomizations.contains_key(dir) {
            RootKind::Kustomize
        } else if self.charts.contains(&dir) && !matches!(applied.how, How::Flux(_)) {
            RootKind::Chart
        } else {
            plain
        };
        let root = self.found.entry(dir.to_owned()).or_insert_with(|| Root {
            dir: dir.into(),
            kind,
            applied: Vec::new(),
            usual: false,
            reason,
        });
        if !root.applied.contains(&applied) {
            root.applied.push(applied);
        }
    }

    /// Kustomizations that no other one uses. What examples and tests use is used by nobody: they show
    /// what is usual.
    fn kustomizations(&mut self) {
        let all = &self.repository.kustomizations;
        let (mut used, mut usual) = (BTreeSet::new(), BTreeSet::new());
        for (dir, references) in all {
            let applied = self.found.contains_key(dir);
            let shows = aside(self.repository, dir).is_some() && !applied;
            let into = if shows { &mut usual } else { &mut used };
            into.extend(references.directories.iter().map(String::as_str));
        }
        let trees = self.found.values().filter(|root| root.is_flux_tree());
        for tree in trees {
            used.extend(topmost(all, &tree.dir));
        }
        for (dir, references) in all {
            let shown = aside(self.repository, dir).is_some();
            // An example inside of examples is used by its own kind.
            let used_here = used.contains(dir.as_str()) || shown && usual.contains(dir.as_str());
            if !references.is_component && !used_here {
                self.found.entry(dir.clone()).or_insert_with(|| Root {
                    dir: dir.into(),
                    kind: RootKind::Kustomize,
                    applied: Vec::new(),
                    usual: usual.contains(dir.as_str()),
                    reason: "a kustomization that no other uses".to_owned(),
                });
            }
        }
    }

    /// Kustomizations that only use each other, in a circle: the first of them stands for all.
    fn circles(&mut self) {
        let all = &self.repository.kustomizations;
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = Vec::new();
        for (dir, references) in all {
            let covered = self
                .found
                .values()
                .any(|r| r.is_flux_tree() && is_within(dir, &r.dir));
            if covered || references.is_component || self.found.contains_key(dir) {
                open.push(dir);
            }
        }
        for dir in all.keys().map(String::as_str) {
            while let Some(at) = open.pop() {
                if reached.insert(at) {
                    let used = all.get(at).into_iter().flat_map(|r| &r.directories);
                    open.extend(used.map(String::as_str));
                }
            }
            if !reached.contains(dir) {
                open.push(dir);
                self.found.entry(dir.to_owned()).or_insert_with(|| Root {
                    dir: dir.into(),
                    kind: RootKind::Kustomize,
                    applied: Vec::new(),
                    usual: false,
                    reason: "a kustomization that leads back to itself".to_owned(),
                });
            }
        }
    }

    /// Directories of manifests that no kustomization uses, no chart renders and no tree covers.
    fn plain(&mut self) {
        let used = self
            .repository
            .kustomizations
            .values()
            .flat_map(|r| &r.files);
        let used: BTreeSet<&str> = used.map(String::as_str).collect();
        let trees = self.found.values().filter(|r| r.kind == RootKind::Tree);
        let trees: Vec<String> = trees.map(|r| r.dir.to_string()).collect();
        for file in &self.repository.files {
            let dir = dir_of(&file.path);
            let of_chart = layout::chart_of_template(&file.path, self.charts.iter().copied());
            let covered = used.contains(file.path.as_str())
                || is_kustomization(&file.path)
                || self.repository.kustomizations.contains_key(dir)
                || trees.iter().any(|tree| is_within(dir, tree))
                || of_chart.is_some();
            if covered || file.facts.is_empty() {
                continue;
            }
            self.found.entry(dir.to_owned()).or_insert_with(|| Root {
                dir: dir.into(),
                kind: RootKind::Plain,
                applied: Vec::new(),
                usual: false,
                reason: "manifests that no kustomization uses".to_owned(),
            });
        }
        for chart in self.charts {
            let inside = layout::chart_of_template(chart, self.charts.iter().copied());
            if inside.is_none() {
                self.found
                    .entry((*chart).to_owned())
                    .or_insert_with(|| Root {
                        dir: (*chart).into(),
                        kind: RootKind::Chart,
                        applied: Vec::new(),
                        usual: false,
                        reason: "a Helm chart".to_owned(),
                    });
            }
        }
    }
}

impl Root {
    /// Whether Flux makes a kustomization of all that is below it.
    pub fn is_flux_tree(&self) -> bool {
        let mut applied = self.applied.iter();
        self.kind == RootKind::Tree && applied.any(|a| matches!(a.how, How::Flux(_)))
    }
}

/// The kustomizations below a directory that are inside of no other there: what Flux takes in when the
/// directory has none itself.
fn topmost<'a>(all: &'a BTreeMap<String, References>, dir: &str) -> impl Iterator<Item = &'a str> {
    let inside: Vec<&str> = all
        .keys()
        .map(String::as_str)
        .filter(|k| *k != dir && is_within(k, dir))
        .collect();
    let covered = inside.clone();
    inside
        .into_iter()
        .filter(move |k| !covered.iter().any(|c| c != k && is_within(k, c)))
}

/// Every directory with something in it.
fn directories(repository: &Repository) -> Vec<&str> {
    let plain = repository.files.iter().map(|f| dir_of(&f.path));
    let built = repository.kustomizations.keys().map(String::as_str);
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for dir in built.chain(plain) {
        // A folder of folders is a directory too.
        all.extend(dir.match_indices('/').map(|(end, _)| &dir[..end]));
        all.insert(dir);
    }
    all.into_iter().filter(|dir| !dir.is_empty()).collect()
}
