//! Helm charts of the repository: what they may make, and the charts of Istio they depend on.
//!
//! Templates are text for Helm, not YAML: nothing is said about them, and nothing is made of them here.

use super::locate::{Definition, Place};
use super::lookup::{RepositoryFiles, file_at};
use crate::db::{Chart, Db, Repository, SourceFile, name};
use meshscope_manifest::kustomize::Files;
use meshscope_manifest::repository::Release;
use meshscope_manifest::{Kind, Str, Value, read};
use meshscope_yaml::Path;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A chart as a query key.
#[salsa::interned(debug)]
struct ChartKey<'db> {
    chart: Chart,
}

/// Kinds of objects that a chart may make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Makes {
    /// Whether the templates leave it open.
    pub anything: bool,
    /// The kinds they write.
    pub kinds: BTreeSet<Kind>,
}

impl Makes {
    pub(super) fn may_make(&self, kind: Kind) -> bool {
        self.anything || self.kinds.contains(&kind)
    }
}

/// The kinds one template writes: `kind:` lines tell. Whole objects that a helper writes are not seen.
#[salsa::tracked]
fn template_makes(db: &dyn Db, file: SourceFile) -> Arc<Makes> {
    let mut makes = Makes::default();
    for line in file.text(db).lines() {
        if line.starts_with("{{") && (line.contains("include ") || line.contains("template ")) {
            makes.anything = true;
        }
        let Some(kind) = line.trim_start().strip_prefix("kind:") else {
            continue;
        };
        let kind = kind.trim().trim_matches(['"', '\'']);
        if kind.contains("{{") {
            makes.anything = true;
        }
        makes
            .kinds
            .extend(Kind::ALL.iter().filter(|known| known.name() == kind));
    }
    Arc::new(makes)
}

/// What a chart may make.
pub(super) fn makes<'db>(db: &'db dyn Db, chart: &Chart) -> &'db Arc<Makes> {
    makes_of(db, ChartKey::new(db, chart))
}

#[salsa::tracked]
fn makes_of<'db>(db: &'db dyn Db, key: ChartKey<'db>) -> Arc<Makes> {
    let chart = key.chart(db);
    let description = yaml(db, chart.repository, &inside(chart, "Chart.yaml"));
    let mut makes = Makes {
        anything: !description.list("dependencies").is_empty(),
        ..Makes::default()
    };
    let (templates, charts) = (inside(chart, "templates/"), inside(chart, "charts/"));
    for (path, file) in chart.repository.files(db).iter() {
        if path.starts_with(&templates) {
            let own = template_makes(db, *file);
            makes.anything |= own.anything;
            makes.kinds.extend(&own.kinds);
        }
        makes.anything |= path.starts_with(&charts);
    }
    Arc::new(makes)
}

/// The releases that a chart brings with it: Istio's charts among its dependencies, with the values they
/// get.
pub(super) fn dependencies<'db>(
    db: &'db dyn Db,
    chart: &Chart,
    namespace: &Str,
) -> &'db Arc<[Release]> {
    let key = ChartKey::new(db, chart);
    dependencies_of(db, key, name(db, namespace))
}

#[salsa::tracked]
fn dependencies_of<'db>(
    db: &'db dyn Db,
    key: ChartKey<'db>,
    namespace: crate::db::Name<'db>,
) -> Arc<[Release]> {
    let chart = key.chart(db);
    let Some(asked) = &chart.release else {
        return Arc::default();
    };
    let description = yaml(db, chart.repository, &inside(chart, "Chart.yaml"));
    let mut values = yaml(db, chart.repository, &inside(chart, "values.yaml"));
    for file in &asked.value_files {
        values.overlay(&yaml(db, chart.repository, &chart.values_path(file)));
    }
    values.overlay(&asked.values);
    let entries = description.list("dependencies").iter();
    let releases = entries.map(|entry| {
        let named = entry.str("alias").filter(|a| !a.is_empty());
        let named = named.unwrap_or_else(|| entry.str_or_empty("name"));
        let mut own = values.get(&named).clone();
        let mut global = values.get("global").clone();
        global.overlay(own.get("global"));
        if !global.is_blank() {
            own.set("global", global);
        }
        Release {
            release: asked.release.clone(),
            namespace: namespace.text(db).clone(),
            chart: entry.str_or_empty("name"),
            repository: entry.str_or_empty("repository"),
            values: own,
            ..Release::default()
        }
    });
    releases.filter(|r| r.istio_chart().is_some()).collect()
}

/// The first document of a file; null when there is none.
pub(super) fn yaml(db: &dyn Db, repository: Repository, path: &str) -> Value {
    let files = RepositoryFiles { db, repository };
    let stream = files.documents(path);
    let document = stream.as_ref().and_then(|s| s.documents.first());
    document.and_then(read::document).unwrap_or_default()
}

fn inside(chart: &Chart, name: &str) -> String {
    match chart.directory.as_str() {
        "" => name.to_owned(),
        dir => format!("{dir}/{name}"),
    }
}

/// The chart's description.
pub(super) fn definition(db: &dyn Db, chart: &Chart) -> Option<Definition> {
    let path = inside(chart, "Chart.yaml");
    Some(Definition {
        file: file_at(db, chart.repository, name(db, &path))?,
        entry: usize::MAX,
        document: 0,
        prefix: Path::root(),
        place: Place::InFile,
    })
}
