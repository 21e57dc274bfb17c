//! What a mesh is taken to be: its files, and what is assumed of it, each with where that is from.

use super::Mesh;
use meshscope_manifest::spec::meshconfig::MeshConfig;
use meshscope_manifest::spec::sidecar::OutboundMode;
use meshscope_manifest::{Kind, ResourceKey, Str};
use meshscope_mesh::db::{Chart, Kustomization};
use meshscope_mesh::index::ConfigSource;
use meshscope_mesh::{Source, index};
use std::collections::{BTreeSet, HashSet};

/// What a mesh is taken to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: Str,
    /// Why it is one.
    pub reason: String,
    /// Why it may not be one after all.
    pub uncertain: Option<String>,
    /// The kustomizations it is built from, and the topmost folders with plain files of it; `.` for
    /// the root.
    pub roots: Vec<Str>,
    /// The files that the objects are made from.
    pub files: Vec<Str>,
    /// Directories and files that give way to what others define, with the reason.
    pub aside: Vec<(Str, String)>,
    /// How many objects they hold.
    pub objects: usize,
    /// The namespaces.
    pub namespaces: Vec<Str>,
    /// What holds in it.
    pub assumptions: Vec<Assumption>,
}

/// One thing that holds in a mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Its name: the key of the settings file, or the field of MeshConfig as `mesh_config.FIELD`.
    pub key: Str,
    /// Its value, for people; empty for none.
    pub value: String,
    /// Who says so.
    pub origin: Origin,
}

/// Who says that something holds in a mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is Istio's default.
    Default,
    /// The settings.
    Settings,
    /// An object of the repository, and the file it is in.
    Object(ResourceKey, Option<Str>),
    /// A Helm release of istiod, in words, and the file that asks for it.
    Release(Str, Option<Str>),
}

