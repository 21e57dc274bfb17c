//! The folders of the client, each a workspace of its own; one below another belongs to that one.

use super::Owner;
use super::disk::Order;
use crate::places::{FolderId, Home, Root};
use crate::world::FolderView;
use camino::Utf8Path;
use meshscope::{MemoryFileSystem, Report, Workspace};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use tower_lsp::ls_types::Uri;

/// A folder.
pub struct Folder {
    /// Which it is.
    pub id: FolderId,
    /// Where it is; none for documents that are in no folder.
    pub root: Option<Root>,
    /// Its workspace; none before it was read.
    pub workspace: Option<Workspace>,
    /// Counts what changed it.
    pub revision: u64,
    /// The newest findings, and the revision they are of.
    pub report: Option<(u64, Arc<Report>)>,
    /// When its findings are to be looked for.
    pub due: Option<Instant>,
    /// Files that may have changed on the disk, and since when that is known.
    pub touched: BTreeSet<String>,
    /// When what was touched is read.
    pub touched_due: Option<Instant>,
    /// Whether it is read as a whole now.
    pub reading: bool,
}

impl Folder {
    fn new(id: FolderId, root: Option<Root>) -> Folder {
        Folder {
            id,
            root,
            workspace: None,
            revision: 0,
            report: None,
            due: None,
            touched: BTreeSet::new(),
            touched_due: None,
            reading: false,
        }
    }

    /// The folder as it is now; none before it was read.
    pub fn view(&self) -> Option<FolderView> {
        let current = self.report.as_ref();
        let current = current.filter(|(revision, _)| *revision == self.revision);
        Some(FolderView {
            id: self.id,
            root: self.root.clone(),
            workspace: self.workspace.as_ref()?.snapshot(),
            report: current.map(|(_, report)| report.clone()),
        })
    }

    /// Whether questions have to wait for it.
    pub fn is_reading(&self) -> bool {
        self.workspace.is_none()
    }

    /// When what was touched is read.
    pub fn touched_due(&self) -> Option<Instant> {
        self.touched_due.filter(|_| !self.reading)
    }
}

impl Owner {
    /// Takes folders away and adds others.
    pub(super) fn change_folders(&mut self, added: &[Uri], removed: &[Uri]) {
        for root in removed.iter().filter_map(Root::of) {
            if let Some(watch) = &self.watch {
                watch.end(&root.real);
            }
            let is_it = |folder: &Folder| folder.root.as_ref().is_some_and(|r| r.real == root.real);
            let gone: Vec<FolderId> = self
                .folders
                .iter()
                .filter(|f| is_it(f))
                .map(|f| f.id)
                .collect();
            self.folders.retain(|folder| !is_it(folder));
            for id in gone {
                self.clear_folder(id);
            }
        }
        for root in added.iter().filter_map(Root::of) {
            let mut known = self
                .folders
                .iter()
                .filter_map(|folder| folder.root.as_ref());
            if known.any(|known| known.covers(&root)) {
                continue;
            }
            // What was open as a folder and is below the new one belongs to it now.
            let below = |folder: &Folder| folder.root.as_ref().is_some_and(|r| root.covers(r));
            let gone: Vec<FolderId> = self
                .folders
                .iter()
                .filter(|f| below(f))
                .map(|f| f.id)
                .collect();
            self.folders.retain(|folder| !below(folder));
            for id in gone {
                self.clear_folder(id);
            }
            if let Some(watch) = &self.watch {
                watch.begin(&root.real);
            }
            let id = self.new_folder(Some(root));
            self.read_folder(id);
        }
        self.find_homes();
    }

    fn new_folder(&mut self, root: Option<Root>) -> FolderId {
        self.next_folder += 1;
        self.folders.push(Folder::new(self.next_folder, root));
        self.next_folder
    }

    /// Has a folder read from the disk, all of it.
    pub(super) fn read_folder(&mut self, id: FolderId) {
        if let Some(folder) = self.folder(id) {
            folder.reading = true;
            folder.touched.clear();
            folder.touched_due = None;
            if let Some(root) = folder.root.clone() {
                self.disk.order(Order::Open { folder: id, root });
            }
        }
    }

    /// A folder was read: what is open in it counts over what the disk holds.
    pub(super) fn folder_was_read(&mut self, id: FolderId, workspace: Workspace) {
        let Some(folder) = self.folder(id) else {
            return;
        };
        folder.workspace = Some(workspace);
        folder.reading = false;
        folder.revision += 1;
        folder.report = None;
        let open = self.homes.iter().filter(|(_, home)| home.folder == id);
        self.unwritten.extend(open.map(|(uri, _)| uri.clone()));
        self.write();
        self.check_now(id);
        self.refresh_cached();
    }

    /// Looks again where every open document belongs.
    pub(super) fn find_homes(&mut self) {
        let uris: Vec<Uri> = self.documents.keys().cloned().collect();
        for uri in uris {
            let home = match self.home_in_folders(&uri) {
                Some(home) => self.home_of_manifest(home),
                None => self.loose_home(&uri),
            };
            if self.homes.get(&uri) != home.as_ref() {
                self.leave(&uri);
                if let Some(home) = home {
                    Arc::make_mut(&mut self.homes).insert(uri.clone(), home);
                    self.checks.opened(&uri);
                    self.unwritten.push(uri);
                }
            }
        }
    }

    /// A home for a document that is in no folder: its syntax and its shape are looked at.
    pub(super) fn loose_home(&mut self, uri: &Uri) -> Option<Home> {
        let document = self.documents.get(uri)?;
        let known = ["yaml", "json", "helm"]
            .iter()
            .any(|l| document.language.contains(l));
        if !known {
            return None;
        }
        let loose = self
            .folders
            .iter()
            .find(|folder| folder.root.is_none())
            .map(|f| f.id);
        let folder = match loose {
            Some(id) => id,
            None => {
                let id = self.new_folder(None);
                let empty = Workspace::open(Utf8Path::new(""), &MemoryFileSystem::new()).ok();
                self.folder(id)?.workspace = empty;
                id
            }
        };
        let path = uri.as_str().to_owned();
        Some(Home { folder, path })
    }
}
