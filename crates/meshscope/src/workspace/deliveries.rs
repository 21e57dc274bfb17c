//! From a root to the units of a mesh: one for every application of it, with what whoever applies it does
//! to what it holds.

use super::Workspace;
use super::discover::Material;
use meshscope_manifest::kustomize::{Additions, is_kustomization};
use meshscope_manifest::repository::layout::{dir_of, is_within};
use meshscope_manifest::repository::{
    Applied, FluxKustomization, How, Release, Root, RootKind, Variables, is_unknown, layout,
};
use meshscope_manifest::{Str, Value, read};
use meshscope_mesh::db::{Chart, Db, Delivery};
use meshscope_mesh::{Source, SourceFile, Unit};
use meshscope_yaml::{Options, parse_document, split as documents};
use std::sync::Arc;

/// A ConfigMap or Secret as Flux takes variables from it.
#[derive(Clone, Debug, PartialEq)]
struct VariableSource {
    kind: Str,
    namespace: Str,
    name: Str,
    /// The entries; `None` for values that cannot be seen.
    entries: Vec<(Str, Option<Str>)>,
}

/// The ConfigMaps and Secrets of a file. Asked only for where somebody takes variables from them.
#[salsa::tracked]
fn variable_sources(db: &dyn Db, file: SourceFile) -> Arc<[VariableSource]> {
    let text = file.text(db);
    let may = |text: &str| text.contains("ConfigMap") || text.contains("Secret");
    if !may(text) {
        return Arc::default();
    }
    let spans = documents(text).into_iter();
    let spans = spans.filter(|span| may(span.slice(text)));
    spans
        .filter_map(|span| {
            variable_source(&read::document(&parse_document(
                text,
                span,
                &Options::default(),
            ))?)
        })
        .collect()
}

fn variable_source(document: &Value) -> Option<VariableSource> {
    let kind = document.str("kind")?;
    let mut entries: Vec<(Str, Option<Str>)> = Vec::new();
    let visible = match kind.as_str() {
        "ConfigMap" => "data",
        "Secret" => "stringData",
        _ => return None,
    };
    if kind == "Secret" {
        entries.extend(
            document
                .entries("data")
                .map(|(name, _)| (name.clone(), None)),
        );
    }
    for (name, value) in document.entries(visible) {
        // What SOPS has encrypted is a value that nobody sees.
        let seen = value.scalar_text().filter(|text| !text.starts_with("ENC["));
        entries.push((name.clone(), seen));
    }
    let metadata = document.get("metadata");
    Some(VariableSource {
        kind,
        namespace: metadata.str_or_empty("namespace"),
        name: metadata.str_or_empty("name"),
        entries,
    })
}

