//! The compact table of schema nodes: every distinct node once, children by number.
//!
//! Owns the keys of the committed JSON, which `meshscope_manifest::validate::schema` reads. Must not
//! know kinds.

use meshscope_manifest::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// The table while it grows.
#[derive(Default)]
pub struct Table {
    /// The nodes.
    pub nodes: Vec<Json>,
    /// The CEL rules: text and message.
    pub rules: Vec<(String, String)>,
    known: HashMap<String, usize>,
    known_rules: HashMap<(String, String), usize>,
    /// Keywords that no reader of the table knows.
    pub unknown: Vec<String>,
}

impl Table {
    /// Adds a schema with all below it; its number.
    pub fn add(&mut self, schema: &Value) -> usize {
        let mut node = Map::new();
        for (key, value) in schema.as_map().into_iter().flatten() {
            self.keyword(&mut node, key, value);
        }
        let text = Json::Object(node.clone()).to_string();
        if let Some(&id) = self.known.get(&text) {
            return id;
        }
        self.nodes.push(Json::Object(node));
        self.known.insert(text, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn keyword(&mut self, node: &mut Map<String, Json>, key: &str, value: &Value) {
        let (short, json) = match key {
            "type" => ("t", json!(value.as_str().and_then(|t| t.get(..1)))),
            "properties" => {
                let mut properties = Map::new();
                for (name, schema) in value.as_map().into_iter().flatten() {
                    properties.insert(name.to_string(), json!(self.add(schema)));
                }
                ("p", Json::Object(properties))
            }
            "additionalProperties" => ("m", json!(self.add(value))),
            "items" => ("i", json!(self.add(value))),
            "not" => ("not", json!(self.add(value))),
            "oneOf" => ("one", self.all(value)),
            "anyOf" => ("any", self.all(value)),
            "allOf" => ("all", self.all(value)),
            "required" => ("r", plain(value)),
            "enum" => ("e", plain(value)),
            "pattern" => ("re", plain(value)),
            "minimum" => ("min", plain(value)),
            "maximum" => ("max", plain(value)),
            "minLength" => ("ln", plain(value)),
            "maxLength" => ("lx", plain(value)),
            "minItems" => ("in", plain(value)),
            "maxItems" => ("ix", plain(value)),
            "minProperties" => ("pn", plain(value)),
            "maxProperties" => ("px", plain(value)),
            "format" => ("f", plain(value)),
            "default" => ("df", plain(value)),
            "nullable" => ("nl", plain(value)),
            "x-kubernetes-preserve-unknown-fields" => ("u", plain(value)),
            "x-kubernetes-int-or-string" => ("is", plain(value)),
            "x-kubernetes-list-map-keys" => ("k", plain(value)),
            // Atomic lists and maps matter to merging only; the keys above say "map".
            "x-kubernetes-list-type" if value.as_str() == Some("set") => ("set", json!(true)),
            "x-kubernetes-list-type" | "x-kubernetes-map-type" => return,
            "x-kubernetes-validations" => ("c", self.cel(value)),
            "description" => match first_sentence(value.as_str().unwrap_or_default()) {
                Some(text) => ("d", json!(text)),
                None => return,
            },
            other => {
                self.unknown.push(other.to_string());
                return;
            }
        };
        node.insert(short.into(), json);
    }

    fn all(&mut self, schemas: &Value) -> Json {
        let ids: Vec<usize> = schemas.as_list().iter().map(|s| self.add(s)).collect();
        json!(ids)
    }

    fn cel(&mut self, rules: &Value) -> Json {
        let ids: Vec<usize> = rules
            .as_list()
            .iter()
            // Transition rules compare with the stored object; there is none.
            .filter(|rule| !rule.str_or_empty("rule").contains("oldSelf"))
            .map(|rule| {
                let rule = (
                    rule.str_or_empty("rule").to_string(),
                    rule.str_or_empty("message").to_string(),
                );
                let next = self.rules.len();
                let id = *self.known_rules.entry(rule.clone()).or_insert(next);
                if id == next {
                    self.rules.push(rule);
                }
                id
            })
            .collect();
        json!(ids)
    }
}

/// A value as JSON.
fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(i) => json!(i),
        Value::Float(f) => json!(f),
        Value::String(s) => json!(s.as_str()),
        Value::Seq(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Map(map) => {
            Json::Object(map.iter().map(|(k, v)| (k.to_string(), plain(v))).collect())
        }
    }
}

/// The first sentence of a description, for hovers: short enough to keep the binary small.
fn first_sentence(text: &str) -> Option<String> {
    let line = text.trim().split("\n\n").next()?.replace('\n', " ");
    let line = line.split("See more details at").next()?.trim();
    let end = line
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(|&at| !line[..at].ends_with("e.g") && !line[..at].ends_with("i.e"));
    let sentence = end
        .map_or(line, |at| &line[..at])
        .trim()
        .trim_end_matches('.');
    let short: String = sentence.chars().take(160).collect();
    (!short.is_empty()).then_some(short)
}
