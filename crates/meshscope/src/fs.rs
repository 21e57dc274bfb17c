//! Where files come from: the [`FileSystem`] trait, the disk, and a map for tests.
//!
//! Owns which files are looked at (manifests by their extension, `.gitignore` respected, nothing
//! outside the root). It must not know what is in them.

use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::io;

/// Files beyond this are not read: no manifest is near it.
pub const MAX_FILE_BYTES: u64 = 100 * 1024 * 1024;

/// Why a symbolic link is left out that leads to something outside the root.
pub const LINK_LEAVES: &str = "a link that leaves the repository";

/// Why a symbolic link is left out that leads to nothing.
pub const LINK_NOWHERE: &str = "a link that leads nowhere";

/// Why a file is left out whose name is no text.
pub const NAME_NOT_UTF8: &str = "its name is not UTF-8";

/// What walking a root found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Manifest files relative to the root, `/`-separated, sorted.
    pub files: Vec<Utf8PathBuf>,
    /// Symbolic links to files and directories inside the root: link, target. Not walked twice.
    pub links: Vec<(Utf8PathBuf, Utf8PathBuf)>,
    /// What could not be looked at: path and reason.
    pub skipped: Vec<(Utf8PathBuf, String)>,
}

/// The files of a repository.
pub trait FileSystem: Sync {
    /// The manifest files under `root`.
    ///
    /// # Errors
    /// When the root itself cannot be read.
    fn walk(&self, root: &Utf8Path) -> io::Result<Found>;

    /// The bytes of one file.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than [`MAX_FILE_BYTES`].
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>>;
}

/// Whether a file is read at all.
pub fn is_manifest_path(path: &Utf8Path) -> bool {
    if path.file_name() == Some("Kustomization") {
        return true;
    }
    let extension = path.extension().unwrap_or_default();
    ["yaml", "yml", "json"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFileSystem;

impl FileSystem for OsFileSystem {
    fn walk(&self, root: &Utf8Path) -> io::Result<Found> {
        let real_root = root.canonicalize_utf8()?;
        if !real_root.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "not a directory",
            ));
        }
        let mut found = Found::default();
        let walk = walker(&real_root)
            .filter_entry(|entry| entry.file_name() != ".git")
            .sort_by_file_path(|a, b| a.cmp(b))
            .build();
        for entry in walk {
            match entry {
                Ok(entry) => add(&real_root, &entry, &mut found),
                Err(error) => found.skipped.push((Utf8PathBuf::new(), error.to_string())),
            }
        }
        found.files.sort();
        Ok(found)
    }

    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let length = std::fs::metadata(path)?.len();
        if length > MAX_FILE_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "larger than 100 MB",
            ));
        }
        std::fs::read(path)
    }
}

impl OsFileSystem {
    /// Whether walking a root finds a file: it is there, is a manifest, and nothing ignores it. Looks only
    /// at the folders above it.
    pub fn holds(&self, root: &Utf8Path, path: &Utf8Path) -> bool {
        if !is_manifest_path(path) {
            return false;
        }
        let target = root.join(path);
        let towards = target.clone().into_std_path_buf();
        let mut walk = walker(root)
            .filter_entry(move |entry| towards.starts_with(entry.path()))
            .build();
        walk.any(|entry| {
            entry.is_ok_and(|e| {
                e.path() == target && e.file_type().is_some_and(|kind| kind.is_file())
            })
        })
    }
}

/// A walk of everything that git does not ignore.
fn walker(root: &Utf8Path) -> ignore::WalkBuilder {
    let mut walk = ignore::WalkBuilder::new(root);
    walk.hidden(false).require_git(false);
    walk
}

fn add(root: &Utf8Path, entry: &ignore::DirEntry, found: &mut Found) {
    let Some(path) = Utf8Path::from_path(entry.path()) else {
        let shown = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let shown = shown.to_string_lossy().into_owned();
        found.skipped.push((shown.into(), NAME_NOT_UTF8.to_owned()));
        return;
    };
    let Ok(relative) = path.strip_prefix(root) else {
        return;
    };
    let Some(kind) = entry.file_type() else {
        return;
    };
    if kind.is_symlink() {
        match path.canonicalize_utf8() {
            Ok(target) => match target.strip_prefix(root) {
                Ok(target) => found.links.push((slashes(relative), slashes(target))),
                Err(_) => found.skipped.push((slashes(relative), LINK_LEAVES.into())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                found.skipped.push((slashes(relative), LINK_NOWHERE.into()));
            }
            Err(error) => found.skipped.push((slashes(relative), error.to_string())),
        }
    } else if kind.is_file() && is_manifest_path(relative) {
        found.files.push(slashes(relative));
    }
}

/// The path with `/` between its parts on every system.
fn slashes(path: &Utf8Path) -> Utf8PathBuf {
    let parts: Vec<&str> = path.components().map(|c| c.as_str()).collect();
    parts.join("/").into()
}

/// Files in memory: for tests, and for text that comes from a pipe.
#[derive(Clone, Debug, Default)]
pub struct MemoryFileSystem {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

impl MemoryFileSystem {
    /// No files.
    pub fn new() -> MemoryFileSystem {
        MemoryFileSystem::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn with(mut self, path: impl Into<Utf8PathBuf>, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }
}

impl FileSystem for MemoryFileSystem {
    fn walk(&self, root: &Utf8Path) -> io::Result<Found> {
        let files = self.files.keys();
        let under = files.filter_map(|path| path.strip_prefix(root).ok());
        Ok(Found {
            files: under
                .filter(|path| is_manifest_path(path))
                .map(slashes)
                .collect(),
            ..Found::default()
        })
    }

    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let file = self.files.get(path).cloned();
        file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}
