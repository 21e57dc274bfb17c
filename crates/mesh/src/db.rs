//! The inputs of the engine and the database trait. Everything else is computed from these.
//!
//! Inputs are set only by the owner of the database (`meshscope::Workspace`), compared before
//! setting. Closed files are HIGH durability, open ones LOW; paths never change.

use meshscope_manifest::kustomize::Additions;
use meshscope_manifest::repository::{Release, Variables};
use meshscope_manifest::spec::meshconfig::IstiodEnv;
use meshscope_manifest::{Str, Value};
use salsa::plumbing::{HashEqLike, Lookup};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the queries of this crate need of a database.
#[salsa::db]
pub trait Db: salsa::Database {}

#[salsa::db]
impl<T: salsa::Database> Db for T {}

/// One file of the repository. Inputs cannot be deleted: a file that is gone has no text and comes
/// back as the same input.
#[salsa::input(debug)]
pub struct SourceFile {
    /// The path, relative to the root, `/`-separated.
    pub path: Str,
    /// The text; empty for a file that is gone.
    pub text: Arc<str>,
    /// The line (1-based) last edited in an editor: turns on recovery of half-typed text.
    #[returns(copy)]
    pub edited_line: Option<u32>,
}

/// A set of files that land in one cluster, with the settings that hold there.
#[salsa::input(debug)]
pub struct Mesh {
    /// The name users know it by.
    pub name: Str,
    /// The sources of the objects that make the mesh, in load order.
    pub units: Arc<[Unit]>,
    /// The settings.
    pub settings: Arc<MeshSettings>,
    /// What is gathered over the whole mesh, where the owner of the database keeps it.
    #[default]
    pub whole: Option<Arc<crate::whole::Whole>>,
}

/// The files of a repository by path, for what finds files by name: kustomizations.
#[salsa::input(debug)]
pub struct Repository {
    /// The files that are there.
    pub files: Arc<BTreeMap<Str, SourceFile>>,
    /// Symbolic links and what they lead to, inside the repository.
    pub links: Arc<BTreeMap<Str, Str>>,
}

/// One source of objects of a mesh.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Where the objects come from.
    pub source: Source,
    /// The namespace of objects that write none, as whoever applies them says it.
    pub namespace: Option<Str>,
    /// The same where nobody and nothing beside them says it. `None` leaves it unknown: such objects
    /// share a namespace of their own per directory, never `default`.
    pub default_namespace: Option<Str>,
}

/// Where the objects of a unit come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The documents of a file.
    File(SourceFile),
    /// What a kustomization builds.
    Kustomization(Kustomization),
    /// A Helm chart: what it makes is known as far as it says so itself.
    Chart(Chart),
}

/// A directory with a kustomization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kustomization {
    /// The repository it is in.
    pub repository: Repository,
    /// The directory, relative to the root.
    pub directory: Str,
    /// What whoever applies it adds to it.
    pub delivery: Option<Arc<Delivery>>,
}

/// What Flux or Argo CD does to a kustomization that it applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// What it writes into the kustomization, or instead of one where there is none.
    pub additions: Additions,
    /// Whether a directory without a kustomization is taken with all that is below it.
    pub whole_tree: bool,
    /// The variables it puts into what is built.
    pub variables: Option<Variables>,
}

/// A directory with a Helm chart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chart {
    /// The repository it is in.
    pub repository: Repository,
    /// The directory, relative to the root.
    pub directory: Str,
    /// What asks for it; none when nobody does.
    pub release: Option<Arc<Release>>,
    /// Whether what it makes is among the units: nothing is hidden then.
    pub is_rendered: bool,
}

