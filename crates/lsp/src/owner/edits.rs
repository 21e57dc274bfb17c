//! What the client does to documents, and how it reaches the workspaces.

use super::Owner;
use crate::documents::Document;
use crate::places::{Home, file_path, same_name};
use meshscope::fs::{OsFileSystem, is_manifest_path};
use meshscope::settings::FILE_NAMES;
use std::sync::Arc;
use tower_lsp::ls_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};

impl Owner {
    pub(super) fn open(&mut self, item: TextDocumentItem) {
        let uri = item.uri.clone();
        let document = Document {
            uri: item.uri,
            version: item.version,
            language: item.language_id,
            text: item.text.into(),
            line: None,
        };
        // The same file under another spelling of its name is the same document.
        let other = self
            .documents
            .keys()
            .find(|known| **known != uri && same_name(known, &uri));
        if let Some(other) = other.cloned() {
            self.close(&other);
        }
        Arc::make_mut(&mut self.documents).insert(uri.clone(), document);
        let home = match self.home_in_folders(&uri) {
            Some(home) => self.home_of_manifest(home),
            None => self.loose_home(&uri),
        };
        let Some(home) = home else {
            return;
        };
        // Whoever opens a file is about to edit it: what that costs the first time is paid now.
        let path = home.path.clone();
        let workspace = self
            .folder(home.folder)
            .and_then(|folder| folder.workspace.as_mut());
        if let Some(workspace) = workspace {
            workspace.start_editing(&path);
        }
        Arc::make_mut(&mut self.homes).insert(uri.clone(), home);
        self.checks.opened(&uri);
        self.unwritten.push(uri);
    }

    /// Where an opened file of a folder belongs: where a link leads to; nowhere when it is no manifest
    /// or git ignores it. What is not on the disk yet is new.
    pub(super) fn home_of_manifest(&self, home: Home) -> Option<Home> {
        let root = self.root(home.folder)?;
        let file = root.real.join(&home.path);
        let Ok(real) = file.canonicalize_utf8() else {
            return is_manifest_path(home.path.as_str().into()).then_some(home);
        };
        let path = root.relative(&real)?;
        let counts = FILE_NAMES.contains(&path.as_str())
            || OsFileSystem.holds(&root.real, path.as_str().into());
        counts.then_some(Home { path, ..home })
    }

    pub(super) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) {
        let encoding = self.traits.encoding;
        let Some(document) = Arc::make_mut(&mut self.documents).get_mut(uri) else {
            return;
        };
        let edits = document.apply(version, changes, encoding);
        if self.homes.contains_key(uri) {
            self.checks.edited(uri, edits);
            self.unwritten.push(uri.clone());
        }
    }

    /// What is saved is what was meant: nothing is half-typed any more.
    pub(super) fn saved(&mut self, uri: &Uri) {
        if let Some(document) = Arc::make_mut(&mut self.documents).get_mut(uri) {
            document.line = None;
            self.unwritten.push(uri.clone());
        }
    }

    /// A document is closed: the disk counts again.
    pub(super) fn close(&mut self, uri: &Uri) {
        if Arc::make_mut(&mut self.documents).remove(uri).is_some() {
            self.leave(uri);
            if let Some(file) = file_path(uri) {
                self.touched(&[file]);
            }
        }
    }

    /// A document no longer belongs where it did.
    pub(super) fn leave(&mut self, uri: &Uri) {
        let Some(home) = Arc::make_mut(&mut self.homes).remove(uri) else {
            return;
        };
        self.unwritten.retain(|unwritten| unwritten != uri);
        self.checks.closed(uri);
        let Some(folder) = self.folder(home.folder) else {
            return;
        };
        let is_loose = folder.root.is_none();
        if let Some(workspace) = &mut folder.workspace {
            let text = workspace
                .file(&home.path)
                .map(|file| file.text(workspace.db()).clone());
            match text {
                Some(text) if !is_loose => workspace.set_edited(&home.path, &text, None),
                _ => workspace.remove(&home.path),
            }
        }
        if is_loose {
            self.retract(uri);
        }
        self.folder_changed(home.folder);
    }

    /// Gives the workspaces the texts they do not have yet.
    pub(super) fn write(&mut self) {
        let mut unwritten = std::mem::take(&mut self.unwritten);
        unwritten.sort();
        unwritten.dedup();
        for uri in unwritten {
            let home = self.homes.get(&uri).cloned();
            let document = self.documents.get(&uri);
            let (Some(home), Some(document)) = (home, document) else {
                continue;
            };
            let (text, line) = (document.text.clone(), document.line);
            let Some(folder) = self.folder(home.folder) else {
                continue;
            };
            // A folder that is not read yet asks for all texts when it is.
            if let Some(workspace) = &mut folder.workspace {
                workspace.set_edited(&home.path, &text, line);
                self.folder_changed(home.folder);
                self.checks.look_at(&uri);
            }
        }
    }
}
