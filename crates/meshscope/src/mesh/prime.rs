//! Does what a look at a whole mesh takes, on all cores.
//!
//! Layer by layer: what many answers share is there before they are asked for, so that no core waits
//! for another. It computes nothing itself, and the answers are the same without it.

use super::Mesh;
use super::rule_findings::placed_in;
use super::troubled::troubled_in;
use crate::db::Database;
use meshscope_manifest::Str;
use meshscope_mesh::across;
use meshscope_mesh::db::{Mesh as MeshInput, name};
use meshscope_mesh::index::{namespaces, unit_groups};
use meshscope_mesh::layers::LAYERS;
use meshscope_rules::evaluate;
use rayon::prelude::*;

impl Mesh<'_> {
    /// Has all rules evaluated: everything for the first time, or what an edit changed.
    pub(super) fn prime(&self) {
        let (db, mesh) = (self.db(), self.input());
        if self.workspace().is_settled() {
            // After an edit nearly all is there.
            self.on_all_cores(across::groups(db, mesh).len(), 1, |db, mesh, group| {
                evaluate::refresh(db, mesh, group);
            });
            return;
        }
        self.on_all_cores(unit_groups(db, mesh).len(), 4, |db, mesh, group| {
            troubled_in(db, mesh, group);
        });
        for layer in &LAYERS {
            let count = (layer.count)(db, mesh);
            self.on_all_cores(count, layer.at_least, |db, mesh, at| {
                (layer.ask)(db, mesh, at);
            });
        }
        let namespaces: &[Str] = namespaces(db, mesh);
        let count = namespaces.len();
        self.on_all_cores(count, 4, |db, mesh, at| {
            evaluate::prime(db, mesh, &namespaces[at]);
        });
        if self.workspace().has_rendered() {
            // Their findings are placed in templates, which no query knows.
            return;
        }
        evaluate::findings(db, mesh);
        self.on_all_cores(count, 16, |db, mesh, at| {
            placed_in(db, mesh, name(db, &namespaces[at]));
        });
    }

    /// Asks so many questions, each by its number, at least `at_least` of them on one core.
    fn on_all_cores(
        &self,
        count: usize,
        at_least: usize,
        ask: impl Fn(&Database, MeshInput, usize) + Sync,
    ) {
        let mesh = self.input();
        let numbers = (0..count).into_par_iter().with_min_len(at_least);
        numbers.for_each_with(self.db().clone(), |db, at| ask(db, mesh, at));
    }
}