impl Chart {
    /// The path of a values file that a release names: beside the chart, or of the repository after a
    /// reference to a source.
    pub fn values_path(&self, file: &str) -> String {
        if let Some((_, path)) = file.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
            return path.to_owned();
        }
        let mut parts: Vec<&str> = self
            .directory
            .split('/')
            .filter(|p| !p.is_empty())
            .collect();
        for part in file.split('/') {
            match part {
                ".." => _ = parts.pop(),
                "" | "." => {}
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

impl Unit {
    /// The documents of a file.
    pub fn file(file: SourceFile, namespace: Option<Str>) -> Unit {
        Unit {
            source: Source::File(file),
            namespace,
            default_namespace: None,
        }
    }

    /// What the kustomization of a directory builds.
    pub fn kustomization(
        repository: Repository,
        directory: Str,
        delivery: Option<Arc<Delivery>>,
    ) -> Unit {
        Unit {
            source: Source::Kustomization(Kustomization {
                repository,
                directory,
                delivery,
            }),
            namespace: None,
            default_namespace: None,
        }
    }

    /// The path its source goes by: a file, or the kustomization or chart of a directory.
    pub fn path(&self, db: &dyn Db) -> Str {
        let in_dir = |directory: &Str, name: &str| match directory.as_str() {
            "" => Str::new(name),
            directory => format!("{directory}/{name}").into(),
        };
        match &self.source {
            Source::File(file) => file.path(db).clone(),
            Source::Kustomization(root) => in_dir(&root.directory, "kustomization.yaml"),
            Source::Chart(chart) => in_dir(&chart.directory, "Chart.yaml"),
        }
    }
}

/// A kustomization as a query key.
#[salsa::interned(debug)]
pub struct RootKey<'db> {
    /// The kustomization.
    pub root: Kustomization,
}

/// A unit as a query key.
#[salsa::interned(debug)]
pub struct UnitKey<'db> {
    /// The unit.
    pub unit: Unit,
}

/// What a mesh assumes that its manifests do not say.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshSettings {
    /// The cluster domain of Kubernetes Services (istiod `--domain`).
    pub domain: Str,
    /// The domain short names in Istio resources are completed with, when it differs.
    pub istio_config_domain: Option<Str>,
    /// MeshConfig documents applied in order over what the repository holds.
    pub mesh_config: Vec<Value>,
    /// Whether mesh config in the repository (ConfigMap `istio`, IstioOperator) counts.
    pub use_found_mesh_config: bool,
    /// istiod's environment.
    pub env: IstiodEnv,
    /// istiod's revision; empty sees every object (V:R7.4).
    pub revision: Str,
    /// Objects that exist outside the repository, as manifests.
    pub assumed: Vec<Value>,
    /// Gateway and other installs the repository only names, rendered to manifests.
    pub installs: Vec<Value>,
}

impl Default for MeshSettings {
    fn default() -> Self {
        MeshSettings {
            domain: "cluster.local".into(),
            istio_config_domain: None,
            mesh_config: Vec::new(),
            use_found_mesh_config: true,
            env: IstiodEnv::default(),
            revision: Str::default(),
            assumed: Vec::new(),
            installs: Vec::new(),
        }
    }
}

impl MeshSettings {
    /// The domain short names in Istio resources are completed with.
    pub fn config_domain(&self) -> &str {
        self.istio_config_domain.as_deref().unwrap_or(&self.domain)
    }
}

/// A string as a query key: a namespace, a host, a gateway name.
#[salsa::interned(debug)]
pub struct Name<'db> {
    /// The text.
    pub key: NameText,
}

impl<'db> Name<'db> {
    /// The text.
    pub fn text(self, db: &'db dyn Db) -> &'db Str {
        &self.key(db).0
    }
}

/// Interns a query key.
pub fn name<'db>(db: &'db dyn Db, text: &str) -> Name<'db> {
    Name::new(db, text)
}

/// What a [`Name`] holds: looked up by `&str`, so that asking for a known one allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameText(Str);

impl HashEqLike<&str> for NameText {
    fn eq(&self, text: &&str) -> bool {
        self.0 == **text
    }
}

impl Lookup<NameText> for &str {
    fn into_owned(self) -> NameText {
        NameText(Str::new(self))
    }
}

/// A proxy as a query key. Equal proxies are one key, so results are per proxy class.
#[salsa::interned(debug)]
pub struct ProxyKey<'db> {
    /// The proxy.
    pub proxy: crate::workloads::Proxy,
}

/// Interns a proxy as a query key.
pub fn proxy_key<'db>(db: &'db dyn Db, proxy: &crate::workloads::Proxy) -> ProxyKey<'db> {
    ProxyKey::new(db, proxy)
}
