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
use meshscope_mesh::index::{members_of_group, namespaces, unit_groups};
use meshscope_mesh::registry::services_in;
use meshscope_mesh::visibility::{clients, clients_in, virtual_services_in};
use meshscope_rules::evaluate;
use rayon::prelude::*;

impl Mesh<'_> {
    /// Has all rules evaluated: everything for the first time, or what an edit changed.
    pub(super) fn prime(&self) {
        let (db, mesh) = (self.db(), self.input());
        if self.workspace().is_settled() {
            // After an edit nearly all is there.
            let groups: Vec<usize> = across::groups(db, mesh).collect();
            self.on_all_cores(&groups, 1, |db, mesh, group| {
                evaluate::refresh(db, mesh, *group);
            });
            return;
        }
        let groups: Vec<usize> = unit_groups(db, mesh).collect();
        self.on_all_cores(&groups, 4, |db, mesh, group| {
            troubled_in(db, mesh, *group);
            members_of_group(db, mesh, *group);
        });
        let namespaces: Vec<&Str> = namespaces(db, mesh).iter().collect();
        self.on_all_cores(&namespaces, 16, |db, mesh, ns| {
            let ns = name(db, ns);
            services_in(db, mesh, ns);
            virtual_services_in(db, mesh, ns);
            clients_in(db, mesh, ns);
        });
        self.on_all_cores(clients(db, mesh), 4, |db, mesh, client| {
            client.scope(db, mesh);
        });
        self.on_all_cores(&namespaces, 4, |db, mesh, ns| evaluate::prime(db, mesh, ns));
        evaluate::findings(db, mesh);
        self.on_all_cores(&namespaces, 16, |db, mesh, ns| {
            placed_in(db, mesh, name(db, ns));
        });
    }

    /// Asks something of each item, at least so many of them on one core.
    fn on_all_cores<T: Sync>(
        &self,
        items: &[T],
        at_least: usize,
        ask: impl Fn(&Database, MeshInput, &T) + Sync,
    ) {
        let mesh = self.input();
        let items = items.par_iter().with_min_len(at_least);
        items.for_each_with(self.db().clone(), |db, item| ask(db, mesh, item));
    }
}
