//! The JSON Schema of what commands print with `--format json`, from the types that are printed.
//!
//! Must not know what is in them.

use crate::{blast_radius, check, diff, egress, gateways, meshes, rules, trace};
use meshscope::{Explanation, Overview, RouteGraph, VisibleTo};
use meshscope_testing::Report;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// The JSON Schema of all commands: that of each is under `$defs`, by its name.
pub fn output_schema() -> Schema {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let g = &mut generator;
    let outputs = [
        of::<check::CheckOutput<'_>>(g, "check"),
        of::<trace::TraceView>(g, "trace"),
        of::<trace::Several>(g, "trace --calls"),
        of::<Overview>(g, "visibility WHO"),
        of::<Explanation>(g, "visibility WHO --why"),
        of::<VisibleTo>(g, "visibility --of"),
        of::<blast_radius::RadiusView>(g, "blast-radius"),
        of::<diff::DiffView>(g, "diff"),
        of::<gateways::GatewaysView>(g, "gateways"),
        of::<egress::EgressView>(g, "egress"),
        of::<RouteGraph>(g, "graph"),
        of::<Report>(g, "test"),
        of::<meshes::MeshList<'_>>(g, "meshes"),
        of::<rules::RuleList>(g, "rules"),
    ];
    let mut definitions = generator.take_definitions(true);
    let any: Vec<Value> = outputs
        .iter()
        .map(|(name, _)| json!({"$ref": format!("#/$defs/{}", name.replace(' ', "%20"))}))
        .collect();
    definitions.extend(outputs.map(|(name, schema)| (name.to_owned(), schema)));
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What meshscope prints with --format json",
        "description": "What a command prints is under $defs, by the command. Properties may be added; none \
                        is taken away or changed as long as schemaVersion stays.",
        "anyOf": any,
        "$defs": definitions,
    })
}

/// What a command prints: its answer, and the version of its shape.
fn of<T: JsonSchema>(
    generator: &mut SchemaGenerator,
    command: &'static str,
) -> (&'static str, Value) {
    let answer = generator.subschema_for::<T>();
    let schema = json!({
        "description": format!("`meshscope {command}`"),
        "allOf": [answer],
        "properties": {"schemaVersion": {"const": 1}},
        "required": ["schemaVersion"],
    });
    (command, schema)
}
