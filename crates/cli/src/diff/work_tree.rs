//! The working tree as one side of a difference: as `check` sees it, without submodules, which no
//! revision of the repository holds.

use crate::git::SUBMODULE;
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::fs::Found;
use meshscope::{FileSystem, OsFileSystem};
use std::io;

/// The files on disk, but for some folders.
pub struct WorkTree {
    left_out: Vec<Utf8PathBuf>,
}

impl WorkTree {
    /// Leaves folders out, relative to the root.
    pub fn without(left_out: Vec<Utf8PathBuf>) -> WorkTree {
        WorkTree { left_out }
    }

    fn leaves_out(&self, path: &Utf8Path) -> bool {
        self.left_out.iter().any(|folder| path.starts_with(folder))
    }
}

impl FileSystem for WorkTree {
    fn walk(&self, root: &Utf8Path) -> io::Result<Found> {
        let mut found = OsFileSystem.walk(root)?;
        found.files.retain(|path| !self.leaves_out(path));
        found
            .links
            .retain(|(link, target)| !self.leaves_out(link) && !self.leaves_out(target));
        found.skipped.retain(|(path, _)| !self.leaves_out(path));
        let said = self.left_out.iter();
        found
            .skipped
            .extend(said.map(|path| (path.clone(), SUBMODULE.to_owned())));
        Ok(found)
    }

    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        OsFileSystem.read(path)
    }
}
