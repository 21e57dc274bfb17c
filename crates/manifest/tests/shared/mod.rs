//! Where the acceptance suites are. Tests that need them say loudly when they are skipped, and fail
//! in CI.

use std::path::{Path, PathBuf};

/// A folder of the shared material: `$MESHSCOPE_SHARED`, or `../shared` beside the repository.
pub fn folder(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    // A worktree lies one folder deeper.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared");
    let named = std::env::var_os("MESHSCOPE_SHARED").map(PathBuf::from);
    let found = named
        .into_iter()
        .chain([beside, deeper])
        .map(|root| root.join(name));
    let found = found.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{name} is missing: set MESHSCOPE_SHARED"
        );
        eprintln!("SKIPPED: {name} is not here; set MESHSCOPE_SHARED");
    }
    found
}

/// The folders in a folder, sorted.
pub fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// All YAML files below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    files.sort();
    files
}
