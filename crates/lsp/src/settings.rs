//! The settings a client may give: section `meshscope`, the only place that knows their names.
//!
//! What belongs to a repository (rules, suppressions, meshes) is in its `meshscope.yaml`, so that CI
//! and editors agree; here is only what a person wants to see. `cargo run -p meshscope-xtask --
//! editor-settings` writes their schema to `editors/settings.json`.

use crate::client::Traits;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of the section.
pub const SECTION: &str = "meshscope";

/// What a client wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// Findings.
    pub diagnostics: Diagnostics,
    /// Numbers above objects.
    pub code_lens: CodeLens,
    /// Texts beside hosts.
    pub inlay_hints: InlayHints,
    /// Help of hover and completion that needs only the schemas of the kinds: fields and their values.
    /// `auto`: only when no other YAML server runs.
    pub schema_help: Switch,
    /// The objects of a file as an outline. `auto`: only when no other YAML server runs.
    pub document_symbols: Switch,
    /// Whether another YAML server, such as yaml-language-server, runs in this editor. Extensions set
    /// this by themselves.
    pub other_yaml_server: bool,
}

/// Findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct Diagnostics {
    /// Whether findings are shown.
    pub enable: bool,
    /// The files whose findings are shown. An edit often breaks something in another file.
    pub scope: Scope,
    /// Findings about the shape of objects, which yaml-language-server reports too when it has the
    /// schemas: unknown fields, wrong types and values. `auto`: only when no other YAML server runs.
    pub schema_findings: Switch,
    /// How long to wait after an edit before the whole mesh is looked at, in milliseconds. Findings
    /// that need only the file itself do not wait.
    #[cfg_attr(feature = "schema", schemars(range(max = 10_000)))]
    pub delay: u64,
    /// How findings reach the editor. `pull` needs an editor that asks for the findings of the whole
    /// workspace. Takes effect when the server starts.
    pub delivery: Delivery,
}

impl Default for Diagnostics {
    fn default() -> Diagnostics {
        Diagnostics {
            enable: true,
            scope: Scope::default(),
            schema_findings: Switch::default(),
            delay: 200,
            delivery: Delivery::default(),
        }
    }
}

/// Numbers above objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct CodeLens {
    /// Whether a line above each object says whom a change of it reaches.
    pub enable: bool,
}

impl Default for CodeLens {
    fn default() -> CodeLens {
        CodeLens { enable: true }
    }
}

/// Texts beside hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase")]
pub struct InlayHints {
    /// Whether short hosts are shown with what they are completed to.
    pub enable: bool,
}

impl Default for InlayHints {
    fn default() -> InlayHints {
        InlayHints { enable: true }
    }
}

/// Which files something is shown for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// All files of the workspace.
    #[default]
    Workspace,
    /// Files that are open.
    OpenFiles,
}

/// On, off, or as fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Switch {
    /// On unless another YAML server runs.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How findings reach a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Delivery {
    /// The server sends them when they change.
    #[default]
    Push,
    /// The editor asks for them.
    Pull,
}

impl Settings {
    /// Reads what a client says: the section itself, or an object that holds it. What it does not say
    /// is as by default.
    ///
    /// # Errors
    /// When a value is none of those it can have; in words.
    pub fn read(value: &Value) -> Result<Settings, String> {
        let section = value.get(SECTION).unwrap_or(value);
        if section.is_null() {
            return Ok(Settings::default());
        }
        serde_json::from_value(stated(section)).map_err(|error| error.to_string())
    }

    /// Whether a client asks for findings instead of being told.
    pub fn pulls(&self, traits: &Traits) -> bool {
        traits.pulls && self.diagnostics.delivery == Delivery::Pull
    }

    /// Whether something that another YAML server does too is wanted.
    pub fn wants(&self, switch: Switch) -> bool {
        match switch {
            Switch::On => true,
            Switch::Off => false,
            Switch::Auto => !self.other_yaml_server,
        }
    }
}

/// The value without nulls: some clients write them for what nobody set.
fn stated(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let stated_only = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(stated_only.map(|(k, v)| (k.clone(), stated(v))).collect())
        }
        other => other.clone(),
    }
}

/// The JSON Schema of the section.
#[cfg(feature = "schema")]
pub fn schema() -> schemars::Schema {
    let settings =
        schemars::generate::SchemaSettings::draft07().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Settings>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_is_as_by_default() {
        let settings =
            Settings::read(&json!({"diagnostics": {"scope": "openFiles", "delay": null}}));
        let settings = settings.unwrap();
        assert_eq!(settings.diagnostics.scope, Scope::OpenFiles);
        assert_eq!(settings.diagnostics.delay, 200);
        assert_eq!(Settings::read(&Value::Null), Ok(Settings::default()));
    }

    #[test]
    fn the_section_may_be_wrapped_in_its_name() {
        let wrapped = json!({"meshscope": {"codeLens": {"enable": false}}});
        assert!(!Settings::read(&wrapped).unwrap().code_lens.enable);
    }

    #[test]
    fn a_wrong_value_is_said() {
        let wrong = Settings::read(&json!({"diagnostics": {"scope": "all"}}));
        assert!(wrong.unwrap_err().contains("unknown variant `all`"));
    }

    #[test]
    fn auto_gives_way_to_another_yaml_server() {
        let mut settings = Settings::default();
        assert!(settings.wants(Switch::Auto));
        settings.other_yaml_server = true;
        assert!(!settings.wants(Switch::Auto));
        assert!(settings.wants(Switch::On));
    }
}
