//! A workspace as it is at one moment, for readers on other threads.
//!
//! It must not offer anything that sets an input: only the owner of the workspace may.

use super::Workspace;
use salsa::{CancellationToken, Database as _};
use std::ops::Deref;

/// A workspace to be read. Taking one is cheap; while one lives, an edit of its workspace cancels what
/// it computes (salsa's `Cancelled` unwinds out of the reader) and waits until it is dropped. So it is
/// dropped as soon as its question is answered, and never held across an await.
pub struct Snapshot(Workspace);

impl Workspace {
    /// The workspace as it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Workspace {
            root: self.root.clone(),
            settings: self.settings.clone(),
            files: self.files.clone(),
            links: self.links.clone(),
            data: self.data.clone(),
            problems: self.problems.clone(),
            meshes: self.meshes.clone(),
            repository: self.repository,
            has_variables: self.has_variables,
            aside: self.aside.clone(),
            rendered: self.rendered.clone(),
            spare: Vec::new(),
            own_settings: self.own_settings,
            settled: self.settled,
            outside: self.outside.clone(),
            db: self.db.clone(),
        })
    }
}

impl Snapshot {
    /// Stops, from another thread, the query that is computed with this snapshot.
    pub fn cancellation_token(&self) -> CancellationToken {
        self.0.db.cancellation_token()
    }
}

impl Deref for Snapshot {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.0
    }
}
