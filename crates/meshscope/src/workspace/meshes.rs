//! Which files make which mesh: the settings say so, or the repository does, or all of it is one.

use super::Workspace;
use super::discover::Discovered;
use crate::settings::{MeshSpec, Patterns};
use meshscope_manifest::Str;
use meshscope_manifest::repository::layout::{self, dir_of};
use meshscope_mesh::index::may_hold_objects;
use meshscope_mesh::whole::Whole;
use meshscope_mesh::{Mesh as MeshInput, Source, Unit};
use salsa::{Durability, Setter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is left out, with the reason.
type Aside = Vec<(Str, String)>;

/// A mesh of the workspace.
#[derive(Clone, Debug)]
pub(super) struct MeshEntry {
    pub(super) spec: MeshSpec,
    pub(super) input: MeshInput,
    pub(super) reason: String,
    pub(super) uncertain: Option<String>,
    pub(super) aside: Vec<(Str, String)>,
    pub(super) is_guess: bool,
    /// The values gathered over the whole mesh last, equal to those that are set.
    pub(super) settled: Option<Arc<Whole>>,
}

/// A mesh as it should be.
struct Planned {
    spec: MeshSpec,
    units: Vec<Unit>,
    reason: String,
    uncertain: Option<String>,
    aside: Vec<(Str, String)>,
    /// Whether nothing says that its files are one mesh: files that contradict each other tell.
    is_guess: bool,
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
                Some(input) => self.renew(input, &planned.spec, planned.units),
                None => self.new_input(&planned.spec, planned.units),
            };
            self.meshes.push(MeshEntry {
                spec: planned.spec,
                input,
                reason: planned.reason,
                uncertain: planned.uncertain,
                aside: planned.aside,
                is_guess: planned.is_guess,
                settled: None,
            });
        }
    }

    /// The meshes as they should be, and what is of none of them.
    fn planned(&self) -> (Vec<Planned>, Aside) {
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
                    is_guess: false,
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
            is_guess: false,
        };
        let Some(Discovered { meshes, aside, .. }) = discovered else {
            let reason = "nothing says how anything is deployed: all files are one mesh";
            let (units, aside) = self.plain();
            let planned = Planned {
                is_guess: true,
                ..one(&units, reason)
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
            is_guess: false,
        });
        (named.collect(), aside)
    }

    /// Every file but those of archives, examples and tests, unless there are no others; and the
    /// directories that are left out, with the reason.
    fn plain(&self) -> (Vec<(Str, Unit)>, Aside) {
        let mut aside: BTreeMap<Str, String> = BTreeMap::new();
        let mut kept = self.whole();
        let all = kept.clone();
        kept.retain(|(path, unit)| {
            let dir = dir_of(path);
            let part = layout::set_aside(dir);
            if let Some(part) = part
                && self.may_hold_objects(unit)
            {
                aside.insert(dir.into(), format!("`{part}` is in its path"));
            }
            part.is_none()
        });
        match kept.iter().any(|(_, unit)| self.may_hold_objects(unit)) {
            true => (kept, aside.into_iter().collect()),
            false => (all, Vec::new()),
        }
    }

    fn may_hold_objects(&self, unit: &Unit) -> bool {
        match &unit.source {
            Source::File(file) => may_hold_objects(&self.db, *file),
            Source::Kustomization(_) => true,
            Source::Chart(_) => false,
        }
    }

    /// The paths of all units that settings can choose, sorted, each once.
    pub(super) fn paths_to_choose_from(&self) -> Vec<Str> {
        let all = match self.discover() {
            Some(discovered) => discovered.all,
            None => self.whole(),
        };
        let mut paths: Vec<Str> = all.into_iter().map(|(path, _)| path).collect();
        paths.retain(|path| !self.is_settings_file(path));
        paths.dedup();
        paths
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
            default_namespace: spec.default_namespace.clone(),
            ..unit.clone()
        };
        let units = ranked.iter().map(|(_, unit)| with_default(unit)).collect();
        self.with_rendered(units)
    }
}
