//! Charts that are rendered: only where the settings allow it, once when a repository is opened.
//!
//! What helm makes of a chart is text of no file: a finding in it is placed at the template it is from.

use super::Workspace;
use super::load::{LoadProblem, new_file};
use crate::finding::{Location, Position, Range};
use crate::helm::{Request, template};
use meshscope_manifest::Str;
use meshscope_manifest::repository::Release;
use meshscope_mesh::db::Chart;
use meshscope_mesh::{Source, SourceFile, Unit};
use salsa::Durability;
use std::collections::{BTreeSet, HashMap};

/// Charts that are rendered, at most: each takes a process.
const MAX_CHARTS: usize = 100;

/// What was rendered.
#[derive(Clone, Debug, Default)]
pub(super) struct Rendered {
    /// The text each chart makes in a namespace.
    of: HashMap<(Chart, Str), SourceFile>,
    /// The directory of the chart that a text is of.
    chart_of: HashMap<SourceFile, Str>,
}

impl Workspace {
    /// Renders the charts that somebody asks for with a namespace. Whether there were any.
    pub(super) fn render_charts(&mut self) -> bool {
        let mut wanted: Vec<(Chart, Str)> = Vec::new();
        for mesh in self.meshes() {
            for unit in mesh.input().units(&self.db).iter() {
                let namespace = unit.namespace.as_ref().or(unit.default_namespace.as_ref());
                if let (Source::Chart(chart), Some(namespace)) = (&unit.source, namespace) {
                    let wish = (chart.clone(), namespace.clone());
                    if !wanted.contains(&wish) && wanted.len() < MAX_CHARTS {
                        wanted.push(wish);
                    }
                }
            }
        }
        let mut refused = BTreeSet::new();
        for (chart, namespace) in wanted {
            match self.render(&chart, &namespace) {
                Ok(text) => {
                    let path = Str::from(format!("{}/(rendered)", chart.directory));
                    let file = new_file(&self.db, &path, text.into(), Durability::HIGH);
                    self.rendered.chart_of.insert(file, chart.directory.clone());
                    self.rendered.of.insert((chart, namespace), file);
                }
                Err(message) => {
                    refused.insert((
                        Str::from(format!("{}/Chart.yaml", chart.directory)),
                        message,
                    ));
                }
            }
        }
        self.problems
            .extend(refused.into_iter().map(|(path, why)| LoadProblem {
                path,
                message: format!("the chart is not rendered: {why}"),
                skipped: false,
            }));
        !self.rendered.of.is_empty()
    }

    fn render(&self, chart: &Chart, namespace: &str) -> Result<String, String> {
        let inside = |path: &str| {
            path.strip_prefix(chart.directory.as_str())
                .is_some_and(|r| r.starts_with('/'))
        };
        if self.problems.iter().any(|p| p.skipped && inside(&p.path)) {
            return Err("a file in it leaves the repository or cannot be read".to_owned());
        }
        let none = Release::default();
        let release = chart.release.as_deref().unwrap_or(&none);
        let name = match release.release.as_str() {
            "" => chart.directory.rsplit('/').next().unwrap_or_default(),
            name => name,
        };
        let known = release
            .value_files
            .iter()
            .map(|file| chart.values_path(file));
        template(&Request {
            root: &self.root,
            chart: &chart.directory,
            release: name,
            namespace,
            // Helm would follow a path out of the repository.
            value_files: known.filter(|path| self.file(path).is_some()).collect(),
            values: &release.values,
        })
    }

    /// The units with what was rendered beside its charts.
    pub(super) fn with_rendered(&self, units: Vec<Unit>) -> Vec<Unit> {
        if self.rendered.of.is_empty() {
            return units;
        }
        let mut all = Vec::new();
        for mut unit in units {
            let namespace = unit.namespace.as_ref().or(unit.default_namespace.as_ref());
            if let (Source::Chart(chart), Some(namespace)) = (&mut unit.source, namespace.cloned())
                && let Some(file) = self.rendered.of.get(&(chart.clone(), namespace.clone()))
            {
                chart.is_rendered = true;
                all.push(Unit::file(*file, Some(namespace)));
            }
            all.push(unit);
        }
        all
    }

    /// Whether any chart was rendered.
    pub(crate) fn has_rendered(&self) -> bool {
        !self.rendered.chart_of.is_empty()
    }

    /// The start of the template that a place in a rendered text is from; `None` for any other file.
    pub(crate) fn template_of(&self, file: SourceFile, offset: u32) -> Option<Location> {
        let chart = self.rendered.chart_of.get(&file)?;
        let before = file.text(&self.db).get(..offset as usize)?;
        let source = before
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("# Source: "));
        let template = source.and_then(|path| path.split_once('/'));
        let (_, template) = template.unwrap_or(("", "Chart.yaml"));
        let start = Position {
            line: 1,
            column: 1,
            offset: 0,
        };
        Some(Location {
            file: format!("{chart}/{template}"),
            range: Range { start, end: start },
        })
    }
}
