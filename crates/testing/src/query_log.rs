//! Which queries ran: names and counts, for tests of what an edit makes run again.
//!
//! It must not know the queries.

use meshscope::Database;
use salsa::{Database as _, DatabaseKeyIndex, EventKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The queries that ran in a database since they were last asked for.
#[derive(Clone, Debug, Default)]
pub struct QueryLog {
    keys: Arc<Mutex<Vec<DatabaseKeyIndex>>>,
}

impl QueryLog {
    /// A log, and the database it is of.
    pub fn new() -> (QueryLog, Database) {
        let log = QueryLog::default();
        let writer = log.clone();
        let db = Database::with_events(move |event| {
            if let EventKind::WillExecute { database_key } = event.kind {
                writer.keys().push(database_key);
            }
        });
        (log, db)
    }

    /// What ran since the last call, by name with how often; the order does not count, so this holds
    /// for parallel runs too.
    pub fn take(&self, db: &Database) -> BTreeMap<String, usize> {
        let keys = std::mem::take(&mut *self.keys());
        let mut counts = BTreeMap::new();
        for key in keys {
            let name = db.ingredient_debug_name(key.ingredient_index());
            *counts.entry(name.into_owned()).or_default() += 1;
        }
        counts
    }

    fn keys(&self) -> MutexGuard<'_, Vec<DatabaseKeyIndex>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
