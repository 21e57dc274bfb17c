//! Files by path: what a kustomization names, and what reading it gives.
//!
//! [`file_at`] and [`directory_at`] are projections: a file that comes or goes re-runs only what asked
//! for it.

use crate::db::{Db, Name, Repository, SourceFile, name};
use meshscope_manifest::Str;
use meshscope_manifest::kustomize::{self, Files, References};
use meshscope_yaml::{Stream, parse_with};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Links on the way to one file, at most.
const MAX_LINKS: usize = 40;

/// The file at a path, links followed.
#[salsa::tracked(returns(copy))]
pub fn file_at<'db>(
    db: &'db dyn Db,
    repository: Repository,
    path: Name<'db>,
) -> Option<SourceFile> {
    let path = real_path(repository.links(db), path.text(db));
    repository.files(db).get(&path).copied()
}

/// Whether a directory with files in it is at a path, links followed.
#[salsa::tracked(returns(copy))]
fn directory_at<'db>(db: &'db dyn Db, repository: Repository, path: Name<'db>) -> bool {
    let path = real_path(repository.links(db), path.text(db));
    if path.is_empty() {
        return true;
    }
    let inside = Str::from(format!("{path}/"));
    let from = (Bound::Included(&inside), Bound::Unbounded);
    let mut next = repository.files(db).range::<Str, _>(from);
    next.next()
        .is_some_and(|(file, _)| file.starts_with(inside.as_str()))
}

/// A path without links in it. Links in a circle lead nowhere: the path stays as it is.
pub fn real_path(links: &BTreeMap<Str, Str>, path: &str) -> Str {
    let mut real = Str::new(path);
    if links.is_empty() {
        return real;
    }
    for _ in 0..MAX_LINKS {
        let ends = real.match_indices('/').map(|(end, _)| end);
        let mut ends = ends.chain([real.len()]);
        let replaced = ends.find_map(|end| {
            let (start, rest) = real.split_at(end);
            let target = links.get(&Str::new(start))?;
            let joined = format!("{target}{rest}");
            Some(Str::from(joined.trim_start_matches('/')))
        });
        match replaced {
            Some(next) => real = next,
            None => return real,
        }
    }
    Str::new(path)
}

/// A file as kustomize reads it. Kept for a few files.
#[salsa::tracked(no_eq, lru = 128)]
fn stream(db: &dyn Db, file: SourceFile) -> Arc<Stream> {
    Arc::new(parse_with(file.text(db), &super::file::options(db, file)))
}

/// The files of a repository, as kustomize asks for them.
pub(super) struct RepositoryFiles<'db> {
    pub db: &'db dyn Db,
    pub repository: Repository,
}

impl RepositoryFiles<'_> {
    fn file(&self, path: &str) -> Option<SourceFile> {
        file_at(self.db, self.repository, name(self.db, path))
    }
}

impl Files for RepositoryFiles<'_> {
    fn documents(&self, path: &str) -> Option<Arc<Stream>> {
        Some(stream(self.db, self.file(path)?).clone())
    }

    fn bytes(&self, path: &str) -> Option<Arc<[u8]>> {
        Some(Arc::from(self.file(path)?.text(self.db).as_bytes()))
    }

    fn is_dir(&self, path: &str) -> bool {
        directory_at(self.db, self.repository, name(self.db, path))
    }
}

/// What the kustomization of a directory names. Invalidated by its text and by what it names coming
/// or going.
#[salsa::tracked]
pub fn references<'db>(
    db: &'db dyn Db,
    repository: Repository,
    directory: Name<'db>,
) -> Arc<References> {
    let files = RepositoryFiles { db, repository };
    Arc::new(kustomize::references(directory.text(db), &files))
}
