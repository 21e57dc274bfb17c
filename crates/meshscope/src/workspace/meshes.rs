//! Which files make which mesh. Discovery of meshes in a repository will answer here; until then it
//! is the settings, or the whole root.

use super::Workspace;
use crate::settings::{MeshSpec, Patterns};
use meshscope_manifest::Str;
use meshscope_mesh::{Mesh as MeshInput, Unit};
use salsa::{Durability, Setter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A mesh of the workspace.
#[derive(Clone, Debug)]
pub(super) struct MeshEntry {
    pub(super) spec: MeshSpec,
    include: Patterns,
    exclude: Patterns,
    pub(super) input: MeshInput,
}

impl Workspace {
    /// Brings the mesh inputs up to date with settings and files.
    pub(super) fn refresh_meshes(&mut self) {
        if self.meshes.is_empty() {
            self.refresh_specs();
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

    /// Makes the meshes those of the settings. A mesh that keeps its name keeps its input.
    pub(super) fn refresh_specs(&mut self) {
        let specs = match self.settings.meshes.is_empty() {
            true => vec![MeshSpec::default()],
            false => self.settings.meshes.clone(),
        };
        let mut known: BTreeMap<Str, MeshInput> = BTreeMap::new();
        for entry in std::mem::take(&mut self.meshes) {
            if specs.iter().any(|spec| spec.name == entry.spec.name) {
                known.insert(entry.spec.name, entry.input);
            } else {
                self.spare.push(entry.input);
            }
        }
        for spec in specs {
            let input = known.remove(&spec.name).or_else(|| self.spare.pop());
            let input = match input {
                Some(input) => self.renew(input, &spec),
                None => self.new_input(&spec),
            };
            self.meshes.push(MeshEntry {
                include: Patterns::new(&spec.include),
                exclude: Patterns::new(&spec.exclude),
                spec,
                input,
            });
        }
    }

    fn new_input(&self, spec: &MeshSpec) -> MeshInput {
        let settings = Arc::new(spec.engine_settings());
        MeshInput::builder(spec.name.clone(), Arc::default(), settings)
            .durability(Durability::HIGH)
            .new(&self.db)
    }

    fn renew(&mut self, input: MeshInput, spec: &MeshSpec) -> MeshInput {
        if *input.name(&self.db) != spec.name {
            let setter = input.set_name(&mut self.db);
            setter
                .with_durability(Durability::HIGH)
                .to(spec.name.clone());
        }
        let settings = spec.engine_settings();
        if **input.settings(&self.db) != settings {
            let setter = input.set_settings(&mut self.db);
            setter.with_durability(Durability::HIGH).to(settings.into());
        }
        input
    }

    /// The files of a mesh in load order: by pattern, then by path.
    fn units(&self, mesh: &MeshEntry) -> Vec<Unit> {
        let rank = |path: &Str| {
            if self.is_settings_file(path) || mesh.exclude.first_match(path).is_some() {
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
