//! `crates/cli/output.schema.json`: the JSON Schema of what commands print, from the types that are printed.
//!
//! Must not know what is in them.

use crate::settings_schema::committed;
use std::path::{Path, PathBuf};

/// Writes the schema, or says whether it is up to date.
pub fn run(check: bool) -> Result<String, String> {
    let schema = meshscope_cli::output_schema();
    let text = serde_json::to_string_pretty(&schema).map_err(|e| e.to_string())? + "\n";
    committed(&path(), &text, "output-schema", check)
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/output.schema.json")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        super::run(true).unwrap();
    }
}
