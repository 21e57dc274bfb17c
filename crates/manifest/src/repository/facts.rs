//! What single documents say about deployment: Argo CD Applications and ApplicationSets, Flux
//! Kustomizations, Helm releases, IstioOperators. Cheap facts, read from one value each.

use super::installs;
use crate::value::{Str, Value};

/// What a document declares, as far as finding meshes is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A Kubernetes-shaped document that is none of the others.
    Resource,
    /// An Argo CD Application, or what an ApplicationSet makes Applications of.
    Application(Application),
    /// A Flux Kustomization.
    Flux(FluxKustomization),
    /// A Helm release.
    Release(Release),
    /// An IstioOperator.
    Operator,
}

/// Where an Argo CD Application takes something from and puts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Application {
    /// Its name.
    pub name: Str,
    /// Directories of this or another repository.
    pub paths: Vec<Str>,
    /// Globs of directories, from the git generator of an ApplicationSet.
    pub path_globs: Vec<Str>,
    /// Whether plain directories are read with their subdirectories.
    pub recurse: bool,
    /// `destination.namespace`.
    pub namespace: Str,
    /// `destination.server` or `destination.name`; empty for the cluster Argo CD runs in.
    pub cluster: Str,
    /// Charts it installs.
    pub releases: Vec<Release>,
}

/// A Flux Kustomization.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FluxKustomization {
    /// Its name.
    pub name: Str,
    /// `spec.path`, normalised.
    pub path: Str,
    /// `spec.targetNamespace`.
    pub target_namespace: Str,
    /// `spec.postBuild.substitute`: texts only.
    pub substitute: Vec<(Str, Str)>,
    /// Whether variables come from elsewhere too (`substituteFrom`).
    pub substitutes_more: bool,
    /// Whether it applies to another cluster (`spec.kubeConfig`).
    pub remote: bool,
}

/// A Helm release somebody asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// The name of the release.
    pub release: Str,
    /// Where it goes; empty when nobody says.
    pub namespace: Str,
    /// The chart, as referred to.
    pub chart: Str,
    /// The chart's repository: an address, or the name of a repository object.
    pub repository: Str,
    /// The values, as far as they are written here.
    pub values: Value,
}

impl Release {
    /// The objects it makes, when its chart is one that is known here. `None` means that anything
    /// may exist.
    pub fn objects(&self) -> Option<Vec<Value>> {
        let repository = Some(self.repository.as_str()).filter(|r| !r.is_empty());
        installs::is_gateway_chart(&self.chart, repository)
            .then(|| installs::gateway_release(&self.release, &self.namespace, &self.values))
    }

    /// An entry of `helm_releases` in the settings: release, namespace, chart, values.
    pub fn from_settings(entry: &Value) -> Release {
        Release {
            release: entry.str_or_empty("release"),
            namespace: entry.str_or_empty("namespace"),
            chart: entry.str_or_empty("chart"),
            repository: entry.str_or_empty("repository"),
            values: entry.get("values").clone(),
        }
    }
}

/// The fact of one document; `None` when it is no Kubernetes object.
pub fn fact(document: &Value) -> Option<Fact> {
    let api = document.str("apiVersion").filter(|a| !a.is_empty())?;
    let kind = document.str("kind").filter(|k| !k.is_empty())?;
    let group = api.split_once('/').map_or("", |(group, _)| group);
    Some(match (group, kind.as_str()) {
        ("argoproj.io", "Application") => {
            Fact::Application(application(document, document.get("spec")))
        }
        ("argoproj.io", "ApplicationSet") => Fact::Application(application_set(document)),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => Fact::Flux(flux(document)),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => Fact::Release(helm_release(document)),
        ("install.istio.io", "IstioOperator") => Fact::Operator,
        ("kustomize.config.k8s.io", _) => return None,
        _ => Fact::Resource,
    })
}

fn metadata_name(document: &Value) -> Str {
    document.get("metadata").str_or_empty("name")
}

fn application(document: &Value, spec: &Value) -> Application {
    let destination = spec.get("destination");
    let mut app = Application {
        name: metadata_name(document),
        namespace: destination.str_or_empty("namespace"),
        cluster: cluster(destination),
        ..Application::default()
    };
    let one = spec.field("source").into_iter();
    for source in one.chain(spec.list("sources")) {
        let helm = source.get("helm");
        let chart = source.str_or_empty("chart");
        if chart.is_empty() {
            if let Some(path) = source.str("path") {
                app.paths.push(normal(&path));
                app.recurse |= source.get("directory").bool("recurse") == Some(true);
            }
            continue;
        }
        let release = helm.str("releaseName").filter(|r| !r.is_empty());
        app.releases.push(Release {
            release: release.unwrap_or_else(|| app.name.clone()),
            namespace: app.namespace.clone(),
            chart,
            repository: source.str_or_empty("repoURL"),
            values: argo_values(helm),
        });
    }
    app
}

