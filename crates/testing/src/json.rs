//! Values of a case file as JSON, for reports.

use meshscope::manifest::Value;

/// The same value as JSON.
pub fn json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::Float(f) => serde_json::Number::from_f64(*f).map_or(Json::Null, Json::Number),
        Value::String(s) => Json::String(s.to_string()),
        Value::Seq(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(map) => {
            let entries = map.iter().map(|(k, v)| (k.to_string(), json(v)));
            Json::Object(entries.collect())
        }
    }
}
