//! `editors/settings.json`: the settings of the language server as VS Code lists them (the value of
//! `contributes.configuration.properties`), from the types that read them. Other editors document the
//! same keys.
//!
//! Must not know the keys.

use crate::settings_schema::committed;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Writes the settings, or says whether they are up to date.
pub fn run(check: bool) -> Result<String, String> {
    committed(&path(), &text()?, "editor-settings", check)
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/settings.json")
}

fn text() -> Result<String, String> {
    let schema = meshscope_lsp::settings::schema().to_value();
    let mut properties = Map::new();
    flatten(meshscope_lsp::settings::SECTION, &schema, &mut properties)?;
    let text = serde_json::to_string_pretty(&properties).map_err(|e| e.to_string())?;
    Ok(text + "\n")
}

/// Every leaf below a schema, by its dotted name.
fn flatten(name: &str, schema: &Value, found: &mut Map<String, Value>) -> Result<(), String> {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (key, schema) in properties {
            flatten(&format!("{name}.{key}"), schema, found)?;
        }
        return Ok(());
    }
    found.insert(
        name.to_owned(),
        leaf(schema).ok_or_else(|| format!("{name}: {schema}"))?,
    );
    Ok(())
}

fn leaf(schema: &Value) -> Option<Value> {
    // A description beside a reference is wrapped.
    let inner = match schema.get("allOf").and_then(Value::as_array) {
        Some(all) => all.first()?,
        None => schema,
    };
    let words = |schema: &Value| Some(schema.get("description")?.as_str()?.replace('\n', " "));
    let mut leaf = Map::new();
    if let Some(values) = inner.get("oneOf").and_then(Value::as_array) {
        let names: Option<Vec<&Value>> = values.iter().map(|value| value.get("const")).collect();
        let meanings: Option<Vec<String>> = values.iter().map(words).collect();
        leaf.insert("type".into(), json!("string"));
        leaf.insert("enum".into(), json!(names?));
        leaf.insert("markdownEnumDescriptions".into(), json!(meanings?));
    } else {
        leaf.insert("type".into(), inner.get("type")?.clone());
        for key in ["minimum", "maximum"] {
            if let Some(bound) = inner.get(key) {
                leaf.insert(key.into(), bound.clone());
            }
        }
    }
    leaf.insert("default".into(), schema.get("default")?.clone());
    leaf.insert("markdownDescription".into(), json!(words(schema)?));
    leaf.insert("scope".into(), json!("window"));
    Some(Value::Object(leaf))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_settings_are_those_of_the_types() {
        super::run(true).unwrap();
    }
}