/// `values`, `valuesObject` over it, `parameters` over both.
fn argo_values(helm: &Value) -> Value {
    let mut values = Value::empty();
    if let Some(text) = helm.str("values") {
        values.overlay(&parsed(&text));
    }
    values.overlay(helm.get("valuesObject"));
    for parameter in helm.list("parameters") {
        let name = parameter.str_or_empty("name");
        let mut slot = &mut values;
        for part in name.split('.') {
            slot = slot.entry_mut(part);
        }
        *slot = parameter.get("value").clone();
    }
    values
}

fn parsed(text: &str) -> Value {
    let stream = meshscope_yaml::parse(text);
    let document = stream.documents.first();
    let usable = document.filter(|d| d.expanded_size(100_000).is_some());
    let root = usable.and_then(|d| d.root());
    root.map(crate::kustomize::value_of).unwrap_or_default()
}

fn application_set(document: &Value) -> Application {
    let spec = document.get("spec");
    let template = spec.get("template");
    let mut app = application(template, template.get("spec"));
    app.name = metadata_name(document);
    let mut globs = Vec::new();
    directories(spec.get("generators"), &mut globs, 0);
    app.path_globs = globs;
    app.paths.retain(|path| !super::is_unknown(path));
    for release in &mut app.releases {
        if release.release.is_empty() {
            release.release.clone_from(&app.name);
        }
    }
    app
}

/// The directories of git generators, inside matrix and merge generators too.
fn directories(generators: &Value, globs: &mut Vec<Str>, depth: usize) {
    if depth > 4 {
        return;
    }
    for generator in generators.as_list() {
        for directory in generator.get("git").list("directories") {
            if directory.bool("exclude") != Some(true) {
                globs.extend(directory.str("path").map(|p| normal(&p)));
            }
        }
        for file in generator.get("git").list("files") {
            let path = file.str_or_empty("path");
            let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
            globs.push(normal(dir));
        }
        for nested in ["matrix", "merge"] {
            directories(generator.get(nested).get("generators"), globs, depth + 1);
        }
    }
}

fn cluster(destination: &Value) -> Str {
    let name = destination.str_or_empty("name");
    let server = destination.str_or_empty("server");
    match (name.as_str(), server.as_str()) {
        ("in-cluster", _) | ("", "" | "https://kubernetes.default.svc") => Str::default(),
        ("", _) => server,
        _ => name,
    }
}

fn flux(document: &Value) -> FluxKustomization {
    let spec = document.get("spec");
    let post = spec.get("postBuild");
    let texts = post.entries("substitute");
    FluxKustomization {
        name: metadata_name(document),
        path: normal(&spec.str_or_empty("path")),
        target_namespace: spec.str_or_empty("targetNamespace"),
        substitute: texts
            .filter_map(|(k, v)| Some((k.clone(), v.scalar_text()?)))
            .collect(),
        substitutes_more: !post.list("substituteFrom").is_empty(),
        remote: !spec.get("kubeConfig").is_null(),
    }
}

/// A Flux HelmRelease. Its name is `releaseName`, or the object's with the target namespace before it.
fn helm_release(document: &Value) -> Release {
    let spec = document.get("spec");
    let own = document.get("metadata").str_or_empty("namespace");
    let target = spec.str_or_empty("targetNamespace");
    let name = metadata_name(document);
    let written = spec.str("releaseName").filter(|r| !r.is_empty());
    let release = written.unwrap_or_else(|| match target.as_str() {
        "" => name.clone(),
        target => format!("{target}-{name}").into(),
    });
    let chart = spec.get("chart").get("spec");
    let reference = spec.get("chartRef");
    let (chart, repository) = match chart.str("chart") {
        Some(name) => (name, chart.get("sourceRef").str_or_empty("name")),
        None => (reference.str_or_empty("name"), Str::default()),
    };
    Release {
        release,
        namespace: if target.is_empty() { own } else { target },
        chart,
        repository,
        values: spec.get("values").clone(),
    }
}

/// The releases of a helmfile, as far as its templates leave it readable. Addresses of `repositories`
/// stand in for their names.
pub fn helmfile(file: &Value) -> Vec<Release> {
    let addresses: Vec<(Str, Str)> = file
        .list("repositories")
        .iter()
        .map(|r| (r.str_or_empty("name"), r.str_or_empty("url")))
        .collect();
    let read = |entry: &Value| {
        let chart = entry.str_or_empty("chart");
        let named = chart.split_once('/').map_or("", |(name, _)| name);
        let address = addresses.iter().find(|(name, _)| name == named);
        let mut values = Value::empty();
        for part in entry.list("values") {
            if part.as_map().is_some() {
                values.overlay(part);
            }
        }
        Release {
            release: entry.str_or_empty("name"),
            namespace: entry.str_or_empty("namespace"),
            repository: address.map(|(_, url)| url.clone()).unwrap_or_default(),
            chart,
            values,
        }
    };
    let off = |entry: &&Value| entry.bool("installed") != Some(false);
    file.list("releases").iter().filter(off).map(read).collect()
}

/// A path of Argo CD or Flux: relative to the root of the repository, without `./` and slashes at the
/// ends. What leaves the repository is empty.
fn normal(path: &str) -> Str {
    let trimmed = path.trim_start_matches('/');
    crate::kustomize::normal_path(trimmed)
        .unwrap_or_default()
        .into()
}