impl Workspace {
    /// The units of a root.
    pub(super) fn units_of(&self, root: &Root, material: &Material) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        let mut add = |unit: Unit| {
            if !units.contains(&unit) {
                units.push(unit);
            }
        };
        if root.kind == RootKind::Kustomize || root.is_flux_tree() {
            let built = |delivery| Unit::kustomization(self.repository, root.dir.clone(), delivery);
            for applied in &root.applied {
                add(Unit {
                    namespace: namespace_of(applied),
                    ..built(self.delivery(root, applied, material))
                });
            }
            if root.applied.is_empty() {
                add(built(None));
            }
            return units;
        }
        let files = match root.kind {
            RootKind::Chart => Vec::new(),
            _ => self.files_of(root, material),
        };
        let mut each = |applied: Option<&Applied>| {
            let namespace = applied.and_then(namespace_of);
            if root.kind == RootKind::Chart {
                add(Unit {
                    namespace: namespace.clone(),
                    ..self.chart(&root.dir, applied.and_then(release_of))
                });
            }
            for file in &files {
                add(Unit::file(*file, namespace.clone()));
            }
        };
        root.applied.iter().for_each(|applied| each(Some(applied)));
        if root.applied.is_empty() {
            each(None);
        }
        units
    }

    /// A chart as somebody installs it.
    pub(super) fn chart(&self, dir: &str, release: Option<Release>) -> Unit {
        let chart = Chart {
            repository: self.repository,
            directory: dir.into(),
            release: release.map(Arc::new),
            is_rendered: false,
        };
        Unit {
            source: Source::Chart(chart),
            namespace: None,
            default_namespace: None,
        }
    }

    /// The files with manifests of a directory that nothing builds.
    fn files_of(&self, root: &Root, material: &Material) -> Vec<SourceFile> {
        let built = &material.repository.kustomizations;
        let files = material.repository.files.iter().filter(|file| {
            let dir = dir_of(&file.path);
            let inside = match root.kind {
                RootKind::Plain => dir == root.dir.as_str(),
                // A kustomization inside of a tree is a root of its own.
                _ => {
                    let own = |k: &String| is_within(dir, k) && is_within(k, &root.dir);
                    is_within(dir, &root.dir) && !built.keys().any(own)
                }
            };
            let charts = material.charts.iter().map(String::as_str);
            inside
                && !file.facts.is_empty()
                && !is_kustomization(&file.path)
                && !material.used.contains(&file.path)
                && layout::chart_of_template(&file.path, charts).is_none()
        });
        files.filter_map(|file| self.file(&file.path)).collect()
    }

    /// What whoever applies a kustomization does to it; `None` for nothing.
    fn delivery(
        &self,
        root: &Root,
        applied: &Applied,
        material: &Material,
    ) -> Option<Arc<Delivery>> {
        let mut delivery = Delivery {
            whole_tree: root.kind == RootKind::Tree,
            ..Delivery::default()
        };
        let mut additions = Additions {
            file: match delivery.whole_tree {
                true => applied.by().clone(),
                false => Str::default(),
            },
            ..Additions::default()
        };
        for (name, value, path) in applied.added() {
            if !value.as_str().is_some_and(is_unknown) {
                additions.add(name, value, applied.origin.place(path));
            }
        }
        delivery.additions = additions;
        if let How::Flux(flux) = &applied.how {
            delivery.variables = self.variables(flux, applied.by(), material);
        }
        (delivery != Delivery::default()).then(|| Arc::new(delivery))
    }

    /// The variables of a Flux Kustomization; `None` when it puts in none.
    fn variables(
        &self,
        flux: &FluxKustomization,
        by: &str,
        material: &Material,
    ) -> Option<Variables> {
        if !flux.substitutes {
            return None;
        }
        let mut variables = Variables::default();
        for (kind, name, _) in &flux.substitute_from {
            let found = self.variable_source(kind, name, &flux.namespace, by, material);
            variables.open |= found.is_empty();
            for source in &found {
                for (name, value) in &source.entries {
                    // Of several sources that fit equally well none is believed.
                    let agreed = found.iter().all(|other| other.entries == source.entries);
                    variables.set(name, value.clone().filter(|_| agreed));
                }
            }
        }
        for (name, value) in &flux.substitute {
            variables.set(name, value.clone());
        }
        Some(variables)
    }

    /// The objects of a name that variables come from: those nearest to the file that asks.
    fn variable_source<'s>(
        &'s self,
        kind: &str,
        name: &str,
        namespace: &str,
        by: &str,
        material: &Material,
    ) -> Vec<&'s VariableSource> {
        let mut found: Vec<(usize, &VariableSource)> = Vec::new();
        for file in &material.repository.files {
            let Some(input) = self.file(&file.path).filter(|_| !file.facts.is_empty()) else {
                continue;
            };
            let shared = by.split('/').zip(file.path.split('/'));
            let near = shared.take_while(|(a, b)| a == b).count();
            let fitting = variable_sources(&self.db, input).iter().filter(|source| {
                source.kind == kind
                    && source.name == name
                    && (source.namespace.is_empty()
                        || namespace.is_empty()
                        || source.namespace == namespace)
            });
            found.extend(fitting.map(|source| (near, source)));
        }
        let nearest = found.iter().map(|(near, _)| *near).max();
        found.retain(|(near, _)| Some(*near) == nearest);
        found.into_iter().map(|(_, source)| source).collect()
    }
}

/// The namespace of what writes none, as whoever applies it says it.
fn namespace_of(applied: &Applied) -> Option<Str> {
    let said = match &applied.how {
        How::Argo(app) => &app.namespace,
        How::Release(release) => &release.namespace,
        How::Flux(_) => return None,
    };
    Some(said.clone()).filter(|n| !n.is_empty() && !is_unknown(n))
}

/// The release that an application makes of a chart.
fn release_of(applied: &Applied) -> Option<Release> {
    match &applied.how {
        How::Argo(app) => Some(app.helm.clone()),
        How::Release(release) => Some(Release::clone(release)),
        How::Flux(_) => None,
    }
}
