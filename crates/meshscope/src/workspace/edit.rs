//! Edits in memory: what an editor does to files. Files touched become LOW durability and stay so.

use super::load::new_file;
use super::{FileEntry, Workspace};
use meshscope_manifest::Str;
use meshscope_mesh::SourceFile;
use salsa::{Durability, Setter};
use std::sync::Arc;

/// What an edit means beyond its file.
#[derive(Default)]
struct Touched {
    /// Another set of files is there.
    listing: bool,
    /// Something else is said of where meshes are.
    deployment: bool,
}

impl Workspace {
    /// Gives a file another text, making it when it is not there. `path` is relative to the root.
    pub fn set_text(&mut self, path: &str, text: &str) {
        self.set_edited(path, text, None);
    }

    /// The same while somebody types in the 1-based `line`: half-typed text is read as far as it
    /// goes.
    pub fn set_edited(&mut self, path: &str, text: &str, line: Option<u32>) {
        let touched = self.write(path, text, line);
        self.refresh(&touched, [path]);
    }

    /// Gives many files another text, as one change; none takes a file away.
    pub fn set_texts(&mut self, changes: &[(Str, Option<Arc<str>>)]) {
        let mut touched = Touched::default();
        for (path, text) in changes {
            let by_this = match text {
                Some(text) => self.write(path, text, None),
                None => self.take_away(path),
            };
            touched.listing |= by_this.listing;
            touched.deployment |= by_this.deployment;
        }
        self.refresh(&touched, changes.iter().map(|(path, _)| path.as_str()));
    }

    /// Says that a file is about to be edited. The first edit of a file makes everything that rests on
    /// it run once more; after this it is done before anybody types.
    pub fn start_editing(&mut self, path: &str) {
        self.settle_once();
        if let Some(file) = self.file(path) {
            let text = file.text(&self.db).clone();
            let setter = file.set_text(&mut self.db);
            setter.with_durability(Durability::LOW).to(text);
            self.settle();
        }
    }

    /// Takes a file away. Nothing happens when it is not there.
    pub fn remove(&mut self, path: &str) {
        let touched = self.take_away(path);
        self.refresh(&touched, [path]);
    }

    /// Moves a file, replacing what is at the new path. Nothing happens when it is not there.
    pub fn rename(&mut self, from: &str, to: &str) {
        let Some(file) = self.file(from).filter(|_| from != to) else {
            return;
        };
        let text = file.text(&self.db).clone();
        self.set_texts(&[(from.into(), None), (to.into(), Some(text))]);
    }

    fn write(&mut self, path: &str, text: &str, line: Option<u32>) -> Touched {
        let mut touched = Touched::default();
        if self.is_as_written(path, text, line) {
            return touched;
        }
        self.settle_once();
        let Some(entry) = self.files.get(path).copied() else {
            let key = Str::new(path);
            let input = new_file(&self.db, &key, text.into(), Durability::LOW);
            let present = true;
            Arc::make_mut(&mut self.files).insert(key, FileEntry { input, present });
            set_line(&mut self.db, input, line);
            touched.listing = true;
            return touched;
        };
        if **entry.input.text(&self.db) != *text {
            let text: Arc<str> = text.into();
            let matters = self.may_matter(path, entry.input.text(&self.db), &text);
            let before = matters.then(|| self.deployment(path));
            let setter = entry.input.set_text(&mut self.db);
            setter.with_durability(Durability::LOW).to(text);
            touched.deployment = before.is_some_and(|before| self.deployment(path) != before);
        }
        set_line(&mut self.db, entry.input, line);
        if !entry.present {
            self.set_present(path, true);
            touched.listing = true;
        }
        touched
    }

    fn is_as_written(&self, path: &str, text: &str, line: Option<u32>) -> bool {
        let entry = self.files.get(path).filter(|entry| entry.present);
        entry.is_some_and(|entry| {
            let file = entry.input;
            **file.text(&self.db) == *text && file.edited_line(&self.db) == line
        })
    }

    fn take_away(&mut self, path: &str) -> Touched {
        let mut touched = Touched::default();
        let Some(entry) = self.files.get(path).copied().filter(|e| e.present) else {
            return touched;
        };
        self.settle_once();
        if !entry.input.text(&self.db).is_empty() {
            let setter = entry.input.set_text(&mut self.db);
            setter.with_durability(Durability::LOW).to(Arc::from(""));
        }
        set_line(&mut self.db, entry.input, None);
        self.set_present(path, false);
        touched.listing = true;
        touched
    }

    fn set_present(&mut self, path: &str, present: bool) {
        if let Some(entry) = Arc::make_mut(&mut self.files).get_mut(path) {
            entry.present = present;
        }
    }

    /// Brings everything up to date with edited files.
    fn refresh<'p>(&mut self, touched: &Touched, paths: impl IntoIterator<Item = &'p str>) {
        if touched.listing {
            self.refresh_repository();
        }
        if touched.listing || touched.deployment {
            self.refresh_meshes();
        }
        for path in paths {
            self.refresh_settings(path);
        }
        self.settle();
    }
}

fn set_line(db: &mut crate::Database, file: SourceFile, line: Option<u32>) {
    if file.edited_line(db) != line {
        let setter = file.set_edited_line(db);
        setter.with_durability(Durability::LOW).to(line);
    }
}
