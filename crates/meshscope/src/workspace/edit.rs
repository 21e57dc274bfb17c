//! Edits in memory: what an editor does to files. Files touched become LOW durability and stay so.

use super::load::new_file;
use super::{FileEntry, Workspace};
use meshscope_manifest::Str;
use meshscope_mesh::SourceFile;
use salsa::{Durability, Setter};
use std::sync::Arc;

impl Workspace {
    /// Gives a file another text, making it when it is not there. `path` is relative to the root.
    pub fn set_text(&mut self, path: &str, text: &str) {
        self.set_edited(path, text, None);
    }

    /// The same while somebody types in the 0-based `line`: half-typed text is read as far as it
    /// goes.
    pub fn set_edited(&mut self, path: &str, text: &str, line: Option<u32>) {
        let Some(entry) = self.files.get(path).copied() else {
            let key = Str::new(path);
            let input = new_file(&self.db, &key, text.into(), Durability::LOW);
            let entry = FileEntry {
                input,
                present: true,
            };
            self.files.insert(key, entry);
            set_line(&mut self.db, input, line);
            self.refresh_repository();
            self.refresh_meshes();
            self.refresh_settings(path);
            return;
        };
        if **entry.input.text(&self.db) != *text {
            let text: Arc<str> = text.into();
            let matters = self.may_matter(path, entry.input.text(&self.db), &text);
            let before = matters.then(|| self.deployment(path));
            let mut setter = entry.input.set_text(&mut self.db);
            setter = setter.with_durability(Durability::LOW);
            setter.to(text);
            if entry.present && before.is_some_and(|before| self.deployment(path) != before) {
                self.refresh_meshes();
            }
        }
        set_line(&mut self.db, entry.input, line);
        if !entry.present {
            self.set_present(path, true);
        }
        self.refresh_settings(path);
    }

    /// Says that a file is about to be edited. The first edit of a file makes everything that rests on
    /// it run once more; after this it is done before anybody types.
    pub fn start_editing(&mut self, path: &str) {
        if let Some(file) = self.file(path) {
            let text = file.text(&self.db).clone();
            let setter = file.set_text(&mut self.db);
            setter.with_durability(Durability::LOW).to(text);
        }
    }

    /// Takes a file away. Nothing happens when it is not there.
    pub fn remove(&mut self, path: &str) {
        let Some(entry) = self.files.get(path).copied().filter(|e| e.present) else {
            return;
        };
        if !entry.input.text(&self.db).is_empty() {
            let setter = entry.input.set_text(&mut self.db);
            setter.with_durability(Durability::LOW).to(Arc::from(""));
        }
        set_line(&mut self.db, entry.input, None);
        self.set_present(path, false);
        self.refresh_settings(path);
    }

    /// Moves a file, replacing what is at the new path. Nothing happens when it is not there.
    pub fn rename(&mut self, from: &str, to: &str) {
        let Some(file) = self.file(from).filter(|_| from != to) else {
            return;
        };
        let text = file.text(&self.db).clone();
        self.remove(from);
        self.set_text(to, &text);
    }

    fn set_present(&mut self, path: &str, present: bool) {
        if let Some(entry) = self.files.get_mut(path) {
            entry.present = present;
        }
        self.refresh_repository();
        self.refresh_meshes();
    }
}

fn set_line(db: &mut crate::Database, file: SourceFile, line: Option<u32>) {
    if file.edited_line(db) != line {
        let setter = file.set_edited_line(db);
        setter.with_durability(Durability::LOW).to(line);
    }
}
