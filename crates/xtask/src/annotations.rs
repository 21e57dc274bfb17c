//! The registry of Istio's annotations: name, whether deprecated, and what reads it.
//!
//! Owns reading Istio's generated Go source, which is the only form that says all three.

use std::path::Path;

/// One annotation, as the committed JSON has it.
pub fn read(module: &Path) -> Result<Vec<serde_json::Value>, String> {
    let file = module.join("annotation/annotations.gen.go");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file:?}: {e}"))?;
    let mut found = Vec::new();
    for block in text.split("= Instance {").skip(1) {
        let field = |name: &str| {
            let (_, after) = block.split_once(&format!("{name}:"))?;
            after
                .lines()
                .next()
                .map(|line| line.trim().trim_end_matches(',').trim_matches('"'))
        };
        let resources = block
            .split_once("[]ResourceTypes{")
            .and_then(|(_, r)| r.split_once('}'));
        let (Some(name), Some(deprecated), Some((resources, _))) =
            (field("Name"), field("Deprecated"), resources)
        else {
            return Err(format!(
                "{file:?}: an annotation reads like no other: {block}"
            ));
        };
        let resources: Vec<&str> = resources
            .split(',')
            .map(str::trim)
            .filter(|r| !r.is_empty())
            .collect();
        found.push(serde_json::json!([name, deprecated == "true", resources]));
    }
    Ok(found)
}
