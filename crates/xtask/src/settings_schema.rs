//! `editors/meshscope.schema.json`: the JSON Schema of `meshscope.yaml`, from the types that read it.
//!
//! Must not know the keys.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes the schema, or says whether it is up to date.
pub fn run(check: bool) -> Result<String, String> {
    committed(&path(), &text()?, "settings-schema", check)
}

/// Writes a generated file, or says whether it is up to date; `task` makes it.
pub fn committed(path: &Path, text: &str, task: &str, check: bool) -> Result<String, String> {
    let shown = path.display();
    if check {
        let committed = fs::read_to_string(path).map_err(|e| format!("{shown}: {e}"))?;
        return if committed == text {
            Ok(format!("{shown} is up to date"))
        } else {
            Err(format!(
                "{shown} is out of date: cargo run -p meshscope-xtask -- {task}"
            ))
        };
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::write(path, text).map_err(|e| format!("{shown}: {e}"))?;
    Ok(format!("wrote {shown}"))
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/meshscope.schema.json")
}

fn text() -> Result<String, String> {
    let schema = meshscope::settings::schema();
    let text = serde_json::to_string_pretty(&schema).map_err(|e| e.to_string())?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        super::run(true).unwrap();
    }
}
