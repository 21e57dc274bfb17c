//! The repository's own settings file: found when it is opened, read again when it is edited.
//!
//! It must not know what the settings say.

use super::load::{new_file, text_of};
use super::{FileEntry, OpenError, Workspace};
use crate::fs::FileSystem;
use crate::settings::{BrokenSettings, FILE_NAMES, Settings, SettingsProblem, Surroundings};
use camino::Utf8Path;
use meshscope_manifest::Str;
use salsa::Durability;
use std::cell::RefCell;
use std::sync::Arc;

impl Workspace {
    /// Whether a path is that of the settings file in use.
    pub(super) fn is_settings_file(&self, path: &str) -> bool {
        self.settings.file.as_deref() == Some(path)
    }

    /// Reads the settings file of a repository that was just loaded.
    pub(super) fn load_settings(&mut self, fs: &dyn FileSystem) -> Result<(), OpenError> {
        let on_disk = |path: &str| -> Option<Arc<str>> {
            let bytes = fs.read(&self.root.join(path)).ok()?;
            Some(text_of(bytes).0)
        };
        // A settings file that git ignores is no manifest, and counts all the same.
        if self.settings_path().is_none()
            && let Some((name, text)) = FILE_NAMES.iter().find_map(|n| Some((n, on_disk(n)?)))
        {
            let path = Str::new(name);
            let input = new_file(&self.db, &path, text, Durability::HIGH);
            let present = true;
            Arc::make_mut(&mut self.files).insert(path, FileEntry { input, present });
        }
        let outside = RefCell::new(std::mem::take(&mut self.outside));
        let read = self.read_settings(&|path| {
            let text = on_disk(path)?;
            outside.borrow_mut().insert(path.into(), text.clone());
            Some(text)
        });
        self.outside = outside.into_inner();
        self.settings = read.map_err(OpenError::Settings)?;
        Ok(())
    }

    /// Reads the settings again when an edit of a file changed them. While the file is no YAML, what it
    /// said before holds.
    pub(super) fn refresh_settings(&mut self, edited: &str) {
        let concerns =
            FILE_NAMES.contains(&edited) || self.settings.reads.iter().any(|path| path == edited);
        if !self.own_settings || !concerns {
            return;
        }
        match self.read_settings(&|path| self.outside.get(path).cloned()) {
            Ok(settings) => self.settings = settings,
            Err(broken) => {
                self.settings.file = Some(broken.file);
                let message = format!("{}; the settings before this edit hold", broken.message);
                self.settings.problems = vec![SettingsProblem::new(broken.span, message)];
            }
        }
        self.refresh_meshes();
    }

    fn settings_path(&self) -> Option<&'static str> {
        let mut names = FILE_NAMES.into_iter();
        names.find(|name| self.file(name).is_some())
    }

    fn read_settings(
        &self,
        elsewhere: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Result<Settings, BrokenSettings> {
        let Some(name) = self.settings_path() else {
            return Ok(Settings::default());
        };
        let text = |path: &str| self.file(path).map(|file| file.text(&self.db).clone());
        let around = Surroundings {
            text_of: &|path| text(path).or_else(|| elsewhere(path)),
            today: None,
        };
        Settings::read(name, &text(name).unwrap_or_default(), &around)
    }
}

impl Settings {
    /// The settings of a root, without looking at its other files; those of nobody when it has none.
    ///
    /// # Errors
    /// When the settings file is no YAML.
    pub fn load(root: &Utf8Path, fs: &dyn FileSystem) -> Result<Settings, OpenError> {
        let text = |path: &str| -> Option<Arc<str>> {
            let bytes = fs.read(&root.join(path)).ok()?;
            Some(text_of(bytes).0)
        };
        let Some((name, found)) = FILE_NAMES.iter().find_map(|name| Some((name, text(name)?)))
        else {
            return Ok(Settings::default());
        };
        let around = Surroundings {
            text_of: &text,
            today: None,
        };
        Settings::read(name, &found, &around).map_err(OpenError::Settings)
    }
}
