//! `meshscope.yaml` read: from its text to [`Settings`].
//!
//! A fault costs the key it is in; only a text that is no YAML at all is refused. It must not know
//! where texts come from.

use super::keys::{MeshKeys, ReleaseKeys, SettingsFile, SuppressKeys};
use super::problem::SettingsProblem;
use super::read::{Either, Problems, Read, Spanned};
use super::{HelmRelease, MeshSpec, Settings, SettingsSuppression, assume, date};
use crate::finding::Severity;
use meshscope_manifest::edit::object;
use meshscope_manifest::repository::installs::{is_gateway_chart, istio_operator};
use meshscope_manifest::validate::nearest;
use meshscope_manifest::{Str, Value, read};
use meshscope_rules::registry;
use meshscope_yaml::{ErrorKind, LineIndex, Span};
use std::fmt;
use std::sync::Arc;

/// The names a settings file can have, at the root; the first that is there counts.
pub const FILE_NAMES: [&str; 2] = ["meshscope.yaml", ".meshscope.yaml"];

/// A settings file that is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenSettings {
    /// The file.
    pub file: Str,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// Where.
    pub span: Span,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for BrokenSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BrokenSettings {
            file,
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

impl std::error::Error for BrokenSettings {}

/// What the settings may look at besides their own text.
pub(crate) struct Surroundings<'a> {
    /// The text of another file, by its path relative to the root.
    pub text_of: &'a dyn Fn(&str) -> Option<Arc<str>>,
    /// Today, as `YYYY-MM-DD`; now when absent.
    pub today: Option<&'a str>,
}

impl Settings {
    /// Reads the text of a settings file.
    pub(crate) fn read(
        file: &str,
        text: &str,
        around: &Surroundings<'_>,
    ) -> Result<Settings, BrokenSettings> {
        let mut settings = Settings {
            file: Some(file.into()),
            ..Settings::default()
        };
        let stream = meshscope_yaml::parse(text);
        let mut documents = stream.documents.iter();
        let Some(document) = documents.next() else {
            return Ok(settings);
        };
        let fatal = |e: &&meshscope_yaml::SyntaxError| e.kind.is_fatal();
        if let Some(error) = document.errors().iter().find(fatal) {
            return Err(broken(file, text, error.span, &error.message));
        }
        let problems = &mut settings.problems;
        for error in document.errors() {
            let message = match &error.kind {
                ErrorKind::DuplicateKey { key } => {
                    format!("{key} is written twice; the last one counts")
                }
                _ => error.message.clone(),
            };
            problems.push(SettingsProblem::new(error.span, message));
        }
        for other in documents.filter_map(|d| d.root()) {
            let message = "only the first document of this file is read";
            problems.push(SettingsProblem::new(other.span(), message));
        }
        let root = document.root().filter(|root| !root.is_null());
        let Some(keys) = root.and_then(|root| SettingsFile::read(root, problems)) else {
            return Ok(settings);
        };
        if let Some(version) = keys.version.as_ref().filter(|v| v.value != 1) {
            let message = format!("there is no version {} of these settings", version.value);
            problems.push(SettingsProblem::new(version.span, message).help("write version: 1"));
        }
        for (name, level) in keys.rules.iter().flat_map(|rules| &rules.0) {
            known_rule(name, problems);
            settings.levels.push((name.value.clone(), *level));
        }
        let helm = keys.helm.as_ref().and_then(|helm| helm.render);
        settings.render_charts = helm == Some(true);
        let now = date::today();
        let today = around.today.unwrap_or(&now);
        for keys in keys.suppress.iter().flatten() {
            let suppression = suppression(keys, today, &mut settings.problems);
            settings.suppressions.extend(suppression);
        }
        settings.read_meshes(keys, around);
        settings.problems.sort_by_key(|p| p.span);
        Ok(settings)
    }

