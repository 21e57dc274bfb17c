//! The concrete database. This file should stay boring.

/// The salsa database behind a workspace. Clones share everything; a clone that lives blocks edits.
#[salsa::db]
#[derive(Clone, Default)]
pub struct Database {
    storage: salsa::Storage<Self>,
}

#[salsa::db]
impl salsa::Database for Database {}

impl Database {
    /// A database that calls `on_event` for every salsa event: for tests that count queries. Costs a
    /// third of the time of an edit.
    pub fn with_events(on_event: impl Fn(salsa::Event) + Send + Sync + 'static) -> Database {
        Database {
            storage: salsa::Storage::new(Some(Box::new(on_event))),
        }
    }
}
