//! Keeps the values that are gathered over whole meshes up to date with the files.
//!
//! See [`meshscope_mesh::whole`] for what this is for. Nothing is kept for a workspace that nobody
//! edits: there all files are of high durability.

use super::Workspace;
use meshscope_mesh::whole::unsettled;
use salsa::{Durability, Setter};

/// What is gathered rests on other values only some steps deep, so far fewer rounds settle a mesh.
const ROUNDS: usize = 32;

impl Workspace {
    /// Makes ready for edits: before the first file becomes one of low durability, so that nothing
    /// comes to rest on it by way of the whole mesh.
    pub(super) fn settle_once(&mut self) {
        if !self.settled {
            self.settled = true;
            self.prime(&|| {});
            self.settle();
        }
    }

    /// Gathers the values of all meshes anew, and sets those that changed. To be called after every
    /// change of an input.
    pub(super) fn settle(&mut self) {
        if !self.settled {
            return;
        }
        let meshes: Vec<_> = self.meshes.iter().map(|entry| entry.input).collect();
        for mesh in meshes {
            for round in 0..=ROUNDS {
                let Some(whole) = unsettled(&self.db, mesh) else {
                    break;
                };
                // What never equals itself is left to its readers.
                let whole = (round < ROUNDS).then_some(whole);
                let setter = mesh.set_whole(&mut self.db);
                setter.with_durability(Durability::HIGH).to(whole);
            }
        }
    }
}
