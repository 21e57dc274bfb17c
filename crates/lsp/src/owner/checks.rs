//! When findings are looked for, and what the client knows of them.
//!
//! What rests on one file is looked at as soon as it is written; the whole folder when nobody has typed
//! for a moment. Until then the findings of the last whole look move with the text. Each look runs on a
//! world of its own, on one of two threads; an edit cancels it, and it is done again.

use super::{Mailbox, Message, Owner};
use crate::diagnostics::{Found, FoundInFile, Look, OneFile, Published, carried, look};
use crate::documents::Edit;
use crate::outgoing::{Outgoing, Refresh};
use crate::places::FolderId;
use crate::pool::STACK;
use crate::settings::Scope;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tower_lsp::ls_types::{Diagnostic, MessageType, PublishDiagnosticsParams, Uri};

/// The longest delay a client may ask for, in milliseconds.
const LONGEST_DELAY: u64 = 10_000;

/// What is looked for, when, and what was found.
pub struct Checks {
    files: Sender<(Look, World)>,
    folders: Sender<(Look, World)>,
    /// Whether a look at files, at a folder, is on its way.
    busy: [bool; 2],
    /// Open documents to look at by themselves.
    wanted: BTreeSet<Uri>,
    /// What was typed in open documents since the last whole look.
    typed: BTreeMap<Uri, Vec<Edit>>,
    /// What was found last: what the client is shown, or is shown when it asks.
    pub(super) current: BTreeMap<Uri, Published>,
}

impl Checks {
    /// Starts the threads.
    pub fn new(mailbox: &Mailbox) -> Checks {
        Checks {
            files: thread_of("files", mailbox),
            folders: thread_of("folders", mailbox),
            busy: [false; 2],
            wanted: BTreeSet::new(),
            typed: BTreeMap::new(),
            current: BTreeMap::new(),
        }
    }

    /// A document was opened.
    pub fn opened(&mut self, uri: &Uri) {
        self.typed.insert(uri.clone(), Vec::new());
    }

    /// A document was edited.
    pub fn edited(&mut self, uri: &Uri, edits: Vec<Edit>) {
        self.typed.entry(uri.clone()).or_default().extend(edits);
    }

    /// A document was closed.
    pub fn closed(&mut self, uri: &Uri) {
        self.typed.remove(uri);
        self.wanted.remove(uri);
    }

    /// A document is to be looked at by itself.
    pub fn look_at(&mut self, uri: &Uri) {
        self.wanted.insert(uri.clone());
    }

    /// Nothing is looked for any more.
    pub fn forget(&mut self) {
        self.wanted.clear();
        self.current.clear();
    }
}

fn thread_of(name: &str, mailbox: &Mailbox) -> Sender<(Look, World)> {
    let (sender, queue) = channel::<(Look, World)>();
    let mailbox = mailbox.clone();
    let builder = thread::Builder::new().name(name.into()).stack_size(STACK);
    // Without the thread nothing is ever found.
    let _ = builder.spawn(move || {
        for (task, world) in queue {
            mailbox.send(Message::Found(look(task, world)));
        }
    });
    sender
}

impl Owner {
    /// A folder is another than before: it is looked at when nobody types any more.
    pub(super) fn folder_changed(&mut self, id: FolderId) {
        let delay = Duration::from_millis(self.settings.diagnostics.delay.min(LONGEST_DELAY));
        if let Some(folder) = self.folder(id) {
            folder.revision += 1;
            folder.due = Some(Instant::now() + delay);
        }
    }

    /// A folder is looked at as soon as possible.
    pub(super) fn check_now(&mut self, id: FolderId) {
        if let Some(folder) = self.folder(id) {
            folder.due = Some(Instant::now());
        }
    }

    /// All folders are looked at again: something is to be shown that was not, or the other way round.
    pub(super) fn check_everything(&mut self) {
        for folder in &mut self.folders {
            folder.due = Some(Instant::now());
        }
    }

    pub(super) fn checks_due(&self) -> Option<Instant> {
        if self.checks.busy[1] {
            return None;
        }
        let read = self
            .folders
            .iter()
            .filter(|folder| folder.workspace.is_some());
        read.filter_map(|folder| folder.due).min()
    }

    /// Looks at what is to be looked at now.
    pub(super) fn check_what_is_due(&mut self) {
        if self.stopped {
            return;
        }
        self.check_files();
        let now = Instant::now();
        let due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if self.checks.busy[1] {
            return;
        }
        let mut read = self
            .folders
            .iter_mut()
            .filter(|folder| folder.workspace.is_some());
        let Some(folder) = read.find(|folder| due(folder.due)) else {
            return;
        };
        folder.due = None;
        let (id, revision) = (folder.id, folder.revision);
        self.checks.busy[1] = true;
        let world = self.world_of(Some(id));
        let _ = self
            .checks
            .folders
            .send((Look::Folder { id, revision }, world));
    }

    fn check_files(&mut self) {
        if self.checks.busy[0] || self.pulls_findings {
            return;
        }
        // One folder at a time: an edit of another does not wait.
        let Some(first) = self
            .checks
            .wanted
            .iter()
            .find_map(|uri| self.homes.get(uri))
        else {
            self.checks.wanted.clear();
            return;
        };
        let id = first.folder;
        let wanted = std::mem::take(&mut self.checks.wanted);
        let (now, later) = wanted
            .into_iter()
            .partition(|uri| self.homes.get(uri).is_some_and(|home| home.folder == id));
        self.checks.wanted = later;
        let files = self.files_to_look_at(id, now);
        if !files.is_empty() {
            self.checks.busy[0] = true;
            let world = self.world_of(Some(id));
            let _ = self.checks.files.send((Look::Files(files), world));
        }
    }

