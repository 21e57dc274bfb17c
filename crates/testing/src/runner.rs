//! Finding cases, and running them on all cores.

use crate::case::Case;
use crate::checks;
use crate::report::{CaseReport, Report};
use camino::{Utf8Path, Utf8PathBuf};
use meshscope::{Database, OsFileSystem, Workspace};
use rayon::prelude::*;
use std::fmt;

/// A folder that cannot be searched for cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryError(String);

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DiscoveryError {}

/// The case files under a folder, sorted: every `case.yaml` and `*.meshtest.yaml`. A file is itself.
///
/// # Errors
/// When the path is not there.
pub fn find_cases(path: &Utf8Path) -> Result<Vec<Utf8PathBuf>, DiscoveryError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !path.is_dir() {
        return Err(DiscoveryError(format!("{path}: no such file or directory")));
    }
    let walk = ignore::WalkBuilder::new(path)
        .standard_filters(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let entries = walk.filter_map(Result::ok);
    let files = entries.filter(|e| e.file_type().is_some_and(|t| t.is_file()));
    let paths = files.filter_map(|e| Utf8PathBuf::from_path_buf(e.into_path()).ok());
    let mut cases: Vec<Utf8PathBuf> = paths.filter(|path| is_case(path)).collect();
    cases.sort();
    Ok(cases)
}

fn is_case(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == "case.yaml" || name.ends_with(".meshtest.yaml")
}

/// Runs case files, several at a time.
pub fn run(files: &[Utf8PathBuf]) -> Report {
    let cases = files.par_iter().map(|file| run_case(file));
    Report::new(cases.collect())
}

/// Runs one case file.
pub fn run_case(file: &Utf8Path) -> CaseReport {
    let name = case_name(file);
    let case = match Case::read(file) {
        Ok(case) => case,
        Err(message) => return CaseReport::unreadable(&name, message),
    };
    let settings = case.settings.clone();
    let opened = Workspace::open_with(&case.root, &OsFileSystem, settings, Database::default());
    let workspace = match opened {
        Ok(workspace) => workspace,
        Err(error) => return CaseReport::unreadable(&name, error.to_string()),
    };
    let Some(mesh) = workspace.meshes().next() else {
        return CaseReport::unreadable(&name, "the case has no mesh".into());
    };
    let checks = checks::all(mesh, &case);
    CaseReport::of_checks(&name, &case.title, case.contested, checks)
}

/// What a case is called: its folder, or its file where the folder may hold several.
fn case_name(file: &Utf8Path) -> String {
    let named = match file.file_name() {
        Some("case.yaml") => file.parent().unwrap_or(file),
        _ => file,
    };
    let named = named.strip_prefix("./").unwrap_or(named);
    if named.as_str().is_empty() {
        ".".into()
    } else {
        named.to_string()
    }
}