impl Mesh<'_> {
    /// What the mesh is taken to be.
    pub fn profile(&self) -> Profile {
        let (db, mesh) = (self.db(), self.input());
        let mut roots = BTreeSet::new();
        let mut seen = HashSet::new();
        let (mut files, mut objects) = (Vec::new(), 0);
        for unit in mesh.units(db).iter() {
            let held = index::unit_objects(db, unit).len();
            if held == 0 && !matches!(unit.source, Source::Chart(_)) {
                continue;
            }
            roots.insert(match &unit.source {
                Source::File(file) => {
                    let path = file.path(db);
                    Str::new(path.split_once('/').map_or(".", |(top, _)| top))
                }
                Source::Kustomization(Kustomization { directory, .. })
                | Source::Chart(Chart { directory, .. }) => match directory.as_str() {
                    "" => ".".into(),
                    directory => Str::new(directory),
                },
            });
            let own = index::unit_files(db, unit);
            let own = own.iter().filter(|file| seen.insert(**file));
            files.extend(own.map(|file| file.path(db).clone()));
            objects += held;
        }
        let namespaces = index::namespaces(db, mesh).iter();
        let known = namespaces.filter(|ns| !index::is_unknown_namespace(ns));
        Profile {
            name: self.name().into(),
            reason: self.reason().to_owned(),
            uncertain: self.uncertain().map(Into::into),
            roots: roots.into_iter().collect(),
            files,
            aside: self.workspace().set_aside_in(self.name()).to_vec(),
            objects,
            namespaces: known.cloned().collect(),
            assumptions: self.assumptions(),
        }
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let (db, mesh) = (self.db(), self.input());
        let facts = index::facts(db, mesh);
        let Some(spec) = self.workspace().mesh_spec(self.name()) else {
            return Vec::new();
        };
        let default = crate::MeshSpec::default();
        let mut all = Vec::new();
        let mut add = |key: &str, value: String, stated: bool| {
            let origin = match stated || spec.stated.contains(&key) {
                true => Origin::Settings,
                false => Origin::Default,
            };
            let key = key.into();
            all.push(Assumption { key, value, origin });
        };
        let or = |text: &str, none: &str| match text.is_empty() {
            true => none.to_owned(),
            false => text.to_owned(),
        };
        add("istio", or(&spec.istio, "1.30"), !spec.istio.is_empty());
        let by_settings = spec.domain != default.domain;
        add("domain", facts.domain.to_string(), by_settings);
        if let Some(domain) = &spec.istio_config_domain {
            let value = or(domain, "none");
            add("istio_config_domain", value, true);
        }
        let namespace = spec.default_namespace.as_deref().unwrap_or_default();
        add(
            "default_namespace",
            or(namespace, "unknown"),
            spec.default_namespace.is_some(),
        );
        let revision = or(&spec.revision, "every one");
        add("revision", revision, !spec.revision.is_empty());
        for (name, value) in &spec.env {
            add(&format!("env.{name}"), value.to_string(), true);
        }
        for release in &spec.helm_releases {
            let value = format!("{}/{}", release.namespace, release.release);
            add("helm_releases", value, true);
        }
        if !spec.assumed.is_empty() {
            add("assume", format!("{} objects", spec.assumed.len()), true);
        }
        // Nobody but an IstioOperator changes the domain behind the settings.
        if facts.domain != spec.domain {
            let operators = index::all_objects(db, mesh, Kind::IstioOperator);
            if let Some(operator) = operators.first()
                && let Some(domain) = all.iter_mut().find(|a| a.key == "domain")
            {
                domain.origin = self.object(&operator.key);
            }
        }
        let fields = fields(&facts.config).into_iter();
        all.extend(fields.map(|(field, value)| Assumption {
            key: Str::new(format!("mesh_config.{field}")),
            value,
            origin: self.origin_of(field),
        }));
        all
    }

    /// Who says a field of MeshConfig: the last of those that do.
    fn origin_of(&self, field: &str) -> Origin {
        let layers = index::mesh_config_layers(self.db(), self.input());
        let mut said = layers.iter().rev().filter(|(_, config)| config.has(field));
        match said.next() {
            None => Origin::Default,
            Some((ConfigSource::Settings, _)) => Origin::Settings,
            Some((ConfigSource::Object(key), _)) => self.object(key),
            Some((ConfigSource::Release(words, file), _)) => {
                Origin::Release(words.clone(), file.clone())
            }
        }
    }

    fn object(&self, key: &ResourceKey) -> Origin {
        let (db, mesh) = (self.db(), self.input());
        let definition = index::definitions(db, mesh, key).pop();
        let file = definition.map(|d| d.file.path(db).clone());
        Origin::Object(key.clone(), file)
    }
}

/// The fields of MeshConfig that decide what proxies get.
fn fields(config: &MeshConfig) -> Vec<(&'static str, String)> {
    let list = |names: &[Str]| names.join(", ");
    let outbound = match config.outbound_traffic_policy.mode {
        OutboundMode::RegistryOnly => "REGISTRY_ONLY",
        OutboundMode::AllowAny => "ALLOW_ANY",
        OutboundMode::AllowAnyDynamicDns => "ALLOW_ANY_DYNAMIC_DNS",
    };
    let selectors = match config.discovery_selectors.len() {
        0 => "every namespace".to_owned(),
        n => format!("{n} selectors"),
    };
    vec![
        ("rootNamespace", config.root_namespace.to_string()),
        ("outboundTrafficPolicy", outbound.to_owned()),
        ("discoverySelectors", selectors),
        (
            "defaultServiceExportTo",
            list(&config.default_service_export_to),
        ),
        (
            "defaultVirtualServiceExportTo",
            list(&config.default_virtual_service_export_to),
        ),
        (
            "defaultDestinationRuleExportTo",
            list(&config.default_destination_rule_export_to),
        ),
        ("enableAutoMtls", config.enable_auto_mtls.to_string()),
        ("trustDomain", config.trust_domain.to_string()),
    ]
}