    fn read_meshes(&mut self, keys: SettingsFile, around: &Surroundings<'_>) {
        let shared = keys.mesh;
        let Some(meshes) = keys.meshes else {
            let spec = self.mesh(shared, around);
            self.meshes.push(spec);
            return;
        };
        for Spanned { value, span } in meshes {
            let name = value.name.clone();
            let message = match &name {
                None => Some("a mesh needs a name".to_owned()),
                Some(name) if self.meshes.iter().any(|m| m.name == *name) => {
                    Some(format!("there are two meshes called {name}"))
                }
                Some(_) => None,
            };
            if let Some(message) = message {
                self.problems.push(SettingsProblem::new(span, message));
            }
            let mut spec = self.mesh(value.over(&shared), around);
            let number = self.meshes.len() + 1;
            if name.is_none() || self.meshes.iter().any(|m| m.name == spec.name) {
                spec.name = format!("mesh-{number}").into();
            }
            self.meshes.push(spec);
        }
    }

    fn mesh(&mut self, keys: MeshKeys, around: &Surroundings<'_>) -> MeshSpec {
        let stated = keys.written();
        let defaults = MeshSpec::default();
        let domain = keys.domain.unwrap_or(defaults.domain);
        let root = keys.root_namespace.as_deref().unwrap_or("istio-system");
        let mut mesh_config = Vec::new();
        if let Some(path) = &keys.mesh_config_file {
            let config = self.file(path, path.span, around).map(mesh_config_in);
            mesh_config.extend(config);
        }
        mesh_config.extend(keys.mesh_config.map(|free| free.0));
        if let Some(root) = &keys.root_namespace {
            let root = Value::String(root.clone());
            mesh_config.push(object([("rootNamespace", root)]));
        }
        let istio = keys.istio.map(|istio| {
            let text = istio.value.0;
            if !is_version(&text) {
                let message = format!("{text} is no version of Istio");
                let problem = SettingsProblem::new(istio.span, message);
                self.problems.push(problem.help("write it as \"1.30\""));
            }
            text
        });
        let releases = keys.helm_releases.iter().flatten();
        let helm_releases = releases
            .filter_map(|release| self.release(release, around))
            .collect();
        let assumed = keys.assume.map_or_else(Vec::new, |assume| {
            assume::objects(&assume, &domain, root, &mut self.problems)
        });
        let env = keys.env.map(|env| env.0).unwrap_or_default();
        MeshSpec {
            name: keys.name.unwrap_or(defaults.name),
            include: keys.include.unwrap_or_default(),
            exclude: keys.exclude.unwrap_or_default(),
            istio: istio.unwrap_or_default(),
            default_namespace: keys.default_namespace,
            mesh_config,
            use_found_mesh_config: keys.found_mesh_config.unwrap_or(true),
            env: env.into_iter().map(|(k, v)| (k.value, v.0)).collect(),
            domain,
            istio_config_domain: keys.istio_config_domain,
            revision: keys.revision.unwrap_or_default(),
            helm_releases,
            assumed,
            stated,
        }
    }

    fn release(
        &mut self,
        keys: &Spanned<ReleaseKeys>,
        around: &Surroundings<'_>,
    ) -> Option<HelmRelease> {
        let (Some(release), Some(namespace)) = (&keys.release, &keys.namespace) else {
            let message = "a release needs release and namespace";
            self.problems.push(SettingsProblem::new(keys.span, message));
            return None;
        };
        if let Some(chart) = keys.chart.as_ref().filter(|c| !is_gateway_chart(c, None)) {
            let message = format!(
                "{} is not Istio's gateway chart: the release is left out",
                chart.value
            );
            let mut problem = SettingsProblem::new(chart.span, message);
            problem.severity = Severity::Warning;
            let help = "only releases of istio/gateway are known; name other objects under assume";
            self.problems.push(problem.help(help));
            return None;
        }
        let values = match keys.values.as_ref().map(|v| (&v.value, v.span)) {
            None => Value::default(),
            Some((Either::Long(inline), _)) => inline.0.clone(),
            Some((Either::Short(path), span)) => self.file(path, span, around).unwrap_or_default(),
        };
        Some(HelmRelease {
            release: release.clone(),
            namespace: namespace.clone(),
            values,
        })
    }

