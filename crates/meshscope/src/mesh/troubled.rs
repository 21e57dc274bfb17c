//! The units of a mesh that have something to report by themselves: a fault of syntax, an object that
//! is rejected, a comment that suppresses.
//!
//! Nearly none has. Units are looked through in groups, so that an edit looks through the group of its
//! file alone.

use super::Mesh;
use super::suppressions::suppressions;
use meshscope_mesh::db::{Db, Mesh as MeshInput};
use meshscope_mesh::index::{built, file_summary, unit_files, unit_objects};
use meshscope_mesh::{Source, Unit};
use std::sync::Arc;

/// How many units are a group.
const GROUP: usize = 64;

/// The positions of the units of one group that have something to report.
#[salsa::tracked]
fn troubled_in(db: &dyn Db, mesh: MeshInput, group: usize) -> Arc<[usize]> {
    let units = mesh.units(db).iter().enumerate();
    let group = units.skip(group * GROUP).take(GROUP);
    let troubled = group.filter(|(_, unit)| is_troubled(db, unit));
    troubled.map(|(at, _)| at).collect()
}

fn is_troubled(db: &dyn Db, unit: &Unit) -> bool {
    let mut files = unit_files(db, unit).to_vec().into_iter();
    files
        .any(|file| !file_summary(db, file).broken.is_empty() || !suppressions(db, file).is_empty())
        || unit_objects(db, unit)
            .iter()
            .any(|object| !object.problems.is_empty())
        || matches!(&unit.source, Source::Kustomization(root) if !built(db, root).problems.is_empty())
}

impl<'w> Mesh<'w> {
    /// The units that have something to report, in load order.
    pub(super) fn troubled(&self) -> Vec<&'w Unit> {
        let db = self.db();
        let units = self.input().units(db);
        let groups = 0..units.len().div_ceil(GROUP);
        let at = groups.flat_map(|group| troubled_in(db, self.input(), group).iter());
        at.filter_map(|&at| units.get(at)).collect()
    }
}
