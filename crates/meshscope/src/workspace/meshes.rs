//! Which files make which mesh: the settings say so, or the repository does, or all of it is one.

use super::Workspace;
use crate::settings::{MeshSpec, Patterns};
use meshscope_manifest::Str;
use meshscope_mesh::{Mesh as MeshInput, SourceFile, Unit};
use salsa::{Durability, Setter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A mesh of the workspace.
#[derive(Clone, Debug)]
pub(super) struct MeshEntry {
    pub(super) input: MeshInput,
    pub(super) reason: String,
    pub(super) uncertain: Option<String>,
}

/// A mesh as it should be.
struct Planned {
    spec: MeshSpec,
    units: Vec<Unit>,
    reason: String,
    uncertain: Option<String>,
}

impl Workspace {
    /// Brings the mesh inputs up to date with settings and files.
    pub(super) fn refresh_meshes(&mut self) {
        let mut known: BTreeMap<Str, MeshInput> = BTreeMap::new();
        for entry in &self.meshes {
            let name = entry.input.name(&self.db).clone();
            known.entry(name).or_insert(entry.input);
        }
        let mut meshes = Vec::new();
        for planned in self.planned() {
            let input = match known.remove(&planned.spec.name) {
                Some(input) => input,
                None => self.new_mesh(&planned.spec),
            };
            if **input.units(&self.db) != *planned.units {
                let setter = input.set_units(&mut self.db);
                let setter = setter.with_durability(Durability::HIGH);
                setter.to(planned.units.into());
            }
            meshes.push(MeshEntry {
                input,
                reason: planned.reason,
                uncertain: planned.uncertain,
            });
        }
        self.meshes = meshes;
    }

    fn planned(&self) -> Vec<Planned> {
        let settings = &self.settings.meshes;
        if !settings.is_empty() {
            let by_settings = settings.iter().map(|spec| Planned {
                units: self.matching(spec),
                spec: spec.clone(),
                reason: "the settings say so".to_owned(),
                uncertain: None,
            });
            return by_settings.collect();
        }
        let all = || Planned {
            spec: MeshSpec::default(),
            units: self.matching(&MeshSpec::default()),
            reason: "nothing says how anything is deployed: all files are one mesh".to_owned(),
            uncertain: None,
        };
        let Some(found) = self.discover() else {
            return vec![all()];
        };
        if found.is_empty() {
            return vec![Planned {
                units: Vec::new(),
                reason: "no directory is applied as a whole".to_owned(),
                ..all()
            }];
        }
        let named = found.into_iter().map(|found| Planned {
            spec: MeshSpec {
                name: match found.name.as_str() {
                    "" => MeshSpec::default().name,
                    _ => found.name,
                },
                ..MeshSpec::default()
            },
            units: found.units,
            reason: found.reason,
            uncertain: found.uncertain,
        });
        named.collect()
    }

    fn new_mesh(&self, spec: &MeshSpec) -> MeshInput {
        let settings = Arc::new(spec.engine_settings());
        MeshInput::builder(spec.name.clone(), Arc::default(), settings)
            .durability(Durability::HIGH)
            .new(&self.db)
    }

    /// The files of a mesh in load order: by pattern, then by path.
    fn matching(&self, spec: &MeshSpec) -> Vec<Unit> {
        let include = Patterns::new(&spec.include);
        let exclude = Patterns::new(&spec.exclude);
        let rank = |path: &Str| {
            if exclude.first_match(path).is_some() {
                None
            } else if spec.include.is_empty() {
                Some(0)
            } else {
                include.first_match(path)
            }
        };
        let files = self.files();
        let mut ranked: Vec<(usize, SourceFile)> = files
            .filter_map(|(path, file)| Some((rank(path)?, file)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let files = ranked.into_iter().map(|(_, file)| file);
        files
            .map(|file| Unit::file(file, spec.default_namespace.clone()))
            .collect()
    }
}
