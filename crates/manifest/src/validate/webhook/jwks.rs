//! Inline JSON Web Key Sets, as far as lestrrat-go/jwx refuses them (validation-rules.md §7).
//!
//! Must not know where the text is from. Only what is surely wrong is refused: no cryptography here.

use serde_json::Value as Json;

/// What a key set holds.
#[derive(Debug)]
pub(super) struct Keys {
    /// The positions of keys that are no public ones.
    pub(super) private: Vec<usize>,
}

/// Reads a key or a set of keys.
pub(super) fn parse(text: &str) -> Result<Keys, String> {
    let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let keys = match json.get("keys") {
        Some(Json::Array(keys)) => keys.iter().collect(),
        Some(_) => return Err("keys is no list".into()),
        None if json.get("kty").is_some() => vec![&json],
        None => return Err("there are neither keys nor a kty".into()),
    };
    let mut private = Vec::new();
    for (i, key) in keys.into_iter().enumerate() {
        let kind = key.get("kty").and_then(Json::as_str).unwrap_or_default();
        let required: &[&str] = match kind {
            "RSA" => &["n", "e"],
            "EC" => &["crv", "x", "y"],
            "OKP" => &["crv", "x"],
            "oct" => &["k"],
            "" => return Err(format!("key {i} has no kty")),
            other => return Err(format!("key {i} is of the unknown kind {other}")),
        };
        if let Some(field) = required.iter().find(|field| key.get(**field).is_none()) {
            return Err(format!("key {i} has no {field}"));
        }
        if kind == "oct" || key.get("d").is_some() {
            private.push(i);
        }
    }
    Ok(Keys { private })
}
