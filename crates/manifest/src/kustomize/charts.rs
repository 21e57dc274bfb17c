//! `helmCharts`: recorded, because what a chart makes is unknown; Istio's gateway chart is known.

use std::sync::Arc;

use meshscope_yaml::{Path, Segment};

use super::build::Build;
use super::file;
use super::layer::Chart;
use super::place::Place;
use super::problem::Role;
use super::resource::Resource;
use super::source::{self, Kustomization};
use super::tree::{Is, Node};
use crate::repository::installs;
use crate::value::Value;

impl Build<'_> {
    /// Records the charts of a kustomization and adds what is known of them.
    pub(super) fn charts(&mut self, dir: &str, k: &Kustomization) {
        for (at, entry) in file::entries(&k.root, "helmCharts") {
            let place = k.place(&at);
            let name = entry.str_at("name");
            let release = Some(entry.str_at("releaseName")).filter(|r| !r.is_empty());
            let mut chart = Chart {
                release: release.unwrap_or_else(|| name.clone()),
                repo: entry.str_at("repo"),
                version: entry.str_at("version"),
                namespace: entry.str_at("namespace"),
                values: self.chart_values(dir, k, &at, entry),
                synthesised: false,
                place,
                name,
            };
            let repo = Some(chart.repo.as_str()).filter(|r| !r.is_empty());
            if installs::is_gateway_chart(&chart.name, repo) {
                chart.synthesised = true;
                self.add_gateway(&chart);
            }
            self.layer.charts.push(chart);
        }
        let legacy = k.root.get("helmChartInflationGenerator").map(Node::items);
        for (index, entry) in legacy.unwrap_or_default().iter().enumerate() {
            let step = Segment::Index(index as u32);
            let at: Path = [Segment::Key("helmChartInflationGenerator".into()), step]
                .into_iter()
                .collect();
            self.layer.charts.push(Chart {
                name: entry.str_at("chartName"),
                repo: entry.str_at("chartRepoUrl"),
                version: entry.str_at("chartVersion"),
                release: entry.str_at("releaseName"),
                namespace: entry.str_at("releaseNamespace"),
                values: Value::Null,
                synthesised: false,
                place: k.place(&at),
            });
        }
    }

    fn chart_values(&mut self, dir: &str, k: &Kustomization, at: &Path, entry: &Node) -> Value {
        let mut values = Value::empty();
        let mut named = file::texts(entry, "additionalValuesFiles");
        let own = entry.str_at("valuesFile");
        if !own.is_empty() {
            named.insert(0, (Path::root().join("valuesFile"), own));
        }
        for (path, name) in named {
            let steps = at.segments().iter().chain(path.segments());
            let place = k.place(&steps.cloned().collect());
            let role = Role::Values;
            let opened = source::open(dir, &name, role, &place, self.files, &mut self.layer);
            let Some((file, stream)) = opened else {
                continue;
            };
            let typing = super::tree::Typing::Json;
            let trees = source::trees(&stream, typing, |i| Place::document(&file, i));
            for tree in trees.into_iter().flatten().take(1) {
                values.overlay(&tree.to_value());
            }
        }
        if let Some(inline) = entry.get("valuesInline") {
            match entry.str_at("valuesMerge").as_str() {
                "replace" => values = inline.to_value(),
                "merge" => {
                    let files = std::mem::replace(&mut values, inline.to_value());
                    values.overlay(&files);
                }
                _ => values.overlay(&inline.to_value()),
            }
        }
        values
    }

    fn add_gateway(&mut self, chart: &Chart) {
        let from = Arc::new(chart.place.clone());
        let objects = installs::gateway_release(&chart.release, &chart.namespace, &chart.values);
        let objects = objects.iter().map(|object| {
            let mut node = Node::from_value(object).at(&from);
            flatten(&mut node, &from);
            let mut resource = Resource::new(node);
            if chart.namespace.is_empty() {
                resource.set_meta("namespace", None);
            }
            Arc::new(resource)
        });
        self.layer.append(objects.collect(), &chart.place);
    }
}

/// Gives every field of a made-up object the place of its chart.
fn flatten(node: &mut Node, from: &Arc<Place>) {
    match &mut node.is {
        Is::Map(fields) => {
            for field in fields.values_mut() {
                field.from = Some(from.clone());
                flatten(field, from);
            }
        }
        Is::Seq(items) => {
            for item in items {
                item.from = Some(from.clone());
                flatten(item, from);
            }
        }
        _ => {}
    }
}
