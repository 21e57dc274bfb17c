//! What a repository's owner says about its meshes; without a word, the whole root is one mesh.
//!
//! Plain values and how they select files. Reading them from `meshscope.yaml` is a file of its own;
//! this one must not know YAML text.

mod pattern;

pub use pattern::Patterns;

use meshscope_manifest::spec::meshconfig::IstiodEnv;
use meshscope_manifest::{Str, Value};

/// The settings of a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The meshes; none means one mesh of the whole root, called `default`.
    pub meshes: Vec<MeshSpec>,
}

/// One mesh: which files land in it, and what holds there.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshSpec {
    /// The name users know it by.
    pub name: Str,
    /// Files and folders that belong to it, as globs relative to the root; empty means all. Files
    /// load in the order of these, then by path.
    pub include: Vec<Str>,
    /// What does not belong to it after all.
    pub exclude: Vec<Str>,
    /// The namespace of objects that write none; unknown when absent.
    pub default_namespace: Option<Str>,
    /// MeshConfig documents over Istio's defaults and over what the repository holds.
    pub mesh_config: Vec<Value>,
    /// Whether mesh config in the repository (ConfigMap `istio`, IstioOperator) counts.
    pub use_found_mesh_config: bool,
    /// istiod's environment.
    pub env: Vec<(Str, Str)>,
    /// The cluster domain.
    pub domain: Str,
    /// The domain short names in Istio resources are completed with, when it differs.
    pub istio_config_domain: Option<Str>,
    /// istiod's revision; empty sees every object.
    pub revision: Str,
    /// Releases of Istio's gateway chart that the repository only names.
    pub helm_releases: Vec<HelmRelease>,
    /// Objects that exist outside the repository, as manifests.
    pub assumed: Vec<Value>,
}

/// A release of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct HelmRelease {
    /// Its name.
    pub release: Str,
    /// The namespace it is installed into.
    pub namespace: Str,
    /// The values it is installed with.
    pub values: Value,
}

impl Default for MeshSpec {
    fn default() -> Self {
        MeshSpec {
            name: "default".into(),
            include: Vec::new(),
            exclude: Vec::new(),
            default_namespace: None,
            mesh_config: Vec::new(),
            use_found_mesh_config: true,
            env: Vec::new(),
            domain: "cluster.local".into(),
            istio_config_domain: None,
            revision: Str::default(),
            helm_releases: Vec::new(),
            assumed: Vec::new(),
        }
    }
}

impl MeshSpec {
    /// What the engine takes from these.
    pub fn engine_settings(&self) -> meshscope_mesh::MeshSettings {
        let releases = self.helm_releases.iter();
        meshscope_mesh::MeshSettings {
            domain: self.domain.clone(),
            istio_config_domain: self.istio_config_domain.clone(),
            mesh_config: self.mesh_config.clone(),
            use_found_mesh_config: self.use_found_mesh_config,
            env: IstiodEnv::new(self.env.iter().cloned()),
            revision: self.revision.clone(),
            assumed: self.assumed.clone(),
            installs: releases.flat_map(HelmRelease::objects).collect(),
        }
    }
}

impl HelmRelease {
    fn objects(&self) -> Vec<Value> {
        meshscope_manifest::repository::installs::gateway_release(
            &self.release,
            &self.namespace,
            &self.values,
        )
    }
}
