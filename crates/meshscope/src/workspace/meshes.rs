//! Which files make which mesh: the settings say so, or the repository does, or all of it is one.

use super::Workspace;
use super::discover::Discovered;
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
        let planned = self.planned();
        let mut known: BTreeMap<Str, MeshInput> = BTreeMap::new();
        for entry in std::mem::take(&mut self.meshes) {
            let name = &entry.spec.name;
            if planned.iter().any(|p| p.spec.name == *name) && !known.contains_key(name) {
                known.insert(entry.spec.name, entry.input);
            } else {
                self.spare.push(entry.input);
            }
        }
        for planned in planned {
            let input = known.remove(&planned.spec.name);
            let input = match input.or_else(|| self.spare.pop()) {
                Some(input) => self.renew(input, &planned.spec, planned.units),
                None => self.new_input(&planned.spec, planned.units),
            };
            self.meshes.push(MeshEntry {
                spec: planned.spec,
                input,
                reason: planned.reason,
                uncertain: planned.uncertain,
            });
        }
    }

    fn planned(&self) -> Vec<Planned> {
        let discovered = self.discover();
        // Settings that say nothing of files hold for every mesh that is found.
        let for_all = match &self.settings.meshes[..] {
            [] => MeshSpec::default(),
            [one] if one.include.is_empty() && one.name == MeshSpec::default().name => one.clone(),
            several => {
                let all = match discovered {
                    Some(discovered) => discovered.all,
                    None => self.whole(),
                };
                let by_settings = several.iter().map(|spec| Planned {
                    units: self.matching(spec, &all),
                    spec: spec.clone(),
                    reason: "the settings say so".to_owned(),
                    uncertain: None,
                });
                return by_settings.collect();
            }
        };
        let one = |units: &[(Str, Unit)], reason: &str| Planned {
            units: self.matching(&for_all, units),
            spec: for_all.clone(),
            reason: reason.to_owned(),
            uncertain: None,
        };
        let Some(Discovered { meshes, .. }) = discovered else {
            let reason = "nothing says how anything is deployed: all files are one mesh";
            return vec![one(&self.whole(), reason)];
        };
        if meshes.is_empty() {
            return vec![one(&[], "no directory is applied as a whole")];
        }
        let named = meshes.into_iter().map(|found| Planned {
            units: self.matching(&for_all, &found.units),
            spec: MeshSpec {
                name: match found.name.as_str() {
                    "" => for_all.name.clone(),
                    _ => found.name,
                },
                ..for_all.clone()
            },
            reason: found.reason,
            uncertain: found.uncertain,
        });
        named.collect()
    }

    /// Every file as a unit.
    fn whole(&self) -> Vec<(Str, Unit)> {
        self.files()
            .map(|(path, file)| (path.clone(), Unit::file(file, None)))
            .collect()
    }

    fn new_input(&self, spec: &MeshSpec, units: Vec<Unit>) -> MeshInput {
        let settings = Arc::new(spec.engine_settings());
        MeshInput::builder(spec.name.clone(), units.into(), settings)
            .durability(Durability::HIGH)
            .new(&self.db)
    }

    fn renew(&mut self, input: MeshInput, spec: &MeshSpec, units: Vec<Unit>) -> MeshInput {
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
        if **input.units(&self.db) != *units {
            let setter = input.set_units(&mut self.db);
            setter.with_durability(Durability::HIGH).to(units.into());
        }
        input
    }

    /// Those of the units that are of a mesh, in load order: by pattern, then by path.
    fn matching(&self, spec: &MeshSpec, units: &[(Str, Unit)]) -> Vec<Unit> {
        let include = Patterns::new(&spec.include);
        let exclude = Patterns::new(&spec.exclude);
        let rank = |path: &Str| {
            if self.is_settings_file(path) || exclude.first_match(path).is_some() {
                None
            } else if spec.include.is_empty() {
                Some(0)
            } else {
                include.first_match(path)
            }
        };
        let mut ranked: Vec<(usize, &Unit)> = units
            .iter()
            .filter_map(|(path, unit)| Some((rank(path)?, unit)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let with_default = |unit: &Unit| Unit {
            namespace: match &unit.namespace {
                Some(namespace) => Some(namespace.clone()),
                None => spec.default_namespace.clone(),
            },
            ..unit.clone()
        };
        ranked.iter().map(|(_, unit)| with_default(unit)).collect()
    }
}
