//! What readers see: every workspace, document and setting as it was at one place in the queue.
//!
//! Made by the owner for one question and dropped with its answer, because an edit waits for it.

use crate::client::Traits;
use crate::documents::{Document, Documents};
use crate::places::{FolderId, Home, Root};
use crate::positions::Lines;
use crate::settings::Settings;
use meshscope::{Report, Snapshot, Workspace};
use std::collections::BTreeMap;
use std::ops::Range as Bytes;
use std::sync::Arc;
use tower_lsp::ls_types::{Location, Range, Uri};

/// A folder as it was.
pub struct FolderView {
    /// Which it is.
    pub id: FolderId,
    /// Where it is; none for documents that are in no folder.
    pub root: Option<Root>,
    /// Its workspace.
    pub workspace: Snapshot,
    /// The findings of exactly this state, when they are known.
    pub report: Option<Arc<Report>>,
}

/// Everything as it was.
pub struct World {
    /// The folders that are read.
    pub folders: Vec<FolderView>,
    /// The open documents.
    pub documents: Arc<Documents>,
    /// Where each open document belongs.
    pub homes: Arc<BTreeMap<Uri, Home>>,
    /// What the client wants to see.
    pub settings: Arc<Settings>,
    /// What the client can do.
    pub traits: Traits,
}

/// A file of a folder.
pub struct File<'w> {
    /// The world it is in.
    pub world: &'w World,
    /// Its folder.
    pub folder: &'w FolderView,
    /// Its path in the folder.
    pub path: String,
    /// Its lines.
    pub lines: Lines<'w>,
}

impl World {
    /// The file a client names.
    pub fn file(&self, uri: &Uri) -> Option<File<'_>> {
        let home = match self.homes.get(uri) {
            Some(home) => home.clone(),
            None => self.home_on_disk(uri)?,
        };
        let folder = self.folders.iter().find(|f| f.id == home.folder)?;
        self.file_of(folder, &home.path)
    }

    fn home_on_disk(&self, uri: &Uri) -> Option<Home> {
        let file = crate::places::file_path(uri)?;
        self.folders.iter().find_map(|folder| {
            let path = folder.root.as_ref()?.relative(&file)?;
            let folder = folder.id;
            Some(Home { folder, path })
        })
    }

    /// A file by its path.
    pub fn file_of<'w>(&'w self, folder: &'w FolderView, path: &str) -> Option<File<'w>> {
        Some(File {
            world: self,
            folder,
            path: path.to_owned(),
            lines: self.lines(folder, path)?,
        })
    }

    /// The open document at a path.
    pub fn document(&self, folder: FolderId, path: &str) -> Option<&Document> {
        let mut homes = self.homes.iter();
        let (uri, _) = homes.find(|(_, home)| home.folder == folder && home.path == path)?;
        self.documents.get(uri)
    }

    /// The name of a file, as the client spells it when it is open.
    pub fn uri(&self, folder: &FolderView, path: &str) -> Option<Uri> {
        match (self.document(folder.id, path), &folder.root) {
            (Some(document), _) => Some(document.uri.clone()),
            (None, Some(root)) => root.uri(path),
            (None, None) => None,
        }
    }

    /// The lines of a file.
    pub fn lines<'w>(&self, folder: &'w FolderView, path: &str) -> Option<Lines<'w>> {
        let workspace: &'w Workspace = &folder.workspace;
        let text = workspace.file(path)?.text(workspace.db());
        let encoding = self.traits.encoding;
        Some(match self.document(folder.id, path) {
            Some(_) => Lines::new(text, encoding),
            None => Lines::of_disk(text, encoding),
        })
    }

    /// A place as the client names it.
    pub fn location(
        &self,
        folder: &FolderView,
        path: &str,
        bytes: &Bytes<usize>,
    ) -> Option<Location> {
        let range = self.lines(folder, path)?.range(bytes);
        Some(Location::new(self.uri(folder, path)?, range))
    }
}

impl<'w> File<'w> {
    /// The workspace it is of.
    pub fn workspace(&self) -> &'w Workspace {
        &self.folder.workspace
    }

    /// A range of it.
    pub fn range(&self, bytes: &Bytes<usize>) -> Range {
        self.lines.range(bytes)
    }
}
