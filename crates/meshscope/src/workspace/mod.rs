//! A repository opened: its files as inputs of the database, its meshes, and edits in memory.
//!
//! The only place that sets inputs; every value is compared before it is set, because setting an
//! equal one invalidates just the same. It must not know what the files mean.

mod charts;
mod contradictions;
mod deliveries;
mod discover;
mod edit;
mod load;
mod meshes;
mod proposal;
mod repair;
mod report;
mod settings;
mod settle;
mod snapshot;
#[cfg(test)]
mod tests;

pub use load::{LoadProblem, OpenError};
pub use proposal::Proposal;
pub use repair::{Repaired, Repairs};
pub use snapshot::Snapshot;

use crate::db::Database;
use crate::fs::FileSystem;
use crate::mesh::Mesh;
use crate::settings::{MeshSpec, Settings};
use camino::{Utf8Path, Utf8PathBuf};
use meshes::MeshEntry;
use meshscope_manifest::Str;
use meshscope_mesh::index::file_summary;
use meshscope_mesh::{Mesh as MeshInput, Repository, SourceFile};
use rayon::prelude::*;
use salsa::{Durability, Setter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An opened repository.
pub struct Workspace {
    root: Utf8PathBuf,
    settings: Settings,
    files: Arc<BTreeMap<Str, FileEntry>>,
    links: BTreeMap<Str, Str>,
    /// What kustomizations read and nobody else: data of generators.
    data: BTreeMap<Str, SourceFile>,
    problems: Vec<LoadProblem>,
    meshes: Vec<MeshEntry>,
    repository: Repository,
    /// Whether Flux puts variables of ConfigMaps or Secrets into anything.
    has_variables: bool,
    /// Directories that are of no mesh, with the reason.
    aside: Vec<(Str, String)>,
    /// What helm made of charts.
    rendered: charts::Rendered,
    /// Inputs of meshes that the settings no longer name: used again for the next new one.
    spare: Vec<MeshInput>,
    /// Whether the settings are those of the repository's own file.
    own_settings: bool,
    /// Whether the values gathered over whole meshes are kept as inputs.
    settled: bool,
    /// Files the settings read that are not among the manifests.
    outside: BTreeMap<Str, Arc<str>>,
    // Last: it must outlive what refers to it.
    db: Database,
}

/// A file that is or was there. Inputs cannot be deleted, so a file that is gone stays as an entry.
#[derive(Clone, Copy, Debug)]
struct FileEntry {
    input: SourceFile,
    present: bool,
}

/// Called for each file that is read, from any thread, with how many there are.
pub type OnFile<'f> = &'f (dyn Fn(usize) + Sync);

impl Workspace {
    /// Opens a root with the settings it has in `meshscope.yaml`; its meshes are those of that file, or
    /// those that the other files describe.
    ///
    /// # Errors
    /// When the root cannot be read, or the settings file is no YAML. A manifest that cannot be read is
    /// a [`LoadProblem`] instead, and what is wrong inside the settings is in [`Settings::problems`].
    pub fn open(root: &Utf8Path, fs: &dyn FileSystem) -> Result<Workspace, OpenError> {
        Workspace::open_watched(root, fs, &|_| {})
    }

    /// The same, told how far it is.
    ///
    /// # Errors
    /// As for [`Workspace::open`].
    pub fn open_watched(
        root: &Utf8Path,
        fs: &dyn FileSystem,
        on_file: OnFile<'_>,
    ) -> Result<Workspace, OpenError> {
        let mut workspace = Workspace::empty(root, Settings::default(), Database::default());
        workspace.own_settings = true;
        workspace.load(fs)?;
        workspace.load_settings(fs)?;
        workspace.read_all(on_file);
        workspace.refresh_meshes();
        if workspace.settings.render_charts && workspace.render_charts() {
            workspace.refresh_meshes();
        }
        Ok(workspace)
    }

    /// Opens a root with settings given, whatever its own file says, into a database given.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub fn open_with(
        root: &Utf8Path,
        fs: &dyn FileSystem,
        settings: Settings,
        db: Database,
    ) -> Result<Workspace, OpenError> {
        let mut workspace = Workspace::empty(root, settings, db);
        workspace.load(fs)?;
        workspace.read_all(&|_| {});
        workspace.refresh_meshes();
        Ok(workspace)
    }

    /// Opens another state of the same root into the same database: files with the same path and text
    /// are one input, and what rests on them is computed once. Neither may be edited while both are
    /// there: an edit waits until it has the database to itself.
    pub(crate) fn open_beside(&self, fs: &dyn FileSystem) -> Result<Workspace, OpenError> {
        let mut workspace = Workspace::empty(&self.root, Settings::default(), self.db.clone());
        workspace.own_settings = true;
        let gone = |(path, entry): (&Str, &FileEntry)| {
            let input = entry.input;
            let present = false;
            (path.clone(), FileEntry { input, present })
        };
        workspace.files = Arc::new(self.files.iter().map(gone).collect());
        workspace.load(fs)?;
        Arc::make_mut(&mut workspace.files).retain(|_, entry| entry.present);
        workspace.load_settings(fs)?;
        workspace.read_all(&|_| {});
        workspace.refresh_meshes();
        Ok(workspace)
    }

    fn empty(root: &Utf8Path, settings: Settings, db: Database) -> Workspace {
        let repository = Repository::builder(Arc::default(), Arc::default())
            .durability(Durability::HIGH)
            .new(&db);
        Workspace {
            repository,
            data: BTreeMap::new(),
            root: root.to_owned(),
            settings,
            files: Arc::default(),
            links: BTreeMap::new(),
            problems: Vec::new(),
            meshes: Vec::new(),
            has_variables: false,
            aside: Vec::new(),
            rendered: charts::Rendered::default(),
            spare: Vec::new(),
            own_settings: false,
            settled: false,
            outside: BTreeMap::new(),
            db,
        }
    }

    /// The root.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The database, for questions to the engine itself.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// The files that are there, by path relative to the root, sorted.
    pub fn files(&self) -> impl Iterator<Item = (&Str, SourceFile)> {
        let present = self.files.iter().filter(|(_, entry)| entry.present);
        present.map(|(path, entry)| (path, entry.input))
    }

    /// The files that count and are no manifests, by path relative to the root: data that kustomizations
    /// name, and what the settings read. An edit of one of them takes opening the root again.
    pub fn other_files(&self) -> impl Iterator<Item = &str> {
        let data = self.data.keys().chain(self.outside.keys());
        data.map(Str::as_str)
    }

    /// The file at a path relative to the root; a link leads to the file it stands for.
    pub fn file(&self, path: &str) -> Option<SourceFile> {
        let path = self.links.get(path).map_or(path, Str::as_str);
        let entry = self.files.get(path).filter(|entry| entry.present);
        entry.map(|entry| entry.input)
    }

    /// Whether a file is a template of a Helm chart: text for Helm to render, not YAML. Nothing is said
    /// about its syntax.
    pub fn is_chart_template(&self, path: &str) -> bool {
        let mut rest = path;
        while let Some(at) = rest.rfind("templates/") {
            let chart = &path[..at];
            let whole = chart.is_empty() || chart.ends_with('/');
            if whole && self.file(&format!("{chart}Chart.yaml")).is_some() {
                return true;
            }
            rest = chart;
        }
        false
    }

    /// What could not be read as it is.
    pub fn problems(&self) -> &[LoadProblem] {
        &self.problems
    }

    /// The meshes.
    pub fn meshes(&self) -> impl Iterator<Item = Mesh<'_>> {
        self.meshes.iter().map(|entry| {
            let why = (entry.reason.as_str(), entry.uncertain.as_deref());
            Mesh::new(self, entry.input, why, entry.is_guess)
        })
    }

    /// Directories of manifests that are of no mesh, with the reason: archives, examples, tests.
    pub fn set_aside(&self) -> &[(Str, String)] {
        &self.aside
    }

    /// Directories and files that give way in the mesh with a name to what others define, with the
    /// reason.
    pub(crate) fn set_aside_in(&self, mesh: &str) -> &[(Str, String)] {
        let mut entries = self.meshes.iter();
        let entry = entries.find(|entry| entry.spec.name == mesh);
        entry.map_or(&[], |entry| &entry.aside)
    }

    /// What the settings, or their absence, say of the mesh with a name.
    pub fn mesh_spec(&self, name: &str) -> Option<&MeshSpec> {
        let mut specs = self.meshes.iter().map(|entry| &entry.spec);
        specs.find(|spec| spec.name == name)
    }

    /// The mesh with a name.
    pub fn mesh(&self, name: &str) -> Option<Mesh<'_>> {
        self.meshes().find(|mesh| mesh.name() == name)
    }

    /// The files there are, and the links, as a new input.
    fn new_repository(&self) -> Repository {
        Repository::builder(Arc::new(self.all_files()), Arc::new(self.links.clone()))
            .durability(Durability::HIGH)
            .new(&self.db)
    }

    /// The files that are there, and the data beside them.
    fn all_files(&self) -> BTreeMap<Str, SourceFile> {
        let mut files = self.data.clone();
        files.extend(self.files().map(|(path, file)| (path.clone(), file)));
        files
    }

    /// Tells the queries which files there are.
    fn refresh_repository(&mut self) {
        let files = self.all_files();
        if **self.repository.files(&self.db) != files {
            let setter = self.repository.set_files(&mut self.db);
            let setter = setter.with_durability(Durability::HIGH);
            setter.to(Arc::new(files));
        }
    }

    /// Reads every file on all cores, so that later questions find it done.
    fn read_all(&self, on_file: OnFile<'_>) {
        let files: Vec<SourceFile> = self.files().map(|(_, file)| file).collect();
        let all = files.len();
        let files = files.into_par_iter().with_min_len(16);
        files.for_each_with(self.db.clone(), |db, file| {
            file_summary(&*db, file);
            on_file(all);
        });
    }
}
