//! The files of one revision, as a check of its checkout would find them.

use super::ignored::{Ignored, NAMES};
use super::objects::Objects;
use crate::output::Failure;
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::FileSystem;
use meshscope::fs::{Found, LINK_LEAVES, LINK_NOWHERE, NAME_NOT_UTF8, is_manifest_path};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Why a submodule is left out.
pub const SUBMODULE: &str = "a submodule: another repository, which is not looked into";

/// How many links a path may lead through.
const LINKS: usize = 40;

/// The files of a revision under a root.
pub struct Revision {
    /// The name it was asked for by.
    name: String,
    commit: Option<String>,
    root: Utf8PathBuf,
    objects: Objects,
    /// Ids of files by path relative to the root.
    files: BTreeMap<String, String>,
    /// What links say, by path.
    links: BTreeMap<String, String>,
    submodules: Vec<String>,
    unnamed: Vec<String>,
    /// Whether the revision has the folder that the root is.
    has_root: bool,
    ignored: Ignored,
    prefix: String,
    /// What the clone lacks.
    missing: Mutex<Option<String>>,
}

impl Revision {
    /// Lists the files of a tree under a prefix.
    pub(super) fn read(
        root: &Utf8Path,
        prefix: &str,
        name: &str,
        tree: &str,
        commit: Option<String>,
    ) -> Result<Revision, Failure> {
        let mut revision = Revision {
            name: name.to_owned(),
            commit,
            root: root.to_owned(),
            objects: Objects::open(root).map_err(super::not_run)?,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            submodules: Vec::new(),
            unnamed: Vec::new(),
            has_root: true,
            ignored: Ignored::default(),
            prefix: prefix.to_owned(),
            missing: Mutex::default(),
        };
        revision.list(tree)?;
        revision.read_ignored(tree);
        Ok(revision)
    }

    /// The name it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of its commit.
    pub fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    /// Whether it has the folder that the root is.
    pub fn has_root(&self) -> bool {
        self.has_root
    }

