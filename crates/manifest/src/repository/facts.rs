//! What single documents say about deployment: Argo CD Applications and ApplicationSets, Flux
//! Kustomizations, Helm releases, IstioOperators. Cheap facts, read from one value each.

use super::application_set::ApplicationSet;
use super::installs::{self, IstioChart};
use crate::edit::object;
use crate::resource::hash_value;
use crate::value::{Str, Value};
use meshscope_yaml::Path;
use std::hash::{Hash, Hasher};

/// What a document declares, as far as finding meshes is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A Kubernetes-shaped document that is none of the others.
    Resource,
    /// An Argo CD Application.
    Application(Application),
    /// An Argo CD ApplicationSet.
    Applications(ApplicationSet),
    /// A Flux Kustomization.
    Flux(FluxKustomization),
    /// A Helm release.
    Release(Release),
    /// Where charts come from: a HelmRepository or an OCIRepository.
    Charts {
        /// The name of the object.
        name: Str,
        /// The address.
        url: Str,
    },
    /// An IstioOperator.
    Operator,
}

/// A field of a kustomization that the document applying it says: the field, its value, and the path in
/// the document.
pub type Added = (&'static str, Value, Path);

/// Where an Argo CD Application takes something from and puts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Application {
    /// Its name.
    pub name: Str,
    /// Directories of this or another repository.
    pub paths: Vec<Str>,
    /// Whether plain directories are read with their subdirectories.
    pub recurse: bool,
    /// `destination.namespace`.
    pub namespace: Str,
    /// `destination.server` or `destination.name`; empty for the cluster Argo CD runs in.
    pub cluster: Str,
    /// Charts it installs: of chart repositories, and at `paths` when there are charts.
    pub releases: Vec<Release>,
    /// What it adds to kustomizations.
    pub added: Vec<Added>,
    /// How its Helm sources of this repository are installed: release name, values and values files.
    pub helm: Release,
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
    /// The name of its source: `flux-system` is the repository Flux was set up with.
    pub source: Str,
    /// Its own namespace, where what it names is looked for.
    pub namespace: Str,
    /// `spec.postBuild.substitute`; a value that is left open is unknown.
    pub substitute: Vec<(Str, Option<Str>)>,
    /// `spec.postBuild.substituteFrom`: kind, name, and whether it may be missing.
    pub substitute_from: Vec<(Str, Str, bool)>,
    /// Whether there is a `postBuild` at all.
    pub substitutes: bool,
    /// What it adds to the kustomization of its path.
    pub added: Vec<Added>,
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
    /// The directory of the chart, when it is in this repository.
    pub directory: Str,
    /// The values, as far as they are written here.
    pub values: Value,
    /// Files with values under these, the weakest first: paths as written.
    pub value_files: Vec<Str>,
    /// Values from other objects (`valuesFrom`): kind, name and key.
    pub values_from: Vec<(Str, Str, Str)>,
}

// Values are equal to themselves: a number that is none costs a computation, nothing else.
impl Eq for Release {}

impl Hash for Release {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.release, &self.namespace, &self.chart).hash(hasher);
        (&self.repository, &self.directory).hash(hasher);
        (&self.value_files, &self.values_from).hash(hasher);
        hash_value(&self.values, hasher);
    }
}

impl Release {
    /// Which of Istio's charts it is of; `None` for the charts of others, which may make anything.
    pub fn istio_chart(&self) -> Option<IstioChart> {
        let repository = Some(self.repository.as_str()).filter(|r| !r.is_empty());
        installs::istio_chart(&self.chart, repository)
    }

    /// The same with the address of its repository, or of the chart itself, in place of the name of the
    /// object that has it.
    #[must_use]
    pub fn at(mut self, address: &Str) -> Release {
        if self.chart.is_empty() {
            self.chart.clone_from(address);
        }
        self.repository.clone_from(address);
        self
    }

    /// An entry of `helm_releases` in the settings: release, namespace, chart, values.
    pub fn from_settings(entry: &Value) -> Release {
        Release {
            release: entry.str_or_empty("release"),
            namespace: entry.str_or_empty("namespace"),
            chart: entry.str_or_empty("chart"),
            repository: entry.str_or_empty("repository"),
            values: entry.get("values").clone(),
            ..Release::default()
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
        ("argoproj.io", "ApplicationSet") => Fact::Applications(ApplicationSet {
            name: metadata_name(document),
            generators: document.get("spec").get("generators").clone(),
            template: document.get("spec").get("template").clone(),
        }),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => Fact::Flux(flux(document)),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => Fact::Release(helm_release(document)),
        ("source.toolkit.fluxcd.io", "HelmRepository" | "OCIRepository") => Fact::Charts {
            name: metadata_name(document),
            url: document.get("spec").str_or_empty("url"),
        },
        ("install.istio.io", "IstioOperator") => Fact::Operator,
        ("kustomize.config.k8s.io", _) => return None,
        _ => Fact::Resource,
    })
}

fn metadata_name(document: &Value) -> Str {
    document.get("metadata").str_or_empty("name")
}

pub(super) fn application(document: &Value, spec: &Value) -> Application {
    let destination = spec.get("destination");
    let mut app = Application {
        name: metadata_name(document),
        namespace: destination.str_or_empty("namespace"),
        cluster: cluster(destination),
        ..Application::default()
    };
    let at = Path::root().join("spec");
    if let Some(source) = spec.field("source") {
        add_source(&mut app, source, &at.join("source"));
    }
    for (index, source) in spec.list("sources").iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        add_source(&mut app, source, &at.join("sources").index(index));
    }
    app
}

