//! What a repository's owner says about its meshes and findings; without a word, the whole root is one
//! mesh.
//!
//! Plain values and how they select files; `file` reads them from `meshscope.yaml`. It must not know
//! the database, nor how findings are made.

mod assume;
mod date;
mod file;
mod keys;
mod pattern;
mod problem;
mod read;
#[cfg(feature = "schema")]
mod schema;
mod suppression;
#[cfg(test)]
mod tests;

pub(crate) use file::Surroundings;
pub use file::{BrokenSettings, FILE_NAMES};
pub use pattern::Patterns;
pub use problem::{RULE, SettingsProblem};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use suppression::{SettingsSuppression, SuppressionMatcher};

use crate::finding::Severity;
use meshscope_manifest::spec::meshconfig::IstiodEnv;
use meshscope_manifest::{Str, Value};

/// The settings of a workspace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The file they are from, relative to the root; none when nobody wrote one.
    pub file: Option<Str>,
    /// The meshes; none means one mesh of the whole root, called `default`.
    pub meshes: Vec<MeshSpec>,
    /// How much rules count, in the order of the file; rules that are not named count as they do.
    pub levels: Vec<(Str, Level)>,
    /// Findings that are known and accepted, without those that have expired.
    pub suppressions: Vec<SettingsSuppression>,
    /// What is wrong with the file.
    pub problems: Vec<SettingsProblem>,
    /// Whether helm may be run on the charts of the repository.
    pub render_charts: bool,
    /// Other files that were read for them, relative to the root.
    pub reads: Vec<Str>,
}

impl Settings {
    /// How much a rule counts, when the settings say it.
    pub fn level(&self, rule: &str) -> Option<Level> {
        let mut named = self.levels.iter().filter(|(name, _)| name == rule);
        named.next_back().map(|(_, level)| *level)
    }
}

/// How much a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "lowercase")
)]
pub enum Level {
    /// It is not reported.
    Off,
    /// Style.
    Hint,
    /// Advice.
    Info,
    /// Something written has no effect, or not the one it seems to have.
    Warning,
    /// Rejected, or certainly broken.
    Error,
}

impl Level {
    /// Every level, from nothing to most.
    pub const ALL: [Level; 5] = [
        Level::Off,
        Level::Hint,
        Level::Info,
        Level::Warning,
        Level::Error,
    ];

    /// Its name in the settings file.
    pub fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Hint => "hint",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }

    /// The severity findings get; none when they are not reported.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Hint => Some(Severity::Hint),
            Level::Info => Some(Severity::Info),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
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
    /// The version of Istio; the newest supported one when empty.
    pub istio: Str,
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
    /// The keys that the settings file says; everything else is the default.
    pub stated: Vec<&'static str>,
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
            istio: Str::default(),
            default_namespace: None,
            mesh_config: Vec::new(),
            use_found_mesh_config: true,
            env: Vec::new(),
            domain: "cluster.local".into(),
            istio_config_domain: None,
            revision: Str::default(),
            helm_releases: Vec::new(),
            assumed: Vec::new(),
            stated: Vec::new(),
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
