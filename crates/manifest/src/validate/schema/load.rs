//! Reads the generated table. Owns the meaning of its short keys, which `crates/xtask/src/table.rs`
//! writes. A part that does not read is left out: a test sees it, no user does.

use super::{Node, Schema, Type, core_kinds};
use crate::kind::Kind;
use crate::validate::cel;
use crate::validate::pattern::Pattern;
use crate::value::{Map, Str, Value};
use rustc_hash::FxHashMap;
use serde_json::Value as Json;

const TABLE: &str = include_str!("../schema.json");

pub(super) fn load() -> Schema {
    let json: Json = serde_json::from_str(TABLE).unwrap_or_default();
    let list = |key: &str| json.get(key).and_then(Json::as_array).into_iter().flatten();
    let mut nodes: Vec<Node> = list("nodes").map(node).collect();
    let mut kinds: FxHashMap<Kind, Vec<(Str, u32)>> = FxHashMap::default();
    for entry in list("kinds") {
        let group = text(entry, "g");
        let Some(kind) = Kind::from_api(&format!("{group}/v1"), text(entry, "k")) else {
            continue;
        };
        let versions = entry
            .get("v")
            .and_then(Json::as_object)
            .into_iter()
            .flatten();
        let mut versions: Vec<(Str, u32)> = versions
            .map(|(name, id)| (name.into(), number(id)))
            .collect();
        versions.sort_by_key(|(name, _)| (name.contains("alpha"), name.contains("beta")));
        kinds.insert(kind, versions);
    }
    let rules = list("rules")
        .filter_map(|rule| {
            let expr = cel::parse(rule.get(0)?.as_str()?).ok()?;
            Some((expr, rule.get(1)?.as_str()?.into()))
        })
        .collect();
    let metadata = core_kinds::add(&mut nodes, &mut kinds);
    // Children come before their parents in the table.
    for id in 0..nodes.len() {
        let below = |id: &u32| nodes.get(*id as usize).is_some_and(|n| n.has_defaults);
        let node = &nodes[id];
        let any = node.properties.iter().any(|(_, id)| below(id))
            || node.items.as_ref().is_some_and(below)
            || node.additional.as_ref().is_some_and(below);
        nodes[id].has_defaults |= any;
    }
    Schema {
        nodes,
        rules,
        kinds,
        metadata,
    }
}

/// A node that says nothing.
pub(super) fn blank(type_: Type) -> Node {
    Node {
        type_,
        description: Str::default(),
        values: Vec::new(),
        required: Vec::new(),
        default: None,
        properties: Vec::new(),
        additional: None,
        items: None,
        open: false,
        nullable: false,
        pattern: None,
        format: Str::default(),
        minimum: None,
        maximum: None,
        length: (None, None),
        size: (None, None),
        keys: Vec::new(),
        is_set: false,
        rules: Vec::new(),
        one_of: Vec::new(),
        any_of: Vec::new(),
        all_of: Vec::new(),
        not: None,
        has_defaults: false,
    }
}

fn node(json: &Json) -> Node {
    let flag = |key: &str| json.get(key).and_then(Json::as_bool).unwrap_or(false);
    let bound = |key: &str| {
        let number = json.get(key).and_then(Json::as_u64);
        number.and_then(|n| usize::try_from(n).ok())
    };
    let type_ = match text(json, "t") {
        _ if flag("is") => Type::IntOrString,
        "o" => Type::Object,
        "a" => Type::Array,
        "s" => Type::String,
        "i" => Type::Integer,
        "n" => Type::Number,
        "b" => Type::Boolean,
        _ => Type::Any,
    };
    let properties = json
        .get("p")
        .and_then(Json::as_object)
        .into_iter()
        .flatten();
    let mut properties: Vec<(Str, u32)> = properties
        .map(|(name, id)| (name.into(), number(id)))
        .collect();
    properties.sort();
    let default = json.get("df").map(value);
    Node {
        description: text(json, "d").into(),
        values: items(json, "e").map(value).collect(),
        required: strings(json, "r"),
        has_defaults: default.is_some(),
        default,
        properties,
        additional: json.get("m").map(number),
        items: json.get("i").map(number),
        open: flag("u"),
        nullable: flag("nl"),
        pattern: json.get("re").and_then(Json::as_str).map(Pattern::new),
        format: text(json, "f").into(),
        minimum: json.get("min").and_then(Json::as_f64),
        maximum: json.get("max").and_then(Json::as_f64),
        length: (bound("ln"), bound("lx")),
        size: (bound("in").or(bound("pn")), bound("ix").or(bound("px"))),
        keys: strings(json, "k"),
        is_set: flag("set"),
        rules: items(json, "c").map(number).collect(),
        one_of: items(json, "one").map(number).collect(),
        any_of: items(json, "any").map(number).collect(),
        all_of: items(json, "all").map(number).collect(),
        not: json.get("not").map(number),
        ..blank(type_)
    }
}

fn items<'j>(json: &'j Json, key: &str) -> impl Iterator<Item = &'j Json> {
    json.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn strings(json: &Json, key: &str) -> Vec<Str> {
    items(json, key)
        .filter_map(Json::as_str)
        .map(Str::new)
        .collect()
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn number(json: &Json) -> u32 {
    json.as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or_default()
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::Int(i),
            None => Value::Float(n.as_f64().unwrap_or_default()),
        },
        Json::String(s) => Value::String(s.into()),
        Json::Array(items) => Value::Seq(items.iter().map(value).collect()),
        Json::Object(map) => Value::Map(
            map.iter()
                .map(|(k, v)| (k.into(), value(v)))
                .collect::<Map>(),
        ),
    }
}
