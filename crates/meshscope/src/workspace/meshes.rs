//! Which files make which mesh. Discovery of meshes in a repository will answer here; until then it
//! is the settings, or the whole root.

use super::Workspace;
use crate::settings::{MeshSpec, Patterns};
use meshscope_manifest::Str;
use meshscope_mesh::{Mesh as MeshInput, Unit};
use salsa::{Durability, Setter};
use std::sync::Arc;

/// A mesh of the workspace.
#[derive(Clone, Debug)]
pub(super) struct MeshEntry {
    spec: MeshSpec,
    include: Patterns,
    exclude: Patterns,
    pub(super) input: MeshInput,
}

impl Workspace {
    /// Brings the mesh inputs up to date with settings and files.
    pub(super) fn refresh_meshes(&mut self) {
        if self.meshes.is_empty() {
            let specs = match self.settings.meshes.is_empty() {
                true => vec![MeshSpec::default()],
                false => self.settings.meshes.clone(),
            };
            self.meshes = specs.into_iter().map(|spec| self.new_mesh(spec)).collect();
        }
        for i in 0..self.meshes.len() {
            let entry = &self.meshes[i];
            let units = self.units(entry);
            let input = entry.input;
            if **input.units(&self.db) != *units {
                let setter = input.set_units(&mut self.db);
                setter.with_durability(Durability::HIGH).to(units.into());
            }
        }
    }

    fn new_mesh(&self, spec: MeshSpec) -> MeshEntry {
        let settings = Arc::new(spec.engine_settings());
        let input = MeshInput::builder(spec.name.clone(), Arc::default(), settings)
            .durability(Durability::HIGH)
            .new(&self.db);
        MeshEntry {
            include: Patterns::new(&spec.include),
            exclude: Patterns::new(&spec.exclude),
            spec,
            input,
        }
    }

    /// The files of a mesh in load order: by pattern, then by path.
    fn units(&self, mesh: &MeshEntry) -> Vec<Unit> {
        let rank = |path: &Str| {
            if mesh.exclude.first_match(path).is_some() {
                None
            } else if mesh.spec.include.is_empty() {
                Some(0)
            } else {
                mesh.include.first_match(path)
            }
        };
        let files = self.files();
        let mut ranked: Vec<_> = files
            .filter_map(|(path, file)| Some((rank(path)?, file)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked
            .into_iter()
            .map(|(_, file)| Unit {
                file,
                namespace: mesh.spec.default_namespace.clone(),
            })
            .collect()
    }
}