    /// A file that should have been there and was not: the clone holds only a part.
    pub fn missing(&self) -> Option<String> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.clone()
    }

    fn list(&mut self, tree: &str) -> Result<(), Failure> {
        let folder = format!("{tree}:{}", self.prefix.trim_end_matches('/'));
        let wanted = ["rev-parse", "--verify", "--quiet", &folder];
        let Ok(folder) = super::ask(&self.root, &wanted)? else {
            self.has_root = false;
            return Ok(());
        };
        let output = super::command(&self.root)
            .args(["ls-tree", "-r", "-z", "--full-tree", folder.trim()])
            .output()
            .map_err(super::not_run)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::Said(format!(
                "cannot list {}: {}",
                self.name,
                said.trim()
            )));
        }
        for entry in output
            .stdout
            .split(|byte| *byte == 0)
            .filter(|e| !e.is_empty())
        {
            match std::str::from_utf8(entry) {
                Ok(entry) => self.add(entry),
                Err(_) => {
                    let entry = String::from_utf8_lossy(entry);
                    let path = entry.split_once('\t').map_or("", |(_, path)| path);
                    self.unnamed.push(path.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Takes in `<mode> <type> <id>\t<path>`.
    fn add(&mut self, entry: &str) {
        let Some((head, path)) = entry.split_once('\t') else {
            return;
        };
        let mut words = head.split(' ');
        let (mode, _, id) = (words.next(), words.next(), words.next().unwrap_or_default());
        match mode {
            Some("120000") => {
                // A link whose text is no text leads nowhere that has a name.
                let text = self.objects.blob(id).ok().flatten();
                let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
                self.links.insert(path.to_owned(), text.unwrap_or_default());
            }
            Some("160000") => self.submodules.push(path.to_owned()),
            _ => {
                self.files.insert(path.to_owned(), id.to_owned());
            }
        }
    }

    /// Reads the ignore files of the root and of the folders above and below it.
    fn read_ignored(&mut self, tree: &str) {
        let mut ignored = Ignored::default();
        let above = self.prefix.match_indices('/').map(|(at, _)| at + 1);
        for end in [0]
            .into_iter()
            .chain(above)
            .filter(|end| *end < self.prefix.len())
        {
            let directory = &self.prefix[..end];
            for name in NAMES {
                if let Ok(Some(bytes)) = self.objects.blob(&format!("{tree}:{directory}{name}")) {
                    ignored.add(directory, &String::from_utf8_lossy(&bytes));
                }
            }
        }
        for (path, id) in &self.files {
            let (directory, name) = path
                .rsplit_once('/')
                .map_or(("", path.as_str()), |(d, n)| (d, n));
            let directory = match directory {
                "" => self.prefix.clone(),
                below => format!("{}{below}/", self.prefix),
            };
            if NAMES.contains(&name)
                && let Ok(Some(bytes)) = self.objects.blob(id)
            {
                ignored.add(&directory, &String::from_utf8_lossy(&bytes));
            }
        }
        self.ignored = ignored;
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.ignored.holds(&format!("{}{path}", self.prefix))
    }

    /// Whether there is a file or a folder at a path without links.
    fn is_there(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        let mut below = self.files.range(folder.clone()..);
        path.is_empty()
            || self.files.contains_key(path)
            || below
                .next()
                .is_some_and(|(file, _)| file.starts_with(&folder))
    }

    /// The path that a path leads to, every link on it followed; why not otherwise.
    fn real_path(&self, path: &str) -> Result<String, &'static str> {
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut real: Vec<String> = Vec::new();
        let mut followed = 0;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    real.pop().ok_or(LINK_LEAVES)?;
                    continue;
                }
                _ => real.push(part),
            }
            let Some(target) = self.links.get(&real.join("/")) else {
                continue;
            };
            followed += 1;
            if followed > LINKS || target.is_empty() {
                return Err(LINK_NOWHERE);
            }
            if target.starts_with('/') {
                return Err(LINK_LEAVES);
            }
            real.pop();
            rest.extend(target.split('/').rev().map(str::to_owned));
        }
        let real = real.join("/");
        if self.is_there(&real) {
            Ok(real)
        } else {
            Err(LINK_NOWHERE)
        }
    }
}

impl FileSystem for Revision {
    fn walk(&self, _: &Utf8Path) -> io::Result<Found> {
        let mut found = Found::default();
        let manifests = self
            .files
            .keys()
            .filter(|path| is_manifest_path(path.as_str().into()));
        let manifests = manifests.filter(|path| !self.is_ignored(path));
        found.files.extend(manifests.map(Utf8PathBuf::from));
        found.files.sort();
        for link in self.links.keys().filter(|link| !self.is_ignored(link)) {
            match self.real_path(link) {
                Ok(target) => found.links.push((link.into(), target.into())),
                Err(why) => found.skipped.push((link.into(), why.to_owned())),
            }
        }
        let submodules = self.submodules.iter();
        let submodules = submodules.map(|path| (path.into(), SUBMODULE.to_owned()));
        found.skipped.extend(submodules);
        let unnamed = self.unnamed.iter();
        let unnamed = unnamed.map(|path| (path.into(), NAME_NOT_UTF8.to_owned()));
        found.skipped.extend(unnamed);
        Ok(found)
    }

    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let not_found = || io::Error::from(io::ErrorKind::NotFound);
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let path = self.real_path(path.as_str()).map_err(|_| not_found())?;
        let id = self.files.get(&path).ok_or_else(not_found)?;
        let read = self.objects.blob(id);
        let too_large = |error: &io::Error| error.kind() == io::ErrorKind::FileTooLarge;
        match read {
            Ok(Some(bytes)) => Ok(bytes),
            Err(error) if too_large(&error) => Err(error),
            _ => {
                let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
                missing.get_or_insert(path);
                Err(not_found())
            }
        }
    }
}