fn add_source(app: &mut Application, source: &Value, at: &Path) {
    let helm = source.get("helm");
    let chart = source.str_or_empty("chart");
    let named = helm.str("releaseName").filter(|r| !r.is_empty());
    let release = Release {
        release: named.unwrap_or_else(|| app.name.clone()),
        namespace: app.namespace.clone(),
        repository: source.str_or_empty("repoURL"),
        values: argo_values(helm),
        value_files: helm.strings("valueFiles"),
        chart,
        ..Release::default()
    };
    if !release.chart.is_empty() {
        app.releases.push(release);
        return;
    }
    // A source with a `ref` alone brings values files.
    let Some(path) = source.str("path") else {
        return;
    };
    app.paths.push(normal(&path));
    app.recurse |= source.get("directory").bool("recurse") == Some(true);
    app.helm = release;
    app.added = argo_added(source.get("kustomize"), &at.join("kustomize"));
}

/// What Argo CD writes into the kustomization before it builds it. Images decide nothing in a mesh.
fn argo_added(kustomize: &Value, at: &Path) -> Vec<Added> {
    const SAME: [&str; 7] = [
        "namePrefix",
        "nameSuffix",
        "namespace",
        "commonLabels",
        "commonAnnotations",
        "components",
        "patches",
    ];
    let mut added = fields(kustomize, at, &SAME);
    // Argo CD adds labels to what is selected only when told to.
    let only_metadata = kustomize.bool("labelWithoutSelector") == Some(true);
    if let Some(labels) = added.iter_mut().find(|(name, ..)| *name == "commonLabels")
        && only_metadata
    {
        let in_templates = kustomize.get("labelIncludeTemplates").clone();
        let entry = object([
            ("pairs", labels.1.clone()),
            ("includeTemplates", in_templates),
        ]);
        (labels.0, labels.1) = ("labels", Value::Seq(vec![entry]));
    }
    added
}

/// The fields of a mapping that say something, with their paths.
fn fields(from: &Value, at: &Path, names: &[&'static str]) -> Vec<Added> {
    let said = names.iter().filter(|name| !from.get(name).is_blank());
    said.map(|&name| (name, from.get(name).clone(), at.join(name)))
        .collect()
}

/// Parts of the name of a parameter, at most.
const MAX_PARTS: usize = 32;

/// `values`, `valuesObject` over it, `parameters` over both.
fn argo_values(helm: &Value) -> Value {
    let mut values = Value::empty();
    if let Some(text) = helm.str("values") {
        values.overlay(&parsed(&text));
    }
    values.overlay(helm.get("valuesObject"));
    for parameter in helm.list("parameters") {
        let name = parameter.str_or_empty("name");
        if name.matches('.').count() > MAX_PARTS {
            continue;
        }
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
    const ADDED: [&str; 6] = [
        "components",
        "patches",
        "patchesStrategicMerge",
        "patchesJson6902",
        "namePrefix",
        "nameSuffix",
    ];
    let spec = document.get("spec");
    let at = Path::root().join("spec");
    let post = spec.get("postBuild");
    let mut added = fields(spec, &at, &ADDED);
    let target = spec.str_or_empty("targetNamespace");
    if !target.is_empty() {
        let value = Value::String(target.clone());
        added.push(("namespace", value, at.join("targetNamespace")));
    }
    let from = post.list("substituteFrom").iter();
    FluxKustomization {
        name: metadata_name(document),
        path: normal(&spec.str_or_empty("path")),
        source: spec.get("sourceRef").str_or_empty("name"),
        target_namespace: target,
        namespace: document.get("metadata").str_or_empty("namespace"),
        substitute: post
            .entries("substitute")
            .map(|(name, value)| (name.clone(), value.scalar_text()))
            .collect(),
        substitute_from: from
            .map(|source| {
                let optional = source.bool("optional") == Some(true);
                (
                    source.str_or_empty("kind"),
                    source.str_or_empty("name"),
                    optional,
                )
            })
            .collect(),
        substitutes: !post.is_null(),
        added,
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
    let source = chart.get("sourceRef");
    let in_git = matches!(
        source.str("kind").as_deref(),
        Some("GitRepository" | "Bucket")
    );
    let (named, repository) = match chart.str("chart") {
        Some(name) => (name, source.str_or_empty("name")),
        None => (Str::default(), spec.get("chartRef").str_or_empty("name")),
    };
    Release {
        release,
        namespace: if target.is_empty() { own } else { target },
        directory: if in_git {
            normal(&named)
        } else {
            Str::default()
        },
        chart: named,
        repository,
        values: spec.get("values").clone(),
        value_files: chart.strings("valuesFiles"),
        values_from: spec
            .list("valuesFrom")
            .iter()
            .map(|from| {
                let key = from.str("valuesKey").filter(|k| !k.is_empty());
                let key = key.unwrap_or_else(|| "values.yaml".into());
                (from.str_or_empty("kind"), from.str_or_empty("name"), key)
            })
            .collect(),
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
            ..Release::default()
        }
    };
    let off = |entry: &&Value| entry.bool("installed") != Some(false);
    file.list("releases").iter().filter(off).map(read).collect()
}

/// A path of Argo CD or Flux: relative to the root of the repository, without `./` and slashes at the
/// ends. What leaves the repository is empty.
pub(super) fn normal(path: &str) -> Str {
    let trimmed = path.trim_start_matches('/');
    crate::kustomize::normal_path(trimmed)
        .unwrap_or_default()
        .into()
}