    fn files_to_look_at(&self, id: FolderId, uris: BTreeSet<Uri>) -> Vec<OneFile> {
        let folder = self.folders.iter().find(|folder| folder.id == id);
        let report = folder.and_then(|folder| folder.report.as_ref());
        let files = uris.into_iter().filter_map(|uri| {
            let home = self.homes.get(&uri)?.clone();
            let version = self.documents.get(&uri)?.version;
            let typed = self.checks.typed.get(&uri).map_or(&[][..], Vec::as_slice);
            let carried = report.map(|(_, report)| carried(report, &home.path, typed));
            Some(OneFile {
                uri,
                path: home.path,
                version,
                whole: report.map(|(revision, _)| *revision),
                carried: carried.unwrap_or_default(),
            })
        });
        files.collect()
    }

    /// Something was found, or the look was cancelled.
    pub(super) fn found(&mut self, found: Found) {
        match found {
            Found::Files(files) => {
                self.checks.busy[0] = false;
                for file in files {
                    self.found_in_file(file);
                }
            }
            Found::NotFiles(uris) => {
                self.checks.busy[0] = false;
                self.checks.wanted.extend(uris);
            }
            Found::Folder(found) => {
                self.checks.busy[1] = false;
                let id = found.id;
                let Some(folder) = self.folder(id) else {
                    return;
                };
                // An edit came just before the end: what was found is of the text before.
                if folder.revision != found.revision {
                    return;
                }
                folder.report = Some((found.revision, Arc::new(found.report)));
                let is_new = self.show_folder(id, found.files);
                for (uri, home) in self.homes.iter() {
                    if home.folder == id {
                        self.checks.typed.insert(uri.clone(), Vec::new());
                    }
                }
                self.answer_pulls();
                if is_new && self.pulls_findings && self.traits.refreshes_diagnostics {
                    self.voice.say(Outgoing::Refresh(Refresh::Diagnostics));
                }
                // The editor asks anew for what stands beside the text that was edited, not beside others.
                if self.homes.values().filter(|home| home.folder == id).count() > 1 {
                    self.refresh_cached();
                }
            }
            Found::NotFolder(id) => {
                self.checks.busy[1] = false;
                // Mostly the edit that cancelled it has said already when it is to be done again.
                if self.folders.iter().any(|f| f.id == id && f.due.is_none()) {
                    self.check_now(id);
                }
            }
            Found::Fault { of_folder, text } => {
                self.checks.busy[usize::from(of_folder)] = false;
                self.voice.log(MessageType::ERROR, text);
            }
        }
    }

    fn found_in_file(&mut self, file: FoundInFile) {
        let document = self.documents.get(&file.uri);
        if document.is_none_or(|document| document.version != file.version) {
            return;
        }
        let folder = self.folders.iter().find(|folder| folder.id == file.folder);
        let report = folder.and_then(|folder| folder.report.as_ref());
        if report.map(|(revision, _)| *revision) == file.whole {
            self.show(file.uri, file.folder, Some(file.version), file.diagnostics);
        } else {
            // A whole look ended meanwhile: what it found is not among these.
            self.checks.look_at(&file.uri);
        }
    }

    /// Shows the findings of a folder; whether any are others than before.
    fn show_folder(&mut self, id: FolderId, files: BTreeMap<Uri, Vec<Diagnostic>>) -> bool {
        let known = self
            .checks
            .current
            .iter()
            .filter(|(_, published)| published.folder == id);
        let clean = known
            .filter(|(uri, _)| !files.contains_key(uri))
            .map(|(uri, _)| uri.clone());
        let clean: Vec<Uri> = clean.collect();
        let cleaned = clean.into_iter().map(|uri| (uri, Vec::new()));
        let mut is_new = false;
        for (uri, diagnostics) in cleaned.chain(files) {
            let version = self.documents.get(&uri).map(|document| document.version);
            is_new |= self.show(uri, id, version, diagnostics);
        }
        is_new
    }

    /// Shows the findings of a file when they are others than before; whether they are.
    fn show(
        &mut self,
        uri: Uri,
        folder: FolderId,
        version: Option<i32>,
        mut diagnostics: Vec<Diagnostic>,
    ) -> bool {
        let settings = &self.settings.diagnostics;
        let is_hidden = settings.scope == Scope::OpenFiles && !self.documents.contains_key(&uri);
        if !settings.enable || is_hidden {
            diagnostics.clear();
        }
        let known = self.checks.current.get(&uri);
        let before = known.map_or(&[][..], |published| &published.diagnostics);
        if before == diagnostics {
            return false;
        }
        if diagnostics.is_empty() {
            self.checks.current.remove(&uri);
        } else {
            let published = Published::new(folder, diagnostics.clone());
            self.checks.current.insert(uri.clone(), published);
        }
        if !self.pulls_findings {
            let params = PublishDiagnosticsParams::new(uri, diagnostics, version);
            self.voice.say(Outgoing::Publish(params));
        }
        true
    }

    /// Shows nothing for a file any more.
    pub(super) fn retract(&mut self, uri: &Uri) {
        if let Some(published) = self.checks.current.get(uri) {
            self.show(uri.clone(), published.folder, None, Vec::new());
        }
    }

    /// Shows nothing for a folder that is gone.
    pub(super) fn clear_folder(&mut self, id: FolderId) {
        self.show_folder(id, BTreeMap::new());
        let homes = self.homes.iter().filter(|(_, home)| home.folder == id);
        let uris: Vec<Uri> = homes.map(|(uri, _)| uri.clone()).collect();
        for uri in uris {
            Arc::make_mut(&mut self.homes).remove(&uri);
            self.checks.closed(&uri);
        }
    }
}
