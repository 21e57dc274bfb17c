//! Looking for findings, away from the owner: of one file by itself, or of a folder as a whole.

use super::convert::of_findings;
use crate::places::FolderId;
use crate::pool::words;
use crate::world::{FolderView, World};
use meshscope::finding::Finding;
use meshscope::{Cancelled, Report};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tower_lsp::ls_types::{Diagnostic, Uri};

/// What to look at.
pub enum Look {
    /// Files by themselves.
    Files(Vec<OneFile>),
    /// A folder as a whole.
    Folder {
        /// Which.
        id: FolderId,
        /// Its revision.
        revision: u64,
    },
}

/// A file to look at by itself.
pub struct OneFile {
    /// Its document.
    pub uri: Uri,
    /// Its path.
    pub path: String,
    /// The version of the document.
    pub version: i32,
    /// The revision of the folder at the last whole look; none before the first.
    pub whole: Option<u64>,
    /// Findings of that look, see [`super::carried`].
    pub carried: Vec<Finding>,
}

/// What was found.
pub enum Found {
    /// In files by themselves.
    Files(Vec<FoundInFile>),
    /// Nothing: the look at these files was cancelled.
    NotFiles(Vec<Uri>),
    /// In a folder.
    Folder(Box<FoundInFolder>),
    /// Nothing: the look at this folder was cancelled.
    NotFolder(FolderId),
    /// Nothing, because of a fault.
    Fault {
        /// Whether a folder was looked at.
        of_folder: bool,
        /// What it says.
        text: String,
    },
}

/// What was found in one file by itself.
pub struct FoundInFile {
    /// The document.
    pub uri: Uri,
    /// Its folder.
    pub folder: FolderId,
    /// The version that was looked at.
    pub version: i32,
    /// The revision of the folder at the whole look whose findings are among these.
    pub whole: Option<u64>,
    /// What to show.
    pub diagnostics: Vec<Diagnostic>,
}

/// What was found in a folder.
pub struct FoundInFolder {
    /// Which.
    pub id: FolderId,
    /// The revision that was looked at.
    pub revision: u64,
    /// The findings.
    pub report: Report,
    /// What to show, by file.
    pub files: BTreeMap<Uri, Vec<Diagnostic>>,
}

/// Looks, unless an edit cancels it. The world is gone when this returns.
pub fn look(task: Look, world: World) -> Found {
    let (of_folder, cancelled) = match &task {
        Look::Files(files) => {
            let uris = files.iter().map(|file| file.uri.clone());
            (false, Found::NotFiles(uris.collect()))
        }
        Look::Folder { id, .. } => (true, Found::NotFolder(*id)),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        Cancelled::catch(AssertUnwindSafe(|| found(task, &world)))
    }));
    let fault = |text: String| Found::Fault { of_folder, text };
    match outcome {
        Ok(Ok(Some(found))) => found,
        Ok(Ok(None)) => cancelled,
        Ok(Err(Cancelled::PropagatedPanic)) => fault("a rule panicked".into()),
        Ok(Err(_)) => cancelled,
        Err(panic) => fault(words(&*panic)),
    }
}

/// `None` when the folder is gone.
fn found(task: Look, world: &World) -> Option<Found> {
    let view = world.folders.first()?;
    Some(match task {
        Look::Files(files) => {
            let files = files.into_iter().map(|file| in_file(world, view, file));
            Found::Files(files.collect())
        }
        Look::Folder { id, revision } => {
            let report = report(view);
            let files = of_findings(world, view, &report);
            Found::Folder(Box::new(FoundInFolder {
                id,
                revision,
                report,
                files,
            }))
        }
    })
}

/// The findings of a folder: those of `meshscope check`. Documents that are in no folder make no mesh:
/// only what rests on each by itself is said.
pub fn report(view: &FolderView) -> Report {
    if let Some(report) = &view.report {
        return Report::clone(report);
    }
    if view.root.is_some() {
        return view.workspace.report(None);
    }
    let files = view.workspace.files();
    let findings = files.flat_map(|(path, _)| view.workspace.report_of_file(path));
    Report {
        findings: findings.collect(),
        ..Report::default()
    }
}

fn in_file(world: &World, view: &FolderView, file: OneFile) -> FoundInFile {
    let mut findings = view.workspace.report_of_file(&file.path);
    findings.extend(file.carried);
    let bytes = |f: &Finding| f.location.as_ref().map(|at| at.range.start.offset);
    findings.sort_by_key(bytes);
    let report = Report {
        findings,
        ..Report::default()
    };
    let diagnostics = of_findings(world, view, &report).remove(&file.uri);
    FoundInFile {
        uri: file.uri,
        folder: view.id,
        version: file.version,
        whole: file.whole,
        diagnostics: diagnostics.unwrap_or_default(),
    }
}
