//! The units of a mesh that have something to report by themselves: a fault of syntax, an object that
//! is rejected, a comment that suppresses.
//!
//! Nearly none has. Units are looked through in groups, so that an edit looks through the group of its
//! file alone.

use super::Mesh;
use super::suppressions::suppressions;
use meshscope_mesh::db::{Db, Mesh as MeshInput};
use meshscope_mesh::index::{
    built, file_summary, has_problems, unit_files, unit_groups, units_of_group,
};
use meshscope_mesh::{Source, Unit};
use std::sync::Arc;

/// The positions of the units of one group that have something to report.
#[salsa::tracked]
pub(super) fn troubled_in(db: &dyn Db, mesh: MeshInput, group: usize) -> Arc<[usize]> {
    let units = units_of_group(db, mesh, group);
    let troubled = units.filter(|(_, unit)| is_troubled(db, unit));
    troubled.map(|(at, _)| at).collect()
}

fn is_troubled(db: &dyn Db, unit: &Unit) -> bool {
    let mut files = unit_files(db, unit).to_vec().into_iter();
    files
        .any(|file| !file_summary(db, file).broken.is_empty() || !suppressions(db, file).is_empty())
        || has_problems(db, unit)
        || matches!(&unit.source, Source::Kustomization(root) if !built(db, root).problems.is_empty())
}

impl<'w> Mesh<'w> {
    /// The units that have something to report, in load order.
    pub(super) fn troubled(&self) -> Vec<&'w Unit> {
        let (db, mesh) = (self.db(), self.input());
        let units = mesh.units(db);
        let groups = unit_groups(db, mesh);
        let at = groups.flat_map(|group| troubled_in(db, mesh, group).iter());
        at.filter_map(|&at| units.get(at)).collect()
    }
}