    /// The first document of another file.
    fn file(&mut self, path: &str, span: Span, around: &Surroundings<'_>) -> Option<Value> {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.reads.push(path.into());
        let Some(text) = (around.text_of)(path) else {
            let message = format!("there is no file {path}");
            let problem = SettingsProblem::new(span, message);
            self.problems
                .push(problem.help("paths are relative to the root"));
            return None;
        };
        let stream = meshscope_yaml::parse(&text);
        let document = stream.documents.first()?;
        if let Some(error) = document.errors().iter().find(|e| e.kind.is_fatal()) {
            let broken = broken(path, &text, error.span, &error.message);
            self.problems
                .push(SettingsProblem::new(span, broken.to_string()));
            return None;
        }
        read::document(document)
    }
}

fn broken(file: &str, text: &str, span: Span, message: &str) -> BrokenSettings {
    let at = LineIndex::new(text).line_column(span.start);
    BrokenSettings {
        file: file.into(),
        line: at.line,
        column: at.column,
        span,
        message: message.to_owned(),
    }
}

fn known_rule(name: &Spanned<Str>, problems: &mut Problems) {
    if registry::find(name).is_none() && name.value != super::RULE {
        let near = nearest(name, registry::every().map(|rule| rule.name));
        let problem = SettingsProblem::new(name.span, format!("there is no rule {}", name.value));
        problems.push(match near {
            Some(_) => problem.meant(near),
            None => problem.help("`meshscope rules` lists them"),
        });
    }
}

fn suppression(
    keys: &Spanned<SuppressKeys>,
    today: &str,
    problems: &mut Problems,
) -> Option<SettingsSuppression> {
    let Some(rule) = &keys.rule else {
        let message = "a suppression needs a rule";
        problems.push(SettingsProblem::new(keys.span, message));
        return None;
    };
    known_rule(rule, problems);
    if let Some(Spanned { value: day, span }) = &keys.expires {
        if !date::is_day(&day.0) {
            let message = format!("{} is no day: the suppression is left out", day.0);
            let problem = SettingsProblem::new(*span, message);
            problems.push(problem.help("write the last day it holds as YYYY-MM-DD"));
            return None;
        }
        if day.0.as_str() < today {
            let message = format!(
                "this suppression of {} expired on {}: it no longer holds",
                rule.value, day.0
            );
            let mut problem = SettingsProblem::new(*span, message);
            problem.rule = "unused-suppression";
            problem.severity = Severity::Hint;
            problems
                .push(problem.help("repair what it stood for and remove it, or set another day"));
            return None;
        }
    }
    Some(SettingsSuppression {
        rule: rule.value.clone(),
        path: keys.path.clone(),
        resource: keys.resource.clone(),
        reason: keys.reason.clone(),
        expires: keys.expires.as_ref().map(|day| day.value.0.clone()),
        span: keys.span,
    })
}

/// The MeshConfig in a document: bare, inside a ConfigMap, or what an IstioOperator leads to.
fn mesh_config_in(document: Value) -> Value {
    match document.str("kind").as_deref() {
        Some("ConfigMap") => {
            let text = document.get("data").str_or_empty("mesh");
            let stream = meshscope_yaml::parse(&text);
            let first = stream.documents.first();
            first.and_then(read::document).unwrap_or_default()
        }
        Some("IstioOperator") => istio_operator(&document).1,
        _ => document,
    }
}

/// Whether a text is a version: `1.30`, `1.30.2`, `1.30-dev`.
fn is_version(text: &str) -> bool {
    let mut parts = text.split(['.', '-']);
    let number = |part: Option<&str>| part.is_some_and(|p| p.parse::<u32>().is_ok());
    number(parts.next()) && number(parts.next())
}
