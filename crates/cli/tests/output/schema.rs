//! What commands print is what `crates/cli/output.schema.json` says, and nothing else.

use crate::repository::{ROUTES, Repository};
use serde_json::{Value, json};

/// The published schema, closed: what it does not name must not be there.
fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/output.schema.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let definitions = schema["$defs"].as_object_mut().unwrap();
    // An answer is wrapped, with the version of its shape beside it: only the whole can be closed.
    let wrapped = |d: &Value| Some(d["allOf"][0]["$ref"].as_str()?.to_owned());
    let answers: Vec<String> = definitions.values().filter_map(wrapped).collect();
    for (name, definition) in definitions {
        if !answers.contains(&format!("#/$defs/{name}")) {
            definition["unevaluatedProperties"] = json!(false);
        }
    }
    schema
}

/// The first fault of a value that a command printed.
fn fault(schema: &Value, command: &str, value: &Value) -> Option<String> {
    let name = command.replace(' ', "%20");
    let mut whole = schema.clone();
    let root = whole.as_object_mut().unwrap();
    root.remove("anyOf");
    root.insert("$ref".into(), json!(format!("#/$defs/{name}")));
    let validator = jsonschema::validator_for(&whole).unwrap();
    let error = validator.iter_errors(value).next()?;
    Some(format!("{command}: {} at {}", error, error.instance_path()))
}

#[test]
fn every_command_prints_what_the_schema_says() {
    let repo = Repository::shop();
    repo.write("other.yaml", ROUTES.replace("name: cart", "name: other"));
    repo.write("rule.yaml", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: shop}\nspec: {host: cart, trafficPolicy: {tls: {mode: simple}}}\n");
    repo.git(&["init", "-q", "-b", "main"]);
    repo.commit();
    repo.edit("routes.yaml", "crat", "cart");
    repo.edit(
        "shop.yaml",
        "spec:\n  hosts: [bank",
        "spec:\n  exportTo: ['~']\n  hosts: [bank",
    );
    repo.write("calls.txt", "https://bank.example.com\n");
    repo.write(
        "case.yaml",
        "title: t\ninput: [shop.yaml]\nvisibility:\n- {workload: shop/cart, services: []}\n",
    );
    repo.run(&["check", "--baseline", "known.json", "--write-baseline"]);
    let call = "http://cart.shop/pay";
    let asked: [(&str, &[&str]); 17] = [
        ("check", &["check"]),
        ("check", &["check", "--baseline", "known.json"]),
        ("trace", &["trace", "--from", "shop/cart", call]),
        (
            "trace --calls",
            &["trace", "--from", "shop/cart", "--calls", "calls.txt"],
        ),
        ("visibility WHO", &["visibility", "shop/cart"]),
        (
            "visibility WHO --why",
            &["visibility", "shop/cart", "--why", "ServiceEntry shop/bank"],
        ),
        (
            "visibility --of",
            &["visibility", "--of", "VirtualService shop/cart"],
        ),
        (
            "blast-radius",
            &["blast-radius", "VirtualService shop/cart"],
        ),
        ("diff", &["diff", "main"]),
        ("gateways", &["gateways"]),
        ("egress", &["egress"]),
        ("graph", &["graph"]),
        ("test", &["test"]),
        ("meshes", &["meshes"]),
        ("rules", &["rules"]),
        ("gateways", &["--root", BOOKSHOP, "gateways"]),
        ("egress", &["--root", BOOKSHOP, "egress"]),
    ];
    let schema = schema();
    let mut faults = Vec::new();
    for (command, args) in asked {
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        let output = repo.run(&all);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!("{args:?}: {e} {}", String::from_utf8_lossy(&output.stderr))
        });
        faults.extend(fault(&schema, command, &value));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The example mesh, which has gateways, routes and ways out.
const BOOKSHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/bookshop");

#[test]
fn what_the_schema_does_not_say_is_a_fault() {
    let repo = Repository::shop();
    let schema = schema();
    let mut value = repo.json(1, &["check"]);
    assert_eq!(fault(&schema, "check", &value), None);
    let mut more = value.clone();
    more["more"] = json!(1);
    assert!(fault(&schema, "check", &more).is_some());
    let mut within = value.clone();
    within["findings"][0]["more"] = json!(1);
    assert!(fault(&schema, "check", &within).is_some());
    value["findings"][0]
        .as_object_mut()
        .unwrap()
        .remove("severity");
    assert!(fault(&schema, "check", &value).is_some());
}
