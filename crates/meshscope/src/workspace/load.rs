//! From a file system to inputs: reading, in parallel, what walking found.

use super::{FileEntry, Workspace};
use crate::db::Database;
use crate::fs::FileSystem;
use crate::settings::BrokenSettings;
use camino::{Utf8Path, Utf8PathBuf};
use meshscope_manifest::Str;
use meshscope_mesh::SourceFile;
use rayon::prelude::*;
use salsa::Durability;
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
    /// Walks the root and makes an input of every manifest in it.
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
        let texts: Vec<(Utf8PathBuf, io::Result<Vec<u8>>)> = found
            .files
            .into_par_iter()
            .map(|path| {
                let bytes = fs.read(&root.join(&path));
                (path, bytes)
            })
            .collect();
        for (path, bytes) in texts {
            match bytes.map(text_of) {
                Ok((text, lossy)) => {
                    if lossy {
                        self.problems.push(LoadProblem {
                            path: Str::new(path.as_str()),
                            message: "the file is not UTF-8; what is not was replaced".into(),
                            skipped: false,
                        });
                    }
                    let path = Str::new(path.as_str());
                    let input = new_file(&self.db, &path, text, Durability::HIGH);
                    self.files.insert(
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
        self.problems.sort();
        Ok(())
    }
}

/// The text of a file, and whether bytes had to be replaced.
pub(super) fn text_of(bytes: Vec<u8>) -> (Arc<str>, bool) {
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
