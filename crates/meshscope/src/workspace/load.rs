//! From a file system to inputs: reading, in parallel, what walking found.

use super::{FileEntry, Workspace};
use crate::db::Database;
use crate::fs::FileSystem;
use crate::settings::BrokenSettings;
use camino::{Utf8Path, Utf8PathBuf};
use meshscope_manifest::Str;
use meshscope_mesh::SourceFile;
use meshscope_mesh::db::name;
use meshscope_mesh::index::{kustomizations, real_path, references};
use rayon::prelude::*;
use salsa::Durability;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::{error, fmt, io};

/// Why a repository cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Its root cannot be read.
    Root {
        /// The root.
        root: Utf8PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Its settings file is no YAML.
    Settings(BrokenSettings),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Root { root, error } => write!(f, "cannot read {root}: {error}"),
            OpenError::Settings(broken) => write!(f, "cannot read the settings: {broken}"),
        }
    }
}

impl error::Error for OpenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            OpenError::Root { error, .. } => Some(error),
            OpenError::Settings(broken) => Some(broken),
        }
    }
}

/// A file that could not be read as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadProblem {
    /// The file, relative to the root.
    pub path: Str,
    /// What about it.
    pub message: String,
    /// Whether the file was left out; otherwise it was read as well as it could be.
    pub skipped: bool,
}

impl LoadProblem {
    fn skipped(path: &Utf8Path, message: String) -> LoadProblem {
        LoadProblem {
            path: Str::new(path.as_str()),
            message,
            skipped: true,
        }
    }
}

impl Workspace {
    /// Walks the root and makes an input of every manifest in it. Inputs are made, never set: another
    /// workspace may share the database (see [`Workspace::open_beside`]).
    pub(super) fn load(&mut self, fs: &dyn FileSystem) -> Result<(), OpenError> {
        let found = fs.walk(&self.root).map_err(|error| OpenError::Root {
            root: self.root.clone(),
            error,
        })?;
        let skipped = found.skipped.into_iter();
        self.problems
            .extend(skipped.map(|(path, reason)| LoadProblem::skipped(&path, reason)));
        let links = found.links.into_iter();
        self.links
            .extend(links.map(|(from, to)| (Str::new(from.as_str()), Str::new(to.as_str()))));
        let root = &self.root;
        let texts: Vec<(Utf8PathBuf, io::Result<Text>)> = found
            .files
            .into_par_iter()
            .map(|path| {
                let text = fs.read(&root.join(&path)).map(text_of);
                (path, text)
            })
            .collect();
        for (path, text) in texts {
            match text {
                Ok((text, lossy)) => {
                    if lossy {
                        self.problems.push(LoadProblem {
                            path: Str::new(path.as_str()),
                            message: "the file is not UTF-8; what is not was replaced".into(),
                            skipped: false,
                        });
                    }
                    let path = Str::new(path.as_str());
                    let twin = self.files.get(&path).map(|entry| entry.input);
                    let twin = twin.filter(|file| **file.text(&self.db) == *text);
                    let input = match twin {
                        Some(twin) => twin,
                        None => new_file(&self.db, &path, text, Durability::HIGH),
                    };
                    Arc::make_mut(&mut self.files).insert(
                        path,
                        FileEntry {
                            input,
                            present: true,
                        },
                    );
                }
                Err(error) => {
                    let problem = LoadProblem::skipped(&path, error.to_string());
                    self.problems.push(problem);
                }
            }
        }
        self.repository = self.new_repository();
        self.load_data(fs);
        self.problems.sort();
        Ok(())
    }

    /// Reads what kustomizations name that is no manifest: data of generators and the like. Nothing
    /// outside of the root.
    fn load_data(&mut self, fs: &dyn FileSystem) {
        let db = &self.db;
        let directories = kustomizations(db, self.repository);
        let named = directories
            .iter()
            .flat_map(|dir| references(db, self.repository, name(db, dir)).files.iter());
        let named: BTreeSet<Str> = named.map(|path| real_path(&self.links, path)).collect();
        let mut data = BTreeMap::new();
        for path in named {
            let left_out = |p: &LoadProblem| {
                p.skipped && Utf8Path::new(path.as_str()).starts_with(p.path.as_str())
            };
            if self.files.contains_key(&path) || self.problems.iter().any(left_out) {
                continue;
            }
            // What cannot be read is missing, and kustomize says so.
            if let Ok(bytes) = fs.read(&self.root.join(path.as_str())) {
                let input = new_file(db, &path, text_of(bytes).0, Durability::HIGH);
                data.insert(path, input);
            }
        }
        if !data.is_empty() {
            self.data = data;
            self.repository = self.new_repository();
        }
    }
}

/// The text of a file, and whether bytes had to be replaced.
type Text = (Arc<str>, bool);

/// The bytes of a file as text.
pub(super) fn text_of(bytes: Vec<u8>) -> Text {
    match String::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into(), true),
    }
}

/// The input for a file that was never seen before.
pub(super) fn new_file(
    db: &Database,
    path: &Str,
    text: Arc<str>,
    durability: Durability,
) -> SourceFile {
    SourceFile::builder(path.clone(), text, None)
        .durability(durability)
        .path_durability(Durability::NEVER_CHANGE)
        .new(db)
}
