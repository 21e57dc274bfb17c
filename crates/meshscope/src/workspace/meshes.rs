//! Which files make which mesh: the settings say so, or the repository does, or all of it is one.

use super::Workspace;
use super::discover::{Discovered, dir_of, objects_that_differ};
use crate::db::Database;
use crate::settings::{MeshSpec, Patterns};
use meshscope_manifest::repository::layout;
use meshscope_manifest::{ResourceKey, Str};
use meshscope_mesh::index::unit_objects;
use meshscope_mesh::{Mesh as MeshInput, Unit};
use salsa::{Durability, Setter};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A mesh of the workspace.
#[derive(Clone, Debug)]
pub(super) struct MeshEntry {
    pub(super) spec: MeshSpec,
    pub(super) input: MeshInput,
    pub(super) reason: String,
    pub(super) uncertain: Option<String>,
    pub(super) aside: Vec<(Str, String)>,
}

/// A mesh as it should be.
struct Planned {
    spec: MeshSpec,
    units: Vec<Unit>,
    reason: String,
    uncertain: Option<String>,
    aside: Vec<(Str, String)>,
}

impl Workspace {
    /// Brings the mesh inputs up to date with settings and files.
    pub(super) fn refresh_meshes(&mut self) {
        let (planned, aside) = self.planned();
        self.aside = aside;
        let mut texts = self.files().map(|(_, file)| file.text(&self.db));
        let has_variables = texts.any(|text| text.contains("substituteFrom"));
        drop(texts);
        self.has_variables = has_variables;
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
                Some(input) => self.renew(input, &planned.spec),
                None => self.new_input(&planned.spec),
            };
            if **input.units(&self.db) != *planned.units {
                let setter = input.set_units(&mut self.db);
                let setter = setter.with_durability(Durability::HIGH);
                setter.to(planned.units.into());
            }
            self.meshes.push(MeshEntry {
                spec: planned.spec,
                input,
                reason: planned.reason,
                uncertain: planned.uncertain,
                aside: planned.aside,
            });
        }
    }

    /// The meshes as they should be, and what is of none of them.
    fn planned(&self) -> (Vec<Planned>, Vec<(Str, String)>) {
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
                    aside: Vec::new(),
                });
                return (by_settings.collect(), Vec::new());
            }
        };
        let one = |units: &[(Str, Unit)], reason: &str| Planned {
            units: self.matching(&for_all, units),
            spec: for_all.clone(),
            reason: reason.to_owned(),
            uncertain: None,
            aside: Vec::new(),
        };
        let Some(Discovered { meshes, aside, .. }) = discovered else {
            let reason = "nothing says how anything is deployed: all files are one mesh";
            let (units, aside) = self.plain();
            let units = units.as_slice();
            let doubled = self.doubled(units);
            let uncertain = doubled.map(|(key, first, second)| {
                format!(
                    "{key} is in `{first}` and in `{second}`, and nothing says which is applied"
                )
            });
            let planned = Planned {
                uncertain,
                ..one(units, reason)
            };
            return (vec![planned], aside);
        };
        if meshes.is_empty() {
            return (vec![one(&[], "no directory is applied as a whole")], aside);
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
            aside: found.aside,
        });
        (named.collect(), aside)
    }

    /// Every file but those of archives, examples and tests, unless there are no others; and the
    /// directories that are left out, with the reason.
    fn plain(&self) -> (Vec<(Str, Unit)>, Vec<(Str, String)>) {
        let mut aside: BTreeMap<Str, String> = BTreeMap::new();
        let mut kept = self.whole();
        let all = kept.clone();
        kept.retain(|(path, unit)| {
            let dir = dir_of(path);
            let part = layout::set_aside(dir);
            if let Some(part) = part
                && holds_something(&self.db, unit)
            {
                let reason = format!("`{part}` is in its path");
                aside.insert(dir.into(), reason);
            }
            part.is_none()
        });
        let mut holding = kept
            .iter()
            .filter(|(_, unit)| holds_something(&self.db, unit));
        match holding.next() {
            Some(_) => (kept, aside.into_iter().collect()),
            None => (all, Vec::new()),
        }
    }

    /// An object that two files define differently, and the files.
    fn doubled(&self, units: &[(Str, Unit)]) -> Option<(ResourceKey, Str, Str)> {
        let mut seen: HashMap<ResourceKey, (u64, &Str)> = HashMap::new();
        for (path, unit) in units {
            for resource in objects_that_differ(&self.db, unit) {
                let (digest, first) = *seen
                    .entry(resource.key.clone())
                    .or_insert((resource.digest, path));
                if digest != resource.digest && first != path {
                    return Some((resource.key.clone(), first.clone(), path.clone()));
                }
            }
        }
        None
    }

    /// Every file as a unit, and every chart; what is of a chart counts with it.
    fn whole(&self) -> Vec<(Str, Unit)> {
        let is_chart = |path: &Str| path.rsplit('/').next() == Some("Chart.yaml");
        let charts = self.files().filter(|(path, _)| is_chart(path));
        let charts: Vec<&str> = charts.map(|(path, _)| dir_of(path)).collect();
        let files = self.files().filter_map(|(path, file)| {
            let inside = layout::chart_of_template(path, charts.iter().copied()).is_some();
            let unit = match is_chart(path) {
                _ if inside => return None,
                true => self.chart(dir_of(path), None),
                false => Unit::file(file, None),
            };
            Some((path.clone(), unit))
        });
        files.collect()
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
            default_namespace: spec.default_namespace.clone(),
            ..unit.clone()
        };
        ranked.iter().map(|(_, unit)| with_default(unit)).collect()
    }
}

fn holds_something(db: &Database, unit: &Unit) -> bool {
    !unit_objects(db, unit).is_empty()
}
