//! Keeps the values that are gathered over whole meshes up to date with the files.
//!
//! See [`meshscope_mesh::whole`] for what this is for. Nothing is kept for a workspace that nobody
//! edits: there all files are of high durability.

use super::Workspace;
use meshscope_mesh::whole::Whole;
use salsa::{Durability, Setter};
use std::sync::Arc;

/// What is gathered rests on other values only some steps deep, so far fewer rounds settle a mesh.
const ROUNDS: usize = 32;

impl Workspace {
    /// Whether somebody edits: whole meshes were looked at before, or their values gathered.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Makes ready for edits: before the first file becomes one of low durability, so that nothing
    /// comes to rest on it by way of the whole mesh.
    pub(super) fn settle_once(&mut self) {
        if !self.settled {
            self.settled = true;
            self.settle();
        }
    }

    /// Gathers the values of all meshes anew, and sets those that changed. To be called after every
    /// change of an input. What is gathered may rest on other values, so this goes on until nothing is
    /// left to set: queries form no circle, so that comes after no more rounds than there are values.
    pub(super) fn settle(&mut self) {
        if !self.settled {
            return;
        }
        for entry in &mut self.meshes {
            let mesh = entry.input;
            for round in 0..=ROUNDS {
                let gathered = Whole::gathered(&self.db, mesh);
                let set = mesh.whole(&self.db).as_deref();
                let before = entry.settled.as_deref();
                let done = set.is_some_and(|set| gathered.equals(set, before));
                let gathered = Arc::new(gathered);
                entry.settled = Some(gathered.clone());
                if done {
                    break;
                }
                // What never equals itself is left to its readers.
                let whole = (round < ROUNDS).then_some(gathered);
                let setter = mesh.set_whole(&mut self.db);
                setter.with_durability(Durability::HIGH).to(whole);
            }
        }
    }
}
